"""Settings for real money. Every secret comes from the environment or a secret file; nothing is defaulted.

`config/checks.py` refuses to start when something here is unsafe after all.
"""

from datetime import timedelta

import sentry_sdk

from config.logging import logging_config
from config.settings import connectors, sealing
from config.settings.base import *  # noqa: F403 (settings are layered by import)
from config.settings.base import BASE_URL, SENTRY_DSN, env
from config.settings.interfaces import *  # noqa: F403
from config.settings.interfaces import page_policy

ENVIRONMENT = "production"
DEBUG = False
DEMO_MODE = env.flag("DEMO_MODE", False)
SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", (BASE_URL,))

STRIPE = connectors.stripe(env, None)
MT5 = connectors.mt5(env, None)
BANK = connectors.bank(env, None)
SEAL = sealing.seal(env, BASE_URL, None)
RATES = connectors.rates(env, None)
CONTENT_SECURITY_POLICY = page_policy(STRIPE["checkout_origin"])
CONTENT_SECURITY_POLICY["DIRECTIVES"]["upgrade-insecure-requests"] = True

SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # the load balancer asks over plain HTTP
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds())
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
if env.flag("BEHIND_PROXY", False):
    # Only where a proxy of ours sets this header and strips the client's own.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

vars().update(env.mail("EMAIL_URL", "smtp+tls://localhost:587"))
LOGGING = logging_config(json=True, level=env.text("LOG_LEVEL", "INFO"))

if SENTRY_DSN:
    sentry_sdk.init(dsn=SENTRY_DSN, send_default_pii=False, max_request_body_size="never")
