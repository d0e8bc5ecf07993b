"""Deposits: money a client brings in. The provider's cumulative facts stand beside the state they lead to."""

from django.db import models
from django_fsm import FSMField

from ledger.models.fields import AmountField
from ledger.money import Money
from payments.models.base import Movement, positive_amount
from payments.models.client import Client
from payments.states import DEPOSIT


class Deposit(Movement):
    """`captured`, `refunded`, `disputed` and `reinstated` are cumulative, in the deposit's currency, and only grow:
    whatever order the provider's messages take, the same facts lead to the same state and the same postings."""

    PREFIX = "dep"

    class Rail(models.TextChoices):
        CARD = "card"
        BANK = "bank", "bank transfer"

    client = models.ForeignKey(Client, models.PROTECT, related_name="deposits")
    rail = models.CharField(max_length=10, choices=Rail.choices)
    connector = models.CharField(max_length=20)
    state = FSMField(default=DEPOSIT.initial, protected=True, max_length=16)
    provider_reference = models.CharField(max_length=120, blank=True)
    charge_reference = models.CharField(max_length=120, blank=True)
    checkout_url = models.URLField(max_length=500, blank=True)
    return_url = models.URLField(max_length=500, blank=True)
    captured = AmountField(default=0)
    refunded = AmountField(default=0)
    disputed = AmountField(default=0)
    reinstated = AmountField(default=0)
    fee = AmountField(null=True, help_text="what the provider charged the firm")
    settled_at = models.DateTimeField(null=True)
    captured_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=60, blank=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            DEPOSIT.check(),
            positive_amount("deposit"),
            models.UniqueConstraint(
                fields=["connector", "provider_reference"],
                condition=~models.Q(provider_reference=""),
                name="payments_deposit_provider",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    captured__gte=0,
                    refunded__gte=0,
                    disputed__gte=0,
                    reinstated__gte=0,
                    refunded__lte=models.F("captured"),
                    reinstated__lte=models.F("disputed"),
                ),
                name="payments_deposit_facts",
            ),
        ]
        triggers = [DEPOSIT.trigger()]
        indexes = [
            models.Index(fields=["client", "-id"], name="payments_deposit_client"),
            models.Index(fields=["state", "-id"], name="payments_deposit_by_state"),
        ]

    @property
    def captured_money(self) -> Money:
        return Money.of(self.captured, self.currency)

    @DEPOSIT.transition("authorise")
    def authorise(self) -> None: ...

    @DEPOSIT.transition("capture")
    def capture(self) -> None: ...

    @DEPOSIT.transition("settle")
    def settle(self) -> None: ...

    @DEPOSIT.transition("fail")
    def fail(self) -> None: ...

    @DEPOSIT.transition("retry")
    def retry(self) -> None: ...

    @DEPOSIT.transition("expire")
    def expire(self) -> None: ...

    @DEPOSIT.transition("cancel")
    def cancel(self) -> None: ...

    @DEPOSIT.transition("refund")
    def refund(self) -> None: ...

    @DEPOSIT.transition("dispute")
    def dispute(self) -> None: ...

    @DEPOSIT.transition("win_dispute")
    def win_dispute(self) -> None: ...

    @DEPOSIT.transition("lose_dispute")
    def lose_dispute(self) -> None: ...


class Refund(Movement):
    """Money sent back to the card it came from, asked for by a person. The provider deduplicates by our reference."""

    PREFIX = "ref"

    class State(models.TextChoices):
        REQUESTED = "requested"
        SENT = "sent"
        DONE = "done"
        REFUSED = "refused"

    deposit = models.ForeignKey(Deposit, models.PROTECT, related_name="refunds")
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    reason = models.TextField()
    hold_id = models.UUIDField(help_text="the client's money is held until the provider confirms")
    provider_reference = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            positive_amount("refund"),
            models.CheckConstraint(
                condition=models.Q(state__in=["requested", "sent", "done", "refused"]), name="payments_refund_state"
            ),
        ]
