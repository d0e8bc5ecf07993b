"""Exchange rates as sources published them, and what people decided about those that were held back."""

import pgtrigger
from django.db import models
from django.db.models import Q

from payments.models.base import PublicModel
from payments.models.provider_event import ProviderEvent


class Rate(PublicModel):
    """One unit of `base` costs `value` units of `counter`. Written once, with the raw message that it was read from.

    A rate that is held (`held_for` says why) prices nothing until a person has confirmed it."""

    PREFIX = "rate"
    append_only = True

    class Held(models.TextChoices):
        JUMP = "jump", "jumped against the rate before"
        CORRECTION = "correction", "contradicts what was published before for the same time"
        BY_HAND = "by_hand", "brought by a person"

    source = models.CharField(max_length=20)
    base = models.CharField(max_length=8)
    counter = models.CharField(max_length=8)
    value = models.DecimalField(max_digits=38, decimal_places=18)
    published_at = models.DateTimeField(help_text="the moment for which the source published it")
    fetched_at = models.DateTimeField()
    message = models.ForeignKey(ProviderEvent, models.PROTECT, related_name="rates", help_text="the raw bytes")
    held_for = models.CharField(max_length=10, choices=Held.choices, blank=True)
    compared_with = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)
    maker = models.CharField(max_length=80, blank=True, help_text="the person who brought it, if it was a person")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "base", "counter", "published_at", "value"], name="payments_rate_once"
            ),
            models.CheckConstraint(condition=Q(value__gt=0), name="payments_rate_value"),
            models.CheckConstraint(condition=~Q(base=models.F("counter")), name="payments_rate_pair"),
            models.CheckConstraint(
                condition=Q(held_for__in=["", "jump", "correction", "by_hand"]), name="payments_rate_held"
            ),
            # What a person brings waits for another person.
            models.CheckConstraint(condition=Q(maker="") | ~Q(held_for=""), name="payments_rate_by_hand"),
        ]
        indexes = [
            models.Index(fields=["base", "counter", "source", "-published_at", "-id"], name="payments_rate_latest"),
            models.Index(fields=["source", "-published_at"], name="payments_rate_source"),
        ]
        triggers = [pgtrigger.Protect(name="rate_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    @property
    def pair(self) -> str:
        return f"{self.base}/{self.counter}"

    @property
    def state(self) -> str:
        """usable, held, confirmed or rejected."""
        if not self.held_for:
            return "usable"
        decision = getattr(self, "decision", None)
        return decision.decision if decision else "held"


# May be used for pricing: never held back, or confirmed by a person.
USABLE = Q(held_for="") | Q(decision__decision="confirmed")


class RateDecision(PublicModel):
    """One person's word about a held rate, once and for ever. Never the word of the person who brought it."""

    PREFIX = "rdec"
    append_only = True

    class Decision(models.TextChoices):
        CONFIRMED = "confirmed"
        REJECTED = "rejected"

    rate = models.OneToOneField(Rate, models.PROTECT, related_name="decision")
    decision = models.CharField(max_length=10, choices=Decision.choices)
    maker = models.CharField(max_length=80, blank=True)
    person = models.CharField(max_length=80)
    actor = models.CharField(max_length=80)
    note = models.TextField()
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(person="") & ~Q(note=""), name="payments_ratedecision_person"),
            models.CheckConstraint(condition=~Q(person=models.F("maker")), name="payments_ratedecision_not_maker"),
            models.CheckConstraint(
                condition=Q(decision__in=["confirmed", "rejected"]), name="payments_ratedecision_decision"
            ),
        ]
        triggers = [pgtrigger.Protect(name="ratedecision_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
