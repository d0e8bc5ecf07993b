"""Transfers of a client's own money: between wallet and trading account, a leg in our book and a leg on the platform;
and within our book alone, between wallet and pockets."""

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
    the platform's comment, the only name under which the operation can be found again.

    A transfer `within` our book needs no platform: it has no trading account, names its ends by `from_pocket` and
    `to_pocket` ("" is the wallet), and is confirmed in the commit that makes it."""

    PREFIX = "tr"

    class Direction(models.TextChoices):
        TO_PLATFORM = "to_platform", "wallet to trading account"
        FROM_PLATFORM = "from_platform", "trading account to wallet"
        WITHIN = "within", "between wallet and pockets"

    client = models.ForeignKey(Client, models.PROTECT, related_name="transfers")
    trading_account = models.ForeignKey(TradingAccount, models.PROTECT, null=True, related_name="transfers")
    from_pocket = models.CharField(max_length=40, blank=True)
    to_pocket = models.CharField(max_length=40, blank=True)
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
                condition=models.Q(
                    direction__in=["to_platform", "from_platform"],
                    trading_account__isnull=False,
                    from_pocket="",
                    to_pocket="",
                )
                | (
                    models.Q(direction="within", trading_account__isnull=True)
                    & ~models.Q(from_pocket=models.F("to_pocket"))
                ),
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
    def platform_account(self) -> TradingAccount:
        """The trading account of a transfer in which a platform has a part."""
        assert self.trading_account is not None  # noqa: S101 (a constraint: only transfers within our book have none)
        return self.trading_account

    @property
    def from_reference(self) -> str:
        return self._ends[0]

    @property
    def to_reference(self) -> str:
        return self._ends[1]

    @property
    def _ends(self) -> tuple[str, str]:
        if self.trading_account is None:
            return pocket_reference(self.from_pocket), pocket_reference(self.to_pocket)
        ends = ("wallet", self.trading_account.reference)
        return ends if self.direction == self.Direction.TO_PLATFORM else (ends[1], ends[0])

    @TRANSFER.transition("book")
    def book(self) -> None: ...

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


def pocket_reference(name: str) -> str:
    """How transfers name a pocket: "pocket:savings"; the wallet for ""."""
    return f"pocket:{name}" if name else "wallet"
