"""Registers the app with Django. Agreement between our facts and theirs."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "reconciliation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Importing the services registers their handlers with the dispatcher.
        from reconciliation.services import exceptions, psp_reports, statements  # noqa: F401
