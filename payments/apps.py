"""Registers the app with Django. Must not import models before the apps are ready."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PaymentsConfig(AppConfig):
    name = "payments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from payments import auth, checks, handlers  # noqa: F401 (importing them registers handlers and checks)

        post_migrate.connect(auth.sync_groups, sender=self, dispatch_uid="payments.groups")
