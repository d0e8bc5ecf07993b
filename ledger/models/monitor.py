"""Balance monitors: a level that an account or a part of the book should not fall below or rise above."""

from decimal import Decimal

from django.db import models

from ledger import ids
from ledger.models.account import Account
from ledger.models.fields import AmountField
from ledger.scopes import Scope


class BalanceMonitor(models.Model):
    """It watches one account, or the sum of a part of the book in one currency. `clear_at` is where it calms down
    again: between the two it says nothing, so it does not flap.

    `horizon` is the number of the database transaction below which everything has been looked at; `value` was the
    figure there. Both are written by `ledger.monitoring` alone."""

    class Measure(models.TextChoices):
        POSTED = "posted"
        AVAILABLE = "available"

    class Way(models.TextChoices):
        BELOW = "below"
        ABOVE = "above"

    class State(models.TextChoices):
        CALM = "calm"
        TRIGGERED = "triggered"
        RETIRED = "retired"

    name = models.CharField(max_length=120)
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="monitors")
    category = models.CharField(max_length=10, blank=True)
    kind = models.CharField(max_length=20, blank=True)
    prefix = models.CharField(max_length=120, blank=True)
    currency = models.CharField(max_length=8)
    measure = models.CharField(max_length=9, choices=Measure.choices, default=Measure.POSTED)
    way = models.CharField(max_length=5, choices=Way.choices)
    threshold = AmountField()
    clear_at = AmountField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.CALM)
    value = AmountField()
    horizon = models.BigIntegerField()
    evaluated_at = models.DateTimeField()
    changed_state_at = models.DateTimeField(null=True, help_text="when it was triggered or cleared last")
    times_triggered = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    made_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "ledger_balance_monitor"
        ordering = ["-id"]
        verbose_name = "balance monitor"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["calm", "triggered", "retired"]), name="ledger_balance_monitor_state"
            ),
            models.CheckConstraint(
                condition=models.Q(measure__in=["posted", "available"]), name="ledger_balance_monitor_measure"
            ),
            models.CheckConstraint(
                condition=models.Q(way="below", clear_at__gte=models.F("threshold"))
                | models.Q(way="above", clear_at__lte=models.F("threshold")),
                name="ledger_balance_monitor_hysteresis",
            ),
            models.CheckConstraint(
                condition=models.Q(account__isnull=True) & ~models.Q(category="", kind="", prefix="")
                | models.Q(account__isnull=False, category="", kind="", prefix=""),
                name="ledger_balance_monitor_scope",
            ),
        ]
        indexes = [
            models.Index(fields=["horizon"], name="ledger_balance_monitor_due", condition=~models.Q(state="retired")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return ids.encode("mon", self.pk)

    @property
    def scope(self) -> Scope:
        """What it watches, in the words of a roll-up; an account is a scope of its own code."""
        if self.account is not None:
            return Scope(kind=self.account.kind, prefix=self.account.code, currency=self.currency)
        return Scope(category=self.category, kind=self.kind, prefix=self.prefix, currency=self.currency)

    def is_beyond(self, value: Decimal) -> bool:
        """The value is where the monitor warns."""
        return value < self.threshold if self.way == self.Way.BELOW else value > self.threshold

    def is_clear(self, value: Decimal) -> bool:
        """The value is where a triggered monitor calms down."""
        return value >= self.clear_at if self.way == self.Way.BELOW else value <= self.clear_at
