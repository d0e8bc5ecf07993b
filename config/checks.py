"""Refuses to start production on settings that would be unsafe with real money.

The rules are a pure function over settings (`problems`), so that a test can mutate each setting and see it
refused. Django's own `check --deploy` runs beside them in `make check`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import connection

from ledger.errors import InvalidAmount
from ledger.money import currency
from payments.fx.spreads import Spreads

TAG = "wherewithal"
LEAST_SECRET = 50
LEAST_PEPPER = 32
LEAST_SEED = 32
LEAST_PLACES = 2
DEMO_WORDS = ("development", "demo", "changeme", "example", "insecure", "whsec_test")


def register() -> None:
    checks.register(_settings_check, TAG)
    checks.register(_role_check, checks.Tags.database)


def problems(conf: Any) -> Iterator[tuple[str, str]]:
    """Yield (id, what is wrong) for every unsafe production setting. Empty outside production."""
    if conf.ENVIRONMENT != "production":
        return
    yield from _secrets(conf)
    yield from _web(conf)
    yield from _stores(conf)
    yield from _outside(conf)
    yield from _seal(conf)


def _secrets(conf: Any) -> Iterator[tuple[str, str]]:
    key = conf.SECRET_KEY
    if len(key) < LEAST_SECRET or len(set(key)) < 10 or _is_demo(key):
        yield (
            "E001",
            f"SECRET_KEY must be random, at least {LEAST_SECRET} characters, and not a published one.",
        )
    if not conf.API_KEY_PEPPERS:
        yield "E002", "API_KEY_PEPPERS must name at least one pepper; API keys cannot be stored without."
    elif any(len(pepper) < LEAST_PEPPER or _is_demo(pepper) for pepper in conf.API_KEY_PEPPERS):
        yield "E003", f"Every value of API_KEY_PEPPERS must be random and at least {LEAST_PEPPER} characters."


def _web(conf: Any) -> Iterator[tuple[str, str]]:
    if conf.DEBUG:
        yield "E010", "DEBUG must be off: its pages show settings and data."
    if conf.DEMO_MODE:
        yield "E011", "DEMO_MODE must be off: it opens accounts with published passwords."
    if not conf.ALLOWED_HOSTS or "*" in conf.ALLOWED_HOSTS:
        yield "E012", "ALLOWED_HOSTS must name the hosts and not allow all."
    if urlsplit(conf.BASE_URL).scheme != "https":
        yield "E013", "BASE_URL must be an https:// address."
    if not (conf.SESSION_COOKIE_SECURE and conf.CSRF_COOKIE_SECURE and conf.SESSION_COOKIE_HTTPONLY):
        yield "E014", "Cookies must be Secure, and the session cookie HttpOnly."
    if not conf.SECOND_FACTOR_REQUIRED:
        yield "E015", "SECOND_FACTOR_REQUIRED must be on for staff."
    if getattr(conf, "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", False):
        yield "E016", "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN must be off."
    sources = conf.CONTENT_SECURITY_POLICY["DIRECTIVES"].get("script-src", ["*"])
    if any(source in {"*", "'unsafe-inline'", "'unsafe-eval'"} for source in sources):
        yield "E017", "The page policy must not allow inline or evaluated scripts."


def _stores(conf: Any) -> Iterator[tuple[str, str]]:
    database = conf.DATABASES["default"]
    if database["ENGINE"] != "django.db.backends.postgresql":
        yield "E020", "DATABASE_URL must point at PostgreSQL; the ledger's guards live there."
    if conf.DATABASE_ROLE == "app" and database.get("USER", "").endswith(("owner", "postgres")):
        yield (
            "E021",
            "DATABASE_URL must log in as the app role, not as the owner of the tables or a superuser.",
        )
    if "locmem" in conf.CACHES["default"]["BACKEND"] or "dummy" in conf.CACHES["default"]["BACKEND"]:
        yield "E022", "The cache must be shared between processes (Redis or Valkey)."
    if getattr(conf, "CELERY_TASK_ALWAYS_EAGER", False):
        yield "E023", "CELERY_TASK_ALWAYS_EAGER must be off: tasks would run inside requests."
    if "console" in conf.EMAIL_BACKEND or "dummy" in conf.EMAIL_BACKEND or "locmem" in conf.EMAIL_BACKEND:
        yield "E024", "EMAIL_URL must point at a mail server; clients are told about changes by mail."


def _outside(conf: Any) -> Iterator[tuple[str, str]]:
    stripe = conf.STRIPE
    if stripe["secret_key"] and not stripe["webhook_secrets"]:
        yield "E030", "STRIPE_WEBHOOK_SECRET must be set: unsigned provider events would be refused."
    if stripe["webhook_tolerance"] > 600:
        yield "E031", "STRIPE_WEBHOOK_TOLERANCE must be at most 600 seconds."
    addresses = [stripe["api_base"], *(server["url"] for server in conf.MT5["servers"].values())]
    addresses += [bank["url"] for bank in conf.BANK.values()]
    addresses += [source["url"] for source in conf.RATES.values() if "url" in source]
    if any(urlsplit(address).scheme != "https" for address in addresses):
        yield "E032", "Outside systems must be reached over https://."
    secrets = [stripe["secret_key"], *stripe["webhook_secrets"]]
    secrets += [server["password"] for server in conf.MT5["servers"].values()]
    if any(_is_demo(secret) for secret in secrets):
        yield "E033", "A connector still uses a published demo secret."
    try:
        Spreads.parse(conf.FX["spreads"])
        currency(conf.FX["reporting_currency"])
    except (ValueError, InvalidAmount) as error:
        yield "E034", f"FX_SPREADS or FX_REPORTING_CURRENCY cannot be used: {error}"


def _seal(conf: Any) -> Iterator[tuple[str, str]]:
    try:
        seed = bytes.fromhex(conf.SEAL["key"])
    except ValueError:
        seed = b""
    if len(seed) != LEAST_SEED or len(set(seed)) < 10 or _is_demo(seed.decode("latin-1")):
        yield "E050", "SEAL_KEY must be 32 random bytes in hexadecimal, and not the published one."
    folders = {("folder", str(Path(path).resolve())) for path in conf.SEAL["folders"]}  # /a and /a/ are one place
    others = {(kind, name) for kind in ("storages", "emails") for name in conf.SEAL[kind]}
    if len(folders | others) < LEAST_PLACES:
        yield (
            "E051",
            "SEAL_FOLDERS, SEAL_STORAGES and SEAL_EMAILS must name at least two places for signed checkpoints.",
        )


def _is_demo(secret: str) -> bool:
    return any(word in secret.lower() for word in DEMO_WORDS)


def role_problems(cursor: Any) -> Iterator[tuple[str, str]]:
    """Yield what the connected database role could do that the app must not be able to do."""
    cursor.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    )
    if any(cursor.fetchone()):
        yield "E040", "The app's database role must not be a superuser or create roles or databases."
    cursor.execute(
        "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND relnamespace = current_schema()::regnamespace AND pg_has_role(current_user, relowner, 'USAGE')"
    )
    if cursor.fetchone()[0]:
        yield "E041", "The app's database role must not own tables: it could switch their guards off."
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        cursor.execute("SELECT current_setting(%s)", [setting])
        if cursor.fetchone()[0] == "off":
            yield (
                "E042",
                f"PostgreSQL runs with {setting} = off: acknowledged money could be lost in a crash.",
            )


def _settings_check(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    return [checks.Error(text, id=f"{TAG}.{code}") for code, text in problems(settings)]


def _role_check(app_configs: Any, databases: Any = None, **_: Any) -> list[checks.CheckMessage]:
    if not databases or settings.ENVIRONMENT != "production" or settings.DATABASE_ROLE != "app":
        return []
    try:
        with connection.cursor() as cursor:
            return [checks.Error(text, id=f"{TAG}.{code}") for code, text in role_problems(cursor)]
    except DatabaseError:
        return []  # an unreachable database is /readyz's business; the check runs again at the next start


def refuse_unsafe_start() -> None:
    """Run the checks above and raise ImproperlyConfigured with all findings. For processes that run no `check`."""
    found = [*_settings_check(None), *_role_check(None, databases=["default"])]
    connection.close()
    if found:
        raise ImproperlyConfigured("Unsafe settings:\n" + "\n".join(f"  {error.id}: {error.msg}" for error in found))
