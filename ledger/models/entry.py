"""Entries: one debit or credit each, immutable, with the account's running figures at that moment."""

from django.db import models

from ledger.models.account import Account, CurrencyRow
from ledger.models.fields import AmountField
from ledger.models.transaction import Transaction


class Entry(models.Model):
    """`amount` is signed: credits positive, debits negative. Running accounts carry sequence and balances after;
    they are in the account's normal direction. `backdated` marks an entry that took effect before an earlier one."""

    class Layer(models.IntegerChoices):
        POSTED = 0, "posted"
        PENDING = 1, "pending"
        RELEASED = 2, "pending released"

    # The columns stand in this order in the table: fixed lengths first, or alignment would waste a tenth of it.
    # No foreign keys, no CHECK constraints: the guard of every insert asks for the account in this currency, which can
    # never go, for the header, which must be of the same database transaction, and for what a row must be by itself.
    account = models.ForeignKey(Account, models.PROTECT, related_name="entries", db_index=False, db_constraint=False)
    seq = models.BigIntegerField(null=True)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    xid = models.BigIntegerField()
    transaction = models.ForeignKey(
        Transaction, models.PROTECT, related_name="entries", db_index=False, db_constraint=False
    )
    leg = models.SmallIntegerField()
    layer = models.SmallIntegerField(choices=Layer.choices, default=Layer.POSTED)
    backdated = models.BooleanField(default=False)
    currency = models.ForeignKey(CurrencyRow, models.PROTECT, db_column="currency", db_index=False, db_constraint=False)
    amount = AmountField()
    balance_after = AmountField(null=True)
    pending_in_after = AmountField(null=True)
    pending_out_after = AmountField(null=True)

    class Meta:
        db_table = "ledger_entry"
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(fields=["transaction", "leg"], name="ledger_entry_leg"),
            models.UniqueConstraint(
                fields=["account", "seq"], condition=models.Q(seq__isnull=False), name="ledger_entry_seq"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "effective_at", "id"], name="ledger_entry_effective"),
            models.Index(fields=["account", "xid"], name="ledger_entry_house", condition=models.Q(seq__isnull=True)),
            models.Index(fields=["account", "seq"], name="ledger_entry_backdated", condition=models.Q(backdated=True)),
        ]

    def __str__(self) -> str:
        return f"{self.transaction_id}/{self.leg} {self.amount} {self.currency_id}"
