"""Withdrawals: money a client takes out, from the request to the line on the bank statement."""

import hashlib
import json

from django.db import models
from django_fsm import FSMField

from ledger.models.fields import AmountField
from ledger.money import Money
from payments.models.base import Movement, PublicModel, positive_amount
from payments.models.client import Client
from payments.models.payment_method import PaymentMethod
from payments.states import WITHDRAWAL


class Withdrawal(Movement):
    """`amount` is what leaves the wallet, `fee` is kept from it, `net` is what is sent. While it is open the whole
    amount sits in a hold. `policy` stores the decision, its facts and the rule versions."""

    PREFIX = "wd"
    OPEN = ("requested", "needs_information", "in_review", "approved", "instructed", "sent", "failed", "unknown")

    client = models.ForeignKey(Client, models.PROTECT, related_name="withdrawals")
    payment_method = models.ForeignKey(PaymentMethod, models.PROTECT, related_name="withdrawals")
    connector = models.CharField(max_length=20)
    fee = AmountField(default=0)
    state = FSMField(default=WITHDRAWAL.initial, protected=True, max_length=20)
    hold_id = models.UUIDField(null=True)
    approvals_needed = models.PositiveSmallIntegerField(default=1)
    policy = models.JSONField(default=dict)
    reason_code = models.CharField(max_length=40, blank=True, help_text="why rejected, sent back or failed")
    client_message = models.TextField(blank=True, help_text="words the client sees")
    provider_reference = models.CharField(max_length=120, blank=True)
    expected_by = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True, help_text="matched to a statement line")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            WITHDRAWAL.check(),
            positive_amount("withdrawal"),
            models.CheckConstraint(
                condition=models.Q(fee__gte=0, fee__lt=models.F("amount")), name="payments_withdrawal_fee"
            ),
        ]
        triggers = [WITHDRAWAL.trigger()]
        indexes = [
            models.Index(fields=["client", "-id"], name="payments_withdrawal_client"),
            models.Index(fields=["state", "-id"], name="payments_withdrawal_by_state"),
        ]

    @property
    def fee_money(self) -> Money:
        return Money.of(self.fee, self.currency)

    @property
    def net(self) -> Money:
        return self.money - self.fee_money

    @property
    def content_hash(self) -> str:
        """What an approver approves: amount, fee, payee and state version. Any change gives another hash."""
        method = self.payment_method
        content = [
            self.public_id, self.client_id.hex, self.money.text, self.currency, self.fee_money.text,
            method.public_id, method.iban, method.holder_name, method.state, self.state, self.version,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]

    @WITHDRAWAL.transition("review")
    def review(self) -> None: ...

    @WITHDRAWAL.transition("send_back")
    def send_back(self) -> None: ...

    @WITHDRAWAL.transition("resubmit")
    def resubmit(self) -> None: ...

    @WITHDRAWAL.transition("approve")
    def approve(self) -> None: ...

    @WITHDRAWAL.transition("reject")
    def reject(self) -> None: ...

    @WITHDRAWAL.transition("cancel")
    def cancel(self) -> None: ...

    @WITHDRAWAL.transition("instruct")
    def instruct(self) -> None: ...

    @WITHDRAWAL.transition("send")
    def send(self) -> None: ...

    @WITHDRAWAL.transition("doubt")
    def doubt(self) -> None: ...

    @WITHDRAWAL.transition("pay")
    def pay(self) -> None: ...

    @WITHDRAWAL.transition("fail")
    def fail(self) -> None: ...

    @WITHDRAWAL.transition("retry")
    def retry(self) -> None: ...

    @WITHDRAWAL.transition("abandon")
    def abandon(self) -> None: ...

    @WITHDRAWAL.transition("return")
    def return_(self) -> None: ...


class WithdrawalAttempt(PublicModel):
    """One try to send a withdrawal. Written before the bank is called; a retry is a new row, never an old one again."""

    PREFIX = "wda"

    class State(models.TextChoices):
        PREPARED = "prepared"
        SENT = "sent"
        UNKNOWN = "unknown"
        SETTLED = "settled"
        REJECTED = "rejected"

    withdrawal = models.ForeignKey(Withdrawal, models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    message_id = models.CharField(max_length=35)
    end_to_end_id = models.CharField(max_length=35, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREPARED)
    reason_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["withdrawal", "number"]
        constraints = [
            models.UniqueConstraint(fields=["withdrawal", "number"], name="payments_withdrawalattempt_number"),
            models.UniqueConstraint(
                fields=["withdrawal"],
                condition=models.Q(state__in=["prepared", "sent", "unknown", "settled"]),
                name="payments_withdrawalattempt_one_live",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["prepared", "sent", "unknown", "settled", "rejected"]),
                name="payments_withdrawalattempt_state",
            ),
        ]
