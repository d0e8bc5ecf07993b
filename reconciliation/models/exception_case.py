"""Exceptions: cases that a person must look at, with an owner team, a clock, allowed outcomes and append-only notes."""

import pgtrigger
from django.db import models

from ledger.models.fields import AmountField
from payments.models.base import PublicModel
from payments.models.client import Client


class ExceptionCase(PublicModel):
    """`category` decides team, time allowed and possible outcomes (`reconciliation.categories`)."""

    PREFIX = "exc"

    class State(models.TextChoices):
        NEW = "new"
        IN_REVIEW = "in_review", "in review"
        WAITING = "waiting"
        RESOLVED = "resolved"

    category = models.CharField(max_length=40)
    subject = models.CharField(max_length=160, help_text="what it is about; one open case per category and subject")
    title = models.CharField(max_length=200)
    object_ref = models.CharField(max_length=60, blank=True)
    client = models.ForeignKey(Client, models.PROTECT, null=True, blank=True, related_name="exceptions")
    amount = AmountField(null=True)
    currency = models.CharField(max_length=8, blank=True)
    facts = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    team = models.CharField(max_length=20)
    assignee = models.CharField(max_length=80, blank=True)
    due_at = models.DateTimeField()
    outcome = models.CharField(max_length=40, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["due_at"]
        verbose_name = "exception"
        constraints = [
            models.UniqueConstraint(
                fields=["category", "subject"],
                condition=~models.Q(state="resolved"),
                name="reconciliation_case_open_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["new", "in_review", "waiting", "resolved"]),
                name="reconciliation_case_state",
            ),
            models.CheckConstraint(
                condition=(
                    models.Q(state="resolved", resolved_at__isnull=False)
                    & ~models.Q(outcome="")
                    & ~models.Q(resolved_by="")
                )
                | (~models.Q(state="resolved") & models.Q(resolved_at__isnull=True, outcome="", resolved_by="")),
                name="reconciliation_case_resolved",
            ),
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="reconciliation_case_queue")]


class CaseNote(PublicModel):
    """A note on a case: written once, never edited, never deleted."""

    PREFIX = "nt"
    append_only = True

    case = models.ForeignKey(ExceptionCase, models.PROTECT, related_name="notes")
    author = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, default="note", help_text="note, taken, resolved, reopened")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        triggers = [pgtrigger.Protect(name="casenote_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
