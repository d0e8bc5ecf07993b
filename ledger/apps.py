"""Registers the app with Django. Must not import models before the apps are ready."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class LedgerConfig(AppConfig):
    name = "ledger"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ledger.reference import sync_reference_rows

        post_migrate.connect(sync_reference_rows, sender=self, dispatch_uid="ledger.reference")
