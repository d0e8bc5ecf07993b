"""External records: what somebody else says happened: one row per statement line, PSP payout or settlement line."""

from django.db import models

from ledger.models.fields import AmountField
from payments.models.base import PublicModel
from reconciliation.models.statement import Statement


class ExternalRecord(PublicModel):
    """`amount` is signed from our side: positive came to us. `identity` is the other side's own reference or a hash of
    content and position, unique within its source, so that the same line never counts twice."""

    PREFIX = "xr"

    class Kind(models.TextChoices):
        BANK_LINE = "bank_line", "bank statement line"
        PSP_PAYOUT = "psp_payout", "PSP payout"
        PSP_LINE = "psp_line", "PSP settlement line"

    class State(models.TextChoices):
        UNMATCHED = "unmatched"
        MATCHED = "matched"
        EXCEPTION = "exception"

    source = models.CharField(max_length=40, help_text='"bank:sepa", "psp:stripe"')
    kind = models.CharField(max_length=12, choices=Kind.choices)
    identity = models.CharField(max_length=160)
    statement = models.ForeignKey(Statement, models.PROTECT, null=True, related_name="records")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="lines")
    position = models.PositiveIntegerField(default=0)
    amount = AmountField()
    fee = AmountField(default=0)
    currency = models.CharField(max_length=8)
    booked_on = models.DateField(null=True)
    value_on = models.DateField(null=True)
    reference = models.CharField(max_length=160, blank=True, help_text="their reference")
    end_to_end_id = models.CharField(max_length=35, blank=True)
    counterparty_name = models.CharField(max_length=200, blank=True)
    counterparty_iban = models.CharField(max_length=34, blank=True)
    remittance = models.TextField(blank=True)
    is_return = models.BooleanField(default=False)
    return_reason = models.CharField(max_length=40, blank=True)
    raw = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.UNMATCHED)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "kind", "identity"], name="reconciliation_record_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["unmatched", "matched", "exception"]),
                name="reconciliation_record_state",
            ),
        ]
        indexes = [
            models.Index(
                fields=["end_to_end_id"], name="reconciliation_record_e2e", condition=~models.Q(end_to_end_id="")
            ),
            models.Index(fields=["reference"], name="reconciliation_record_ref", condition=~models.Q(reference="")),
            models.Index(fields=["state", "-id"], name="reconciliation_record_state"),
        ]
