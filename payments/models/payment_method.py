"""Payees: the bank accounts and cards of clients. Never edited: a change is a new row, so old payouts keep theirs."""

from django.db import models
from simple_history.models import HistoricalRecords

from payments.models.base import PublicModel
from payments.models.client import Client


class PaymentMethod(PublicModel):
    PREFIX = "pm"

    class Rail(models.TextChoices):
        SEPA = "sepa", "SEPA bank transfer"
        CARD = "card"

    class State(models.TextChoices):
        ACTIVE = "active"
        REMOVED = "removed"

    client = models.ForeignKey(Client, models.PROTECT, related_name="payment_methods")
    rail = models.CharField(max_length=10, choices=Rail.choices)
    currency = models.CharField(max_length=8)
    holder_name = models.CharField(max_length=140)
    iban = models.CharField(max_length=34, blank=True)
    bic = models.CharField(max_length=11, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    name_matches = models.BooleanField(default=False, help_text="the holder is the client")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "iban", "currency"],
                condition=models.Q(state="active", rail="sepa"),
                name="payments_paymentmethod_iban",
            ),
            models.CheckConstraint(
                condition=models.Q(rail="card") | ~models.Q(iban=""), name="payments_paymentmethod_has_iban"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_rail_display()} •••• {self.last4}"

    @property
    def masked(self) -> str:
        """The account number with all but country and last four characters hidden."""
        return f"{self.iban[:2]}•• •••• {self.iban[-4:]}" if self.iban else f"•••• {self.last4}"
