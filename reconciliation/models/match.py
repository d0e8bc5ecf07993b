"""Matches: this external record is that movement of ours, by which rule and by whom."""

from django.db import models

from payments.models.base import PublicModel
from reconciliation.models.external_record import ExternalRecord


class Match(PublicModel):
    """`target_ref` is the public id of our movement; `transaction_id` the posting that the match caused, if any.
    Undoing is a new fact on the same row, never a deletion."""

    PREFIX = "mt"

    record = models.ForeignKey(ExternalRecord, models.PROTECT, related_name="matches")
    target_ref = models.CharField(max_length=60)
    rule = models.CharField(max_length=40)
    tier = models.PositiveSmallIntegerField()
    score = models.PositiveSmallIntegerField(help_text="0 to 100")
    actor = models.CharField(max_length=80)
    note = models.TextField(blank=True)
    transaction_id = models.UUIDField(null=True)
    matched_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "matches"
        constraints = [
            models.UniqueConstraint(
                fields=["record", "target_ref"], condition=models.Q(undone_at__isnull=True),
                name="reconciliation_match_once",
            ),
            models.CheckConstraint(
                condition=models.Q(undone_at__isnull=True, undone_by="")
                | (models.Q(undone_at__isnull=False) & ~models.Q(undone_by="")),
                name="reconciliation_match_undone",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["target_ref"], name="reconciliation_match_target")]
