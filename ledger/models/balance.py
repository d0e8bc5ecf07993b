"""What accounts hold now: locked rows for running accounts, checkpoints for the others.

Both are projections: `verify_ledger` recomputes them from the entries, `rebuild_balances` writes them anew.
"""

from django.db import models

from ledger.models.account import Account
from ledger.models.fields import AmountField


class Balance(models.Model):
    """The running figures of one account, in its normal direction. The floor is a CHECK on this very row."""

    account = models.OneToOneField(Account, models.PROTECT, primary_key=True, related_name="running_balance")
    balance = AmountField(default=0)
    pending_in = AmountField(default=0)
    pending_out = AmountField(default=0)
    floor = AmountField(null=True)
    seq = models.BigIntegerField(default=0)
    effective_high = models.DateTimeField(null=True, help_text="latest effective time so far")
    recorded_high = models.DateTimeField(null=True, help_text="latest recorded time so far")

    class Meta:
        db_table = "ledger_balance"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(floor__isnull=True)
                | models.Q(balance__gte=models.F("floor") + models.F("pending_out")),
                name="ledger_balance_floor",
            ),
            models.CheckConstraint(
                condition=models.Q(pending_in__gte=0, pending_out__gte=0), name="ledger_balance_pending"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.balance}"


class Checkpoint(models.Model):
    """The sums of one house account over all entries written by database transactions below `horizon`."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="checkpoints", db_index=False)
    horizon = models.BigIntegerField(help_text="every database transaction below this number had ended")
    number = models.BigIntegerField(help_text="of the account's checkpoints, from one on without gaps")
    balance = AmountField()
    pending_in = AmountField()
    pending_out = AmountField()
    entries = models.BigIntegerField()
    taken_at = models.DateTimeField()
    recorded_low = models.DateTimeField(help_text="earliest recorded time of what it adds to the one before")
    recorded_high = models.DateTimeField(help_text="latest recorded time of all it holds")

    class Meta:
        db_table = "ledger_checkpoint"
        constraints = [
            models.UniqueConstraint(fields=["account", "horizon"], name="ledger_checkpoint_horizon"),
            models.UniqueConstraint(fields=["account", "number"], name="ledger_checkpoint_number"),
        ]
        indexes = [
            models.Index(fields=["account", "recorded_high", "horizon"], name="ledger_checkpoint_known"),
            models.Index(fields=["account", "recorded_low", "horizon"], name="ledger_checkpoint_since"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} below {self.horizon}: {self.balance}"


class CheckpointHour(models.Model):
    """What the checkpoint with this horizon adds to the one before it, of one hour (UTC) of effective time."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    horizon = models.BigIntegerField()
    hour = models.DateTimeField()
    balance = AmountField()
    pending_in = AmountField()
    pending_out = AmountField()
    entries = models.BigIntegerField()

    class Meta:
        db_table = "ledger_checkpoint_hour"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "horizon", "hour"],
                include=["balance", "pending_in", "pending_out"],  # sums are read from the index alone
                name="ledger_checkpoint_hour_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} below {self.horizon}, {self.hour}: {self.balance}"


class CheckpointSum(models.Model):
    """What a block of checkpoints, the last with this horizon, adds up to the end of one hour (UTC) of effective time.
    Blocks of level 1 have 32 checkpoints, those of level 2 have 1,024, and so on."""

    # The columns stand in this order in the table: fixed lengths first, the longest of them before the shorter.
    pk = models.CompositePrimaryKey("account_id", "level", "horizon", "hour")
    # No foreign key in the database: its checkpoint has one, and thousands of sums are written with it.
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    horizon = models.BigIntegerField()
    hour = models.DateTimeField()
    level = models.SmallIntegerField()
    balance = AmountField()
    pending_in = AmountField()
    pending_out = AmountField()

    class Meta:
        db_table = "ledger_checkpoint_sum"

    def __str__(self) -> str:
        return f"{self.account_id}, level {self.level} below {self.horizon}, {self.hour}: {self.balance}"


class BackdatedBlock(models.Model):
    """A span of a running account's sequence whose backdated entries are kept as sums. Blocks of one level lie one
    after the other without gaps; those of level 1 are large, those of level 0 small."""

    pk = models.CompositePrimaryKey("account_id", "level", "last_seq")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField(help_text="a backdated entry has this number")
    entries = models.BigIntegerField(help_text="backdated ones")
    effective_high = models.DateTimeField(help_text="latest effective time of all entries up to the last")
    taken_at = models.DateTimeField()
    xid = models.BigIntegerField(help_text="the database transaction that took it")
    level = models.SmallIntegerField()

    class Meta:
        db_table = "ledger_backdated_block"
        indexes = [
            models.Index(fields=["account", "level", "effective_high", "last_seq"], name="ledger_backdated_block_high"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}, level {self.level}: {self.first_seq} to {self.last_seq}"


class BackdatedSum(models.Model):
    """What the backdated entries of one block come to, up to and including one of their effective times."""

    # The columns stand in this order in the table: fixed lengths first, the longest of them before the shorter.
    pk = models.CompositePrimaryKey("account_id", "level", "last_seq", "effective_at")
    # No foreign key in the database: its block has one, and thousands of sums are written with it.
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    last_seq = models.BigIntegerField(help_text="that of its block")
    effective_at = models.DateTimeField()
    level = models.SmallIntegerField()
    balance = AmountField()
    pending_in = AmountField()
    pending_out = AmountField()

    class Meta:
        db_table = "ledger_backdated_sum"

    def __str__(self) -> str:
        return f"{self.account_id}, level {self.level} to {self.last_seq}, {self.effective_at}: {self.balance}"
