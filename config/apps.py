"""Registers the wiring itself with Django: start-up checks and the Celery app that `shared_task` binds to.

Must never hold business behaviour; it exists so that `import config` stays free of side effects.
"""

from django.apps import AppConfig


class WiringConfig(AppConfig):
    name = "config"
    verbose_name = "Wiring"

    def ready(self) -> None:
        from config import celery, checks

        checks.register()
        celery.app.set_default()
