"""Provider events: every inbound message, raw, stored before anyone judges it."""

from django.db import models

from payments.models.base import PublicModel


class ProviderEvent(PublicModel):
    """`body` and `headers` never change after they are stored; only the handling does. Refused ones are kept too."""

    PREFIX = "pev"

    class State(models.TextChoices):
        STORED = "stored"
        PROCESSED = "processed"
        IGNORED = "ignored"
        REFUSED = "refused", "refused: signature"
        CONFLICT = "conflict", "conflicts with an earlier event"
        FAILED = "failed"

    connector = models.CharField(max_length=20)
    event_id = models.CharField(max_length=120, blank=True)
    event_type = models.CharField(max_length=80, blank=True)
    headers = models.JSONField()
    body = models.BinaryField()
    body_sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.STORED)
    reason = models.CharField(max_length=200, blank=True)
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True)
    times_received = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connector", "event_id", "body_sha256"],
                condition=~models.Q(state="refused"),
                name="payments_providerevent_once",
            ),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="payments_providerevent_state")]
