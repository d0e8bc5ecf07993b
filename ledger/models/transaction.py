"""Transactions (headers) and what is still pending. A header is written once, together with its entries."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from ledger import ids
from ledger.models.account import ReasonRow
from ledger.models.fields import AmountField


class Transaction(models.Model):
    """A balanced set of entries with one reason. Never updated; its state is derived from later transactions."""

    class Phase(models.TextChoices):
        SINGLE = "single", "posted at once"
        PENDING = "pending", "reserves, to be posted, voided or to expire"
        POST = "post", "posts a pending transaction"
        VOID = "void", "voids a pending transaction"
        EXPIRE = "expire", "ends a pending transaction whose time or status has come"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    phase = models.CharField(max_length=8, choices=Phase.choices)
    # No foreign keys, and no CHECK constraints below: what a header says of itself is asked by the stamp, and what it
    # points to, which can never go, by the guard that wants it whole. Keys would lock rows that every posting needs.
    reason = models.ForeignKey(ReasonRow, models.PROTECT, db_column="reason", db_index=False, db_constraint=False)
    pending = models.ForeignKey(
        "self", models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="resolutions"
    )
    reverses = models.ForeignKey(
        "self", models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="reversals"
    )
    moves_hold = models.ForeignKey(
        "ledger.Hold", models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="movements"
    )
    idempotency_key = models.CharField(max_length=255, null=True)
    source_system = models.CharField(max_length=40, null=True)
    source_kind = models.CharField(max_length=40, null=True)
    source_id = models.CharField(max_length=120, null=True)
    fingerprint = models.BinaryField(max_length=16)
    description = models.TextField(default="")
    metadata = models.JSONField(null=True)
    legs = models.SmallIntegerField()
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    xid = models.BigIntegerField(help_text="the database transaction that wrote header and entries")

    class Meta:
        db_table = "ledger_transaction"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["idempotency_key"],
                condition=models.Q(idempotency_key__isnull=False),
                name="ledger_transaction_idempotency_key",
            ),
            models.UniqueConstraint(
                fields=["source_system", "source_kind", "source_id"],
                condition=models.Q(source_system__isnull=False),
                name="ledger_transaction_source",
            ),
        ]
        indexes = [
            models.Index(
                fields=["pending"], name="ledger_transaction_pending", condition=models.Q(pending__isnull=False)
            ),
            models.Index(
                fields=["reverses"], name="ledger_transaction_reverses", condition=models.Q(reverses__isnull=False)
            ),
            models.Index(
                fields=["moves_hold"], name="ledger_transaction_hold", condition=models.Q(moves_hold__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return ids.encode("txn", uuid.UUID(str(self.pk)))


class Pending(models.Model):
    """How much of a pending transaction is still to be posted or voided. Locked while it is resolved.

    It ends by itself at `expires_at`, which may only be moved forward, or when one of the outside statuses named in
    `expires_on` is reported."""

    class State(models.TextChoices):
        PENDING = "pending"
        POSTED = "posted"
        VOIDED = "voided"
        EXPIRED = "expired"

    transaction = models.OneToOneField(Transaction, models.PROTECT, primary_key=True, related_name="reservation")
    amount = AmountField(help_text="sum of the credits")
    remaining = AmountField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    expires_at = models.DateTimeField(null=True)
    expires_on = ArrayField(models.CharField(max_length=60), default=list, help_text="outside statuses that end it")

    class Meta:
        db_table = "ledger_pending"
        verbose_name_plural = "pending"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(remaining__gte=0, remaining__lte=models.F("amount")),
                name="ledger_pending_remaining",
            ),
            models.CheckConstraint(
                condition=models.Q(state="pending", remaining__gt=0)
                | models.Q(state__in=["posted", "voided", "expired"], remaining=0),
                name="ledger_pending_state",
            ),
            models.CheckConstraint(condition=models.Q(expires_on__len__lte=10), name="ledger_pending_statuses"),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="ledger_pending_open", condition=models.Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.transaction_id} {self.remaining}"
