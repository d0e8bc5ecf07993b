"""Holds: money of one wallet set aside for a reason. The held account is always the sum of its active holds."""

from decimal import Decimal

from django.db import models

from ledger import ids
from ledger.models.account import Account
from ledger.models.fields import AmountField
from ledger.models.transaction import Transaction
from ledger.money import EXACT


class Hold(models.Model):
    """`amount = captured + released + what is still held`; the database keeps that true.

    Parts may be captured and released in any order; the last movement says how it ended. `expires_at` may only be
    moved forward."""

    class Kind(models.TextChoices):
        WITHDRAWAL = "withdrawal"
        KYC_REVIEW = "kyc_review"
        AML_REVIEW = "aml_review"
        SETTLEMENT_WINDOW = "settlement_window"
        CHARGEBACK_WINDOW = "chargeback_window"
        DISPUTE = "dispute"
        MANUAL = "manual"

    class State(models.TextChoices):
        ACTIVE = "active"
        PARTLY_CAPTURED = "partly_captured", "partly captured"
        CAPTURED = "captured"
        RELEASED = "released"
        EXPIRED = "expired"

    OPEN_STATES = (State.ACTIVE, State.PARTLY_CAPTURED)

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    wallet = models.ForeignKey(Account, models.PROTECT, related_name="holds")
    held_account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    reason = models.TextField(help_text="who asked for it and why, in words for staff")
    amount = AmountField()
    captured = AmountField(default=0)
    released = AmountField(default=0)
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    actor = models.CharField(max_length=80)
    placed_by = models.OneToOneField(Transaction, models.PROTECT, related_name="hold")
    placed_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ledger_hold"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, captured__gte=0, released__gte=0)
                & models.Q(captured__lte=models.F("amount") - models.F("released")),
                name="ledger_hold_amounts",
            ),
            models.CheckConstraint(
                condition=(
                    models.Q(state="active", captured=0, ended_at__isnull=True)
                    & models.Q(released__lt=models.F("amount"))
                )
                | (
                    models.Q(state="partly_captured", captured__gt=0, ended_at__isnull=True)
                    & models.Q(captured__lt=models.F("amount") - models.F("released"))
                )
                | (
                    models.Q(state="captured", captured__gt=0, ended_at__isnull=False)
                    & models.Q(captured=models.F("amount") - models.F("released"))
                )
                | (
                    models.Q(state__in=["released", "expired"], released__gt=0, ended_at__isnull=False)
                    & models.Q(captured=models.F("amount") - models.F("released"))
                ),
                name="ledger_hold_state",
            ),
        ]
        indexes = [
            models.Index(
                fields=["held_account"],
                name="ledger_hold_open",
                condition=models.Q(state__in=["active", "partly_captured"]),
            ),
            models.Index(
                fields=["expires_at"],
                name="ledger_hold_due",
                condition=models.Q(state__in=["active", "partly_captured"], expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return ids.encode("hold", self.pk)

    @property
    def remaining(self) -> Decimal:
        return EXACT.subtract(EXACT.subtract(self.amount, self.captured), self.released)
