"""Idempotency keys of the REST interface: the first answer to a key, kept for 30 days."""

from django.db import models


class IdempotencyKey(models.Model):
    """Committed together with what the request did; scoped per caller. The ledger's own references outlive it."""

    deletable = True

    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="payments_idempotency_key")]
        indexes = [models.Index(fields=["created_at"], name="payments_idempotency_age")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
