"""Trading accounts on a platform, with what the platform said of them last."""

from django.db import models
from simple_history.models import HistoricalRecords

from ledger.models.fields import AmountField
from payments.models.base import PublicModel
from payments.models.client import Client


class TradingAccount(PublicModel):
    """`login` is unique per platform server only. The platform's figures are facts with a time, not our balances."""

    PREFIX = "ta"

    class State(models.TextChoices):
        ACTIVE = "active"
        CLOSED = "closed"

    client = models.ForeignKey(Client, models.PROTECT, related_name="trading_accounts")
    platform = models.CharField(max_length=20)
    login = models.CharField(max_length=20)
    currency = models.CharField(max_length=8)
    group = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    platform_balance = AmountField(null=True)
    platform_equity = AmountField(null=True)
    platform_as_of = models.DateTimeField(null=True)
    deals_read_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords(
        excluded_fields=["platform_balance", "platform_equity", "platform_as_of", "deals_read_until"]
    )

    class Meta:
        ordering = ["platform", "login"]
        constraints = [
            models.UniqueConstraint(fields=["platform", "login"], name="payments_tradingaccount_login"),
        ]

    def __str__(self) -> str:
        return f"{self.platform.upper()} {self.login}"

    @property
    def reference(self) -> str:
        """How transfers name it: "mt5:1001"."""
        return f"{self.platform}:{self.login}"
