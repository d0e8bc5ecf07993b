"""Rules that finance and compliance can change: a typed rule with parameters, versioned; one active version each."""

from django.db import models

from payments.models.base import PublicModel


class PolicyRule(PublicModel):
    """`code` names the function in `payments.policy.rules`, `parameters` are its figures as text or lists of text.
    An empty `currency` applies to every currency that has no version of its own."""

    PREFIX = "pol"

    code = models.CharField(max_length=40)
    currency = models.CharField(max_length=8, blank=True)
    parameters = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    active = models.BooleanField(default=True)
    made_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["code", "currency", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["code", "currency", "version"], name="payments_policyrule_version"),
            models.UniqueConstraint(
                fields=["code", "currency"], condition=models.Q(active=True), name="payments_policyrule_active"
            ),
        ]
