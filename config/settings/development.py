"""Settings for one machine: the demo firm, the simulators, no HTTPS. `make run` and `manage.py` use these.

Must never be used where real money is: the secrets below are public.
"""

from config import embedded
from config import env as environment

environment.export(embedded.addresses())  # where nothing is set, the embedded servers' addresses

from config.logging import logging_config
from config.settings import connectors, sealing
from config.settings.base import *  # noqa: F403 (settings are layered by import)
from config.settings.base import BASE_URL, PORT, SIMULATOR_PORTS, VAR, env
from config.settings.interfaces import *  # noqa: F403
from config.settings.interfaces import page_policy

ENVIRONMENT = "development"
# `make run` shows the product as its users see it; DEBUG=1 gives Django's own error pages instead.
DEBUG = env.flag("DEBUG", False)
DEMO_MODE = env.flag("DEMO_MODE", True)
SECRET_KEY = env.text("SECRET_KEY", "development-only-secret-key-never-used-in-production-0123456789")
API_KEY_PEPPERS = env.words("API_KEY_PEPPERS", ("development-only-pepper",))
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
SECOND_FACTOR_REQUIRED = env.flag("SECOND_FACTOR_REQUIRED", not DEMO_MODE)
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
ACCOUNT_EMAIL_VERIFICATION = "optional"

STRIPE = connectors.stripe(env, SIMULATOR_PORTS["stripe"])
MT5 = connectors.mt5(env, SIMULATOR_PORTS["mt5"])
BANK = connectors.bank(env, SIMULATOR_PORTS["sepa"])
SEAL = sealing.seal(env, BASE_URL, VAR)
RATES = connectors.rates(env, SIMULATOR_PORTS["ecb"])
CONTENT_SECURITY_POLICY = page_policy(STRIPE["checkout_origin"])

# Two checkouts on one machine share the host name; their cookies must not overwrite each other.
SESSION_COOKIE_NAME = f"session_{PORT}"
CSRF_COOKIE_NAME = f"csrf_{PORT}"

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

vars().update(env.mail("EMAIL_URL", "consolemail://"))
LOGGING = logging_config(json=env.flag("LOG_JSON", False), level=env.text("LOG_LEVEL", "INFO"))
