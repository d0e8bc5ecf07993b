"""The legal entity that the books belong to, its business days and months, and what was frozen when one was closed.

Rows are written by the database functions that `ledger.periods` calls. What is closed never changes again.
"""

from django.db import models

from ledger import ids
from ledger.models.account import Account
from ledger.models.fields import AmountField


class LegalEntity(models.Model):
    """Whose books these are. One installation (one schema) keeps the books of one entity, so every account is its."""

    id = models.SmallIntegerField(primary_key=True)
    name = models.CharField(max_length=120)
    zone = models.CharField(max_length=64, help_text="time zone of its business days, like Europe/Berlin")
    closed_before = models.DateTimeField(null=True, help_text="nothing may take effect before this moment any more")

    class Meta:
        db_table = "ledger_entity"
        verbose_name = "legal entity"
        verbose_name_plural = "legal entities"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="ledger_entity_one")]

    def __str__(self) -> str:
        return self.name


class Period(models.Model):
    """A business day or month of an entity: every moment from `starts_at` to before `ends_at`, of effective time."""

    class Kind(models.TextChoices):
        DAY = "day"
        MONTH = "month"

    class State(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    entity = models.ForeignKey(LegalEntity, models.PROTECT, related_name="periods", db_index=False)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    label = models.CharField(max_length=10, help_text="2026-11-20 or 2026-11")
    starts_on = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=80, blank=True)
    entries = models.BigIntegerField(null=True)
    trial_digest = models.CharField(max_length=64, null=True, help_text="SHA-256 of the trial balance at its end")
    digest = models.CharField(max_length=64, null=True, help_text="of the trial balance and of every statement")
    xid = models.BigIntegerField(null=True, help_text="the database transaction that closed it")

    class Meta:
        db_table = "ledger_period"
        ordering = ["-starts_on", "-kind"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "kind", "starts_on"], name="ledger_period_once"),
            models.CheckConstraint(condition=models.Q(kind__in=["day", "month"]), name="ledger_period_kind"),
            models.CheckConstraint(condition=models.Q(ends_at__gte=models.F("starts_at")), name="ledger_period_order"),
            models.CheckConstraint(
                condition=models.Q(
                    state="open",
                    closed_at__isnull=True,
                    closed_by="",
                    entries__isnull=True,
                    trial_digest__isnull=True,
                    digest__isnull=True,
                    xid__isnull=True,
                )
                | models.Q(
                    ~models.Q(closed_by=""),
                    state="closed",
                    closed_at__isnull=False,
                    entries__isnull=False,
                    trial_digest__isnull=False,
                    digest__isnull=False,
                    xid__isnull=False,
                ),
                name="ledger_period_closed",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def public_id(self) -> str:
        return ids.encode("per", self.pk)


class PeriodAccount(models.Model):
    """One account that had entries in a closed period: its figures and the SHA-256 of its statement."""

    period = models.ForeignKey(Period, models.PROTECT, related_name="accounts", db_index=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    opening = AmountField()
    closing = AmountField()
    pending_in = AmountField()
    pending_out = AmountField()
    entries = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        db_table = "ledger_period_account"
        constraints = [
            models.UniqueConstraint(fields=["period", "account"], name="ledger_period_account_once"),
        ]

    def __str__(self) -> str:
        return f"{self.period_id}/{self.account_id}: {self.closing}"
