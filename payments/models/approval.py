"""Decisions by people: who approved, rejected or sent back what, having seen exactly which content."""

import pgtrigger
from django.db import models

from payments.models.base import PublicModel


class Approval(PublicModel):
    """One decision by one person on one object. Append-only; a person decides an object's content once."""

    PREFIX = "apr"
    append_only = True

    class Decision(models.TextChoices):
        APPROVE = "approve"
        REJECT = "reject"
        SEND_BACK = "send_back", "send back"

    object_ref = models.CharField(max_length=60)
    decision = models.CharField(max_length=10, choices=Decision.choices)
    person = models.CharField(max_length=80)
    actor = models.CharField(max_length=80)
    maker = models.CharField(max_length=80, help_text="the person who made the object")
    content_hash = models.CharField(max_length=64)
    reason_code = models.CharField(max_length=40, blank=True)
    note = models.TextField(blank=True)
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["object_ref", "person", "content_hash"], name="payments_approval_once"),
            models.CheckConstraint(condition=~models.Q(person=models.F("maker")), name="payments_approval_not_maker"),
            models.CheckConstraint(condition=~models.Q(person=""), name="payments_approval_person"),
            models.CheckConstraint(
                condition=models.Q(decision__in=["approve", "reject", "send_back"]),
                name="payments_approval_decision",
            ),
        ]
        triggers = [pgtrigger.Protect(name="approval_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
        indexes = [models.Index(fields=["object_ref", "id"], name="payments_approval_object")]
