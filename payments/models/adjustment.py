"""Adjustments: corrections by hand, with a reason, evidence and a second person."""

import hashlib
import json
import uuid
from datetime import UTC

import pgtrigger
from django.db import models
from django_fsm import FSMField

from ledger.models.account import Account
from ledger.models.transaction import Transaction
from payments.models.base import Movement, positive_amount
from payments.models.client import Client
from payments.states import ADJUSTMENT


class Adjustment(Movement):
    """Moves `amount` from the debited to the credited account when a second person approves."""

    PREFIX = "adj"

    client = models.ForeignKey(Client, models.PROTECT, null=True, blank=True, related_name="adjustments")
    reason_code = models.CharField(max_length=48, default="MANUAL_ADJUSTMENT")
    debit_account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    credit_account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    state = FSMField(default=ADJUSTMENT.initial, protected=True, max_length=24)
    reason = models.TextField(help_text="why, in words")
    evidence = models.TextField(help_text="where the proof is: ticket, file, reference")
    effective_at = models.DateTimeField(null=True, help_text="when it takes effect; null: when it is approved")
    lands = models.BooleanField(default=False, help_text="where that day is closed, at the first open moment instead")
    transaction = models.OneToOneField(Transaction, models.PROTECT, null=True, related_name="adjustment")
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            ADJUSTMENT.check(),
            positive_amount("adjustment"),
            models.CheckConstraint(
                condition=~models.Q(debit_account=models.F("credit_account")), name="payments_adjustment_accounts"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="applied") | models.Q(transaction__isnull=False),
                name="payments_adjustment_applied",
            ),
            models.CheckConstraint(
                condition=models.Q(lands=False) | models.Q(effective_at__isnull=False),
                name="payments_adjustment_lands",
            ),
        ]
        triggers = [
            ADJUSTMENT.trigger(),
            pgtrigger.ReadOnly(name="adjustment_when", fields=["effective_at", "lands"]),
        ]

    @property
    def land(self) -> str | None:
        """Where it goes when its day is closed, in the words of the API."""
        return "next_open" if self.lands else None

    @property
    def content_hash(self) -> str:
        content = [
            self.public_id, self.money.text, self.currency, self.debit_account_id, self.credit_account_id,
            self.reason_code, self.reason, self.evidence, self.state, self.version,
            self.effective_at.astimezone(UTC).isoformat() if self.effective_at else None, self.lands,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]

    @property
    def object_id(self) -> uuid.UUID:
        return uuid.UUID(str(self.pk))

    @ADJUSTMENT.transition("submit")
    def submit(self) -> None: ...

    @ADJUSTMENT.transition("approve")
    def approve(self) -> None: ...

    @ADJUSTMENT.transition("reject")
    def reject(self) -> None: ...

    @ADJUSTMENT.transition("expire")
    def expire(self) -> None: ...
