"""The seal: one chain over every event and transaction, daily roots, signed checkpoints and where copies of them went.

Rows are written by the database functions that `ledger.sealing` calls and never changed; only copies, which say no
more than that a file or message has left, are added directly.
"""

import uuid

from django.db import models

from ledger import ids


class Link(models.Model):
    """One sealed row. `hash` covers number, database transaction, previous hash, the row's content and the time."""

    class Kind(models.TextChoices):
        EVENT = "event"
        TRANSACTION = "transaction"

    number = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    event_id = models.BigIntegerField(null=True)
    transaction_id = models.UUIDField(null=True)
    format = models.SmallIntegerField(help_text="version of the canonical content")
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()
    xid = models.BigIntegerField(help_text="the database transaction that sealed it")

    class Meta:
        db_table = "ledger_seal"
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["event_id"], condition=models.Q(event_id__isnull=False), name="ledger_seal_event"
            ),
            models.UniqueConstraint(
                fields=["transaction_id"],
                condition=models.Q(transaction_id__isnull=False),
                name="ledger_seal_transaction",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="event", event_id__isnull=False, transaction_id__isnull=True)
                | models.Q(kind="transaction", event_id__isnull=True, transaction_id__isnull=False),
                name="ledger_seal_kind",
            ),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="ledger_seal_number"),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.object_ref}"

    @property
    def object_ref(self) -> str:
        """The public id of what is sealed."""
        if self.transaction_id is not None:
            return ids.encode("txn", uuid.UUID(str(self.transaction_id)))
        return ids.encode("evt", int(self.event_id or 0))


class DayRoot(models.Model):
    """The Merkle root (RFC 6962) over the links `first` to `last`, all sealed on one UTC day."""

    first = models.BigIntegerField(primary_key=True)
    last = models.BigIntegerField(unique=True)
    day = models.DateField()
    root = models.BinaryField(max_length=32)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_seal_root"
        ordering = ["-first"]
        constraints = [
            models.CheckConstraint(condition=models.Q(last__gte=models.F("first")), name="ledger_seal_root_range"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: #{self.first} to #{self.last}"


class SignedCheckpoint(models.Model):
    """A signed word about the chain's head. `body` is what was signed; `ledger.seal_notes` reads and writes it."""

    serial = models.BigIntegerField(primary_key=True)
    number = models.BigIntegerField(help_text="the last link it speaks for")
    body = models.TextField()
    key = models.CharField(max_length=16, help_text="name of the public key")
    signature = models.BinaryField(max_length=64)
    daily = models.BooleanField(help_text="the first one since the last daily root")
    made_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_seal_checkpoint"
        ordering = ["-serial"]

    def __str__(self) -> str:
        return f"checkpoint {self.serial} at #{self.number}"


class CheckpointCopy(models.Model):
    """A checkpoint that has left for a place outside the database."""

    checkpoint = models.ForeignKey(SignedCheckpoint, models.PROTECT, related_name="copies")
    place = models.CharField(max_length=200)
    copied_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_seal_copy"
        verbose_name_plural = "checkpoint copies"
        constraints = [
            models.UniqueConstraint(fields=["checkpoint", "place"], name="ledger_seal_copy_once"),
        ]

    def __str__(self) -> str:
        return f"{self.checkpoint_id} at {self.place}"
