"""Settings shared by every environment: which parts the product is made of and how they are wired.

Safe values stand here; development and tests loosen a few by name, production adds what needs HTTPS and real
secrets. Nothing here may read `os.environ`: `config/env.py` does.
"""

import logging
from typing import Any

from config import env as environment
from config.settings import connectors
from config.settings.people import *  # noqa: F403 (settings are layered by import)

env = environment.current()
ROOT = environment.ROOT
VAR = environment.state_folder()

ENVIRONMENT = "base"
DEBUG = False
DEMO_MODE = False
PORT = env.number("PORT", 8000, least=1, most=65535)
BASE_URL = env.text("BASE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# --- parts --------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "config.apps.WiringConfig",
    # Unfold replaces templates of the admin and of simple-history, so it stands before both.
    "unfold.apps.BasicAppConfig",  # the site itself is ours
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "unfold.contrib.simple_history",
    "unfold.contrib.import_export",
    "portal.staff.apps.StaffAdminConfig",  # django.contrib.admin with the staff site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "simple_history",
    "import_export",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    # The portal's templates dress allauth's pages, so the portal is searched first.
    "portal",
    "reconciliation",
    "payments",
    "ledger",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_fsm",
    "pgtrigger",
    "rules",
    "csp",
    "django_celery_beat",
    "django_prometheus",
    "django_structlog",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "config.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.AdminPolicyMiddleware",
    "config.middleware.ProblemMiddleware",
    "config.middleware.RefuseNulMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.environment",
            ]
        },
    }
]

# --- database -----------------------------------------------------------------------------------------------
# `manage.py` sets DATABASE_ROLE=owner for the commands that change the schema; all else runs as the app role.
DATABASE_ROLE = env.text("DATABASE_ROLE", "app")
DATABASES = {"default": env.database(DATABASE_ROLE)}
# Who may do what is granted to these and checked of them, whoever asks.
DATABASE_ROLE_NAMES = {role: str(env.database(role).get("USER") or "") for role in ("app", "reader")}
DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["ATOMIC_REQUESTS"] = False  # units of work are explicit; no network call may sit inside one
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {
        # Parameters go to the server apart from the text and repeated statements are prepared there.
        "server_side_binding": True,
        "prepare_threshold": 5,
        "connect_timeout": 5,
    }
)
if DATABASE_ROLE == "app":
    # A stuck statement or a forgotten transaction must not hold locks on money; migrations may take their time.
    DATABASES["default"]["OPTIONS"]["options"] = (
        "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
    )
    pool_size = env.number("DATABASE_POOL", 0, most=200)
    if pool_size:
        DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 5}
if DATABASE_ROLE == "app" and env.has("DATABASE_READER_URL"):
    # Reports and exports read as this role; nothing that decides about money does (`ledger/exports/reading.py`).
    DATABASES["reader"] = env.database("reader") | {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
    DATABASES["reader"].setdefault("OPTIONS", {}).update(
        {
            "connect_timeout": 5,
            # A report on a page is stopped like any statement there; an export takes its time (`reading.snapshot`).
            "options": "-c default_transaction_read_only=on -c statement_timeout=30s"
            " -c idle_in_transaction_session_timeout=60s",
        }
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- cache and background work ------------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.text("CACHE_URL", environment.cache_url(REDIS_URL)),
        "KEY_PREFIX": "wherewithal",
    }
}
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", environment.broker_url(REDIS_URL))
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A task is only a nudge: the work itself waits in PostgreSQL, so nothing is kept in the broker for long.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    "visibility_timeout": 600,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_PUBLISH_RETRY = False  # the sweep finds what a nudge did not; a request must not wait for the broker
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # one line per request, written when it is answered

# --- outside systems ----------------------------------------------------------------------------------------
DEPOSIT_CONFIRM_ABOVE = connectors.confirm_above(env)
SIMULATOR_PORTS = connectors.simulator_ports(env, PORT)
SIMULATOR_STATE = VAR / "simulators"
FX = connectors.fx(env)

# --- pages and files ----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "staticfiles"
MEDIA_ROOT = VAR / "media"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# --- language, time, numbers --------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]  # one line per translation that is complete
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- the books ----------------------------------------------------------------------------------------------
# Whose books these are, and the zone whose days and months are closed; the zone is fixed once a day has been.
LEGAL_ENTITY = {"name": env.text("LEGAL_ENTITY_NAME", "The firm"), "zone": env.zone("LEGAL_ENTITY_ZONE", "UTC")}

# --- mail ---------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Wherewithal <no-reply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- measurements -------------------------------------------------------------------------------------------
METRICS_TOKEN = env.text("METRICS_TOKEN", "")  # /metrics answers only to this bearer token; unset, to nobody
SENTRY_DSN = env.text("SENTRY_DSN", "")

SILENCED_SYSTEM_CHECKS: list[str] = []
