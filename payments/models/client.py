"""Clients of the firm, and what is known about them that rules look at."""

from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords

from payments.models.base import PublicModel


class Client(PublicModel):
    PREFIX = "cl"

    class KycLevel(models.TextChoices):
        NONE = "none", "not started"
        PENDING = "pending", "in review"
        APPROVED = "approved"
        ENHANCED = "enhanced", "approved, enhanced"

    class State(models.TextChoices):
        ACTIVE = "active"
        FROZEN = "frozen"
        CLOSED = "closed"

    class Class(models.TextChoices):
        RETAIL = "retail"
        PROFESSIONAL = "professional"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="client")
    external_id = models.CharField(max_length=120, null=True, blank=True)
    name = models.CharField(max_length=200)
    email = models.EmailField(max_length=254)
    country = models.CharField(max_length=2)
    kyc_level = models.CharField(max_length=10, choices=KycLevel.choices, default=KycLevel.NONE)
    client_class = models.CharField(max_length=12, choices=Class.choices, default=Class.RETAIL)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    timezone = models.CharField(max_length=64, default="UTC")
    contact_changed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"],
                condition=models.Q(external_id__isnull=False),
                name="payments_client_external_id",
            ),
            models.CheckConstraint(
                condition=models.Q(kyc_level__in=["none", "pending", "approved", "enhanced"]),
                name="payments_client_kyc_level",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "frozen", "closed"]), name="payments_client_state"
            ),
            models.CheckConstraint(condition=models.Q(country__regex="^[A-Z]{2}$"), name="payments_client_country"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def owner(self) -> str:
        """The opaque owner reference under which the ledger keeps this client's accounts."""
        return self.public_id

    @property
    def kyc_approved(self) -> bool:
        return self.kyc_level in (self.KycLevel.APPROVED, self.KycLevel.ENHANCED)

    def account_code(self, *path: str) -> str:
        """`account_code("wallet")` → the ledger code of this client's wallet."""
        return "/".join(("client", self.owner, *path))
