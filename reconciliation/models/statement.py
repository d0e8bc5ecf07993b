"""Bank statements: one account, one currency, an opening and a closing figure that the lines must explain."""

from django.db import models

from ledger.models.account import Account
from ledger.models.fields import AmountField
from payments.models.base import PublicModel
from reconciliation.models.source_file import SourceFile


class Statement(PublicModel):
    PREFIX = "st"

    class State(models.TextChoices):
        RECEIVED = "received"
        PARSED = "parsed"
        MATCHED = "matched"
        SIGNED_OFF = "signed_off", "signed off"

    source_file = models.ForeignKey(SourceFile, models.PROTECT, related_name="statements")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", help_text="our bank account in the ledger")
    format = models.CharField(max_length=20)
    statement_id = models.CharField(max_length=120)
    iban = models.CharField(max_length=34, blank=True)
    currency = models.CharField(max_length=8)
    from_date = models.DateField(null=True)
    to_date = models.DateField(null=True)
    opening = AmountField(null=True)
    closing = AmountField(null=True)
    ties = models.BooleanField(help_text="opening plus lines is the closing")
    warnings = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PARSED)
    imported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "statement_id"], name="reconciliation_statement_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["received", "parsed", "matched", "signed_off"]),
                name="reconciliation_statement_state",
            ),
        ]
