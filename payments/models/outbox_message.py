"""The outbox: work that must happen outside the transaction that decided it. Claimed with SKIP LOCKED, never lost."""

from django.db import models


class OutboxMessage(models.Model):
    """`lease_until` and `attempts` make a claim expire and a late worker harmless: a message is finished only by the
    attempt that still holds it."""

    class State(models.TextChoices):
        READY = "ready"
        DONE = "done"
        PARKED = "parked", "parked after too many attempts"

    topic = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    payload = models.JSONField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.READY)
    available_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["topic", "key"], name="payments_outbox_key"),
            models.CheckConstraint(
                condition=models.Q(state__in=["ready", "done", "parked"]), name="payments_outbox_state"
            ),
        ]
        indexes = [
            models.Index(
                fields=["available_at", "id"], name="payments_outbox_ready", condition=models.Q(state="ready")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.key}"
