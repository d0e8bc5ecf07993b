"""Settings of the test suite: a private PostgreSQL and Valkey, made by `tests/conftest.py`, then removed.

Differs from development only where a test needs speed or silence; database, broker and triggers are real.
"""

from config import env as environment
from config import ephemeral

environment.export(ephemeral.addresses())

from config.logging import logging_config
from config.settings.development import *  # noqa: F403 (the addresses must be known first)
from config.settings.development import (
    CACHES,
    CELERY_BROKER_TRANSPORT_OPTIONS,
    DATABASES,
    INSTALLED_APPS,
    REDIS_URL,
    SEAL,
    env,
)

ENVIRONMENT = "test"
DEBUG = False
DEMO_MODE = False
SECOND_FACTOR_REQUIRED = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Tests that write checkpoints name folders of their own.
SEAL = {**SEAL, "folders": [], "storages": ["default"]}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LOGGING = logging_config(json=False, level="WARNING")

# Tests that need committed rows are cleaned up by TRUNCATE, which the ledger's triggers refuse elsewhere.
INSTALLED_APPS = [*INSTALLED_APPS, "tests.flushing"]
DATABASES["default"]["OPTIONS"]["options"] = "-c ledger.allow_truncate=on -c lock_timeout=20s"

# Parallel workers share one Valkey: each has a database of its own for the cache, a prefix for its queues.
WORKER = env.text("PYTEST_XDIST_WORKER", "")
if WORKER:
    CACHES["default"]["LOCATION"] = environment.cache_url(REDIS_URL, 2 + int(WORKER.removeprefix("gw")) % 14)
    CELERY_BROKER_TRANSPORT_OPTIONS |= {"global_keyprefix": f"{WORKER}-"}
