"""API keys: a name, a role, and a peppered hash of a secret that is shown once."""

from django.conf import settings
from django.db import models

from ledger import ids


class ApiKey(models.Model):
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True, help_text="the public part of the key")
    secret_hash = models.CharField(max_length=64)
    pepper_version = models.PositiveSmallIntegerField(default=1)
    role = models.CharField(max_length=20)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="api_keys")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def public_id(self) -> str:
        return ids.encode("key", self.pk)
