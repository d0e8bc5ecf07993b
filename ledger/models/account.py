"""Accounts and the reference rows they lean on. What an account *is* never changes; only its status does."""

from django.db import models

from ledger import ids
from ledger.chart import CATEGORIES, KINDS
from ledger.models.fields import AmountField


class CurrencyRow(models.Model):
    """`ledger.money.CURRENCIES` as the database's guards see it."""

    code = models.CharField(primary_key=True, max_length=8)
    exponent = models.SmallIntegerField()
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=8)

    class Meta:
        db_table = "ledger_currency"
        verbose_name = "currency"
        verbose_name_plural = "currencies"

    def __str__(self) -> str:
        return self.code


class ReasonRow(models.Model):
    """`ledger.reasons.REASONS` as the database's guards see it."""

    code = models.CharField(primary_key=True, max_length=48)
    title = models.CharField(max_length=80)
    reversal = models.CharField(max_length=48)
    passes_freeze = models.BooleanField()

    class Meta:
        db_table = "ledger_reason"
        verbose_name = "reason code"

    def __str__(self) -> str:
        return self.code


class KindRow(models.Model):
    """`ledger.chart.KINDS` as the database's guards see it: an account of this kind is exactly this."""

    name = models.CharField(primary_key=True, max_length=20)
    pattern = models.CharField(max_length=200, help_text="regular expression that account codes match in full")
    category = models.CharField(max_length=10)
    sign = models.SmallIntegerField()
    running = models.BooleanField()
    floor = AmountField(null=True)

    class Meta:
        db_table = "ledger_kind"
        verbose_name = "kind of account"
        verbose_name_plural = "kinds of account"

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """One account in one currency. `owner` is an opaque reference ("" for the house)."""

    class Status(models.TextChoices):
        OPEN = "open"
        FROZEN = "frozen"
        CLOSED = "closed"

    code = models.CharField(max_length=120)
    currency = models.ForeignKey(CurrencyRow, models.PROTECT, db_column="currency", db_index=False)
    kind = models.CharField(max_length=20)
    category = models.CharField(max_length=10)
    owner = models.CharField(max_length=40, blank=True)
    sign = models.SmallIntegerField(help_text="+1 when a credit increases the balance, -1 when a debit does")
    running = models.BooleanField(help_text="keeps a locked balance and a sequence")
    exponent = models.SmallIntegerField()
    floor = AmountField(null=True)
    status = models.CharField(max_length=6, choices=Status.choices, default=Status.OPEN)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "ledger_account"
        ordering = ["code", "currency_id"]
        constraints = [
            models.UniqueConstraint(fields=["code", "currency"], name="ledger_account_code"),
            models.CheckConstraint(condition=models.Q(category__in=CATEGORIES), name="ledger_account_category"),
            models.CheckConstraint(condition=models.Q(kind__in=sorted(KINDS)), name="ledger_account_kind"),
            models.CheckConstraint(
                condition=models.Q(status__in=["open", "frozen", "closed"]), name="ledger_account_status"
            ),
            models.CheckConstraint(condition=models.Q(sign__in=[1, -1]), name="ledger_account_sign"),
            models.CheckConstraint(
                condition=models.Q(floor__isnull=True) | models.Q(running=True), name="ledger_account_floor"
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "kind"], name="ledger_account_owner", condition=~models.Q(owner="")),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.currency_id}"

    @property
    def public_id(self) -> str:
        return ids.encode("acc", self.pk)
