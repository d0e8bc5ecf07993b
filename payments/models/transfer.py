"""Transfers between a client's wallet and his trading accounts: a wallet leg in our book, a platform leg out there."""

from decimal import Decimal

from django.db import models
from django_fsm import FSMField

from ledger.models.transaction import Transaction
from payments.models.base import Movement, positive_amount
from payments.models.client import Client
from payments.models.trading_account import TradingAccount
from payments.states import TRANSFER


class Transfer(Movement):
    """The money is a *pending* ledger transaction until the platform has confirmed. `token` is what we wrote first into
    the platform's comment, the only name under which the operation can be found again."""

    PREFIX = "tr"

    class Direction(models.TextChoices):
        TO_PLATFORM = "to_platform", "wallet to trading account"
        FROM_PLATFORM = "from_platform", "trading account to wallet"

    client = models.ForeignKey(Client, models.PROTECT, related_name="transfers")
    trading_account = models.ForeignKey(TradingAccount, models.PROTECT, related_name="transfers")
    direction = models.CharField(max_length=14, choices=Direction.choices)
    state = FSMField(default=TRANSFER.initial, protected=True, max_length=12)
    pending_transaction = models.OneToOneField(
        Transaction, models.PROTECT, null=True, related_name="transfer", db_index=True
    )
    token = models.CharField(max_length=24, unique=True)
    platform_ticket = models.CharField(max_length=40, blank=True)
    reason_code = models.CharField(max_length=40, blank=True)
    sent_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True, help_text="when the platform was last asked about an unknown outcome")
    asked_times = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            TRANSFER.check(),
            positive_amount("transfer"),
            models.CheckConstraint(
                condition=models.Q(direction__in=["to_platform", "from_platform"]),
                name="payments_transfer_direction",
            ),
            models.UniqueConstraint(
                fields=["trading_account", "platform_ticket"],
                condition=~models.Q(platform_ticket=""),
                name="payments_transfer_ticket",
            ),
        ]
        triggers = [TRANSFER.trigger()]
        indexes = [
            models.Index(fields=["client", "-id"], name="payments_transfer_client"),
            models.Index(fields=["state", "-id"], name="payments_transfer_by_state"),
        ]

    @property
    def platform_amount(self) -> Decimal:
        """Signed as the platform sees it: positive puts money on the trading account."""
        return self.amount if self.direction == self.Direction.TO_PLATFORM else -self.amount

    @property
    def from_reference(self) -> str:
        return "wallet" if self.direction == self.Direction.TO_PLATFORM else self.trading_account.reference

    @property
    def to_reference(self) -> str:
        return self.trading_account.reference if self.direction == self.Direction.TO_PLATFORM else "wallet"

    @TRANSFER.transition("reserve")
    def reserve(self) -> None: ...

    @TRANSFER.transition("send")
    def send(self) -> None: ...

    @TRANSFER.transition("confirm")
    def confirm(self) -> None: ...

    @TRANSFER.transition("refuse")
    def refuse(self) -> None: ...

    @TRANSFER.transition("doubt")
    def doubt(self) -> None: ...
