"""Events: the append-only record of every state change, written in the same commit as the change.

It feeds the audit trail, `/events`, outgoing webhooks and the seal. It holds opaque ids, never names or bank data.
"""

from django.db import models

from ledger import ids


class Event(models.Model):
    type = models.CharField(max_length=60)
    object_ref = models.CharField(max_length=60, help_text="public id of what changed")
    client_ref = models.CharField(max_length=60, blank=True, help_text="public id of the client it concerns")
    actor = models.CharField(max_length=80)
    person = models.CharField(max_length=80, blank=True)
    on_behalf_of = models.CharField(max_length=80, blank=True)
    ip = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    data = models.JSONField(null=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    xid = models.BigIntegerField()

    class Meta:
        db_table = "ledger_event"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["object_ref", "id"], name="ledger_event_object"),
            models.Index(fields=["client_ref", "id"], name="ledger_event_client", condition=~models.Q(client_ref="")),
            models.Index(fields=["type", "id"], name="ledger_event_type"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.object_ref}"

    @property
    def public_id(self) -> str:
        return ids.encode("evt", self.pk)
