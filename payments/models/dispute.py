"""Disputes: a cardholder's bank took a deposit back. Linked to the deposit, with the postings it caused."""

from django.db import models
from django_fsm import FSMField

from ledger.models.fields import AmountField
from payments.models.base import Movement, positive_amount
from payments.models.deposit import Deposit
from payments.states import DISPUTE


class Dispute(Movement):
    PREFIX = "dsp"

    deposit = models.ForeignKey(Deposit, models.PROTECT, related_name="disputes")
    provider_reference = models.CharField(max_length=120)
    state = FSMField(default=DISPUTE.initial, protected=True, max_length=16)
    fee = AmountField(default=0)
    reason_code = models.CharField(max_length=60, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            DISPUTE.check(),
            positive_amount("dispute"),
            models.UniqueConstraint(fields=["deposit", "provider_reference"], name="payments_dispute_provider"),
        ]
        triggers = [DISPUTE.trigger()]

    @DISPUTE.transition("withdraw_funds")
    def withdraw_funds(self) -> None: ...

    @DISPUTE.transition("win")
    def win(self) -> None: ...

    @DISPUTE.transition("lose")
    def lose(self) -> None: ...
