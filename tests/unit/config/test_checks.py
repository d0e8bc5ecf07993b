"""Production refuses to start on unsafe settings: each is changed alone and must be found by its own id."""

from types import SimpleNamespace
from typing import Any

import pytest

from config import checks
from config.settings import sealing

LONG = "k7Qz-2mVx9Lw4Rt8Yp1Ns6Bd3Hf5Jg0Cu-aEiOyXvTqWrPlKjHgF"


def seal(**changes: Any) -> dict[str, Any]:
    safe = {"key": bytes(range(7, 39)).hex(), "folders": ["/srv/seal"], "storages": [], "emails": ["a@audit.test"]}
    return {**safe, **changes}


def safe(**changes: Any) -> SimpleNamespace:
    conf: dict[str, Any] = {
        "ENVIRONMENT": "production",
        "SECRET_KEY": LONG,
        "API_KEY_PEPPERS": [LONG],
        "DEBUG": False,
        "DEMO_MODE": False,
        "ALLOWED_HOSTS": ["office.broker.test"],
        "BASE_URL": "https://office.broker.test",
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SECURE": True,
        "SECOND_FACTOR_REQUIRED": True,
        "CONTENT_SECURITY_POLICY": {"DIRECTIVES": {"script-src": ["'self'"]}},
        "DATABASE_ROLE": "app",
        "DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql", "USER": "wherewithal_app"}},
        "CACHES": {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}},
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "STRIPE": {
            "api_base": "https://api.stripe.com",
            "secret_key": "sk_live_1",
            "webhook_secrets": ["whsec_1"],
            "webhook_tolerance": 300,
        },
        "MT5": {"servers": {"mt5": {"url": "https://mt5.broker.test", "login": "1", "password": LONG}}},
        "BANK": {"sepa": {"url": "https://bank.test"}},
        "SEAL": seal(),
        "RATES": {"ecb": {"url": "https://www.ecb.europa.eu"}, "file": {"path": "/srv/rates.csv"}},
        "FX": {"spreads": "50 EUR/USD=35", "reporting_currency": "EUR"},
    }
    return SimpleNamespace(**{**conf, **changes})


def found(conf: SimpleNamespace) -> set[str]:
    return {code for code, _ in checks.problems(conf)}


def test_safe_settings_pass():
    assert found(safe()) == set()


def stripe(**changes: Any) -> dict[str, Any]:
    return {**safe().STRIPE, **changes}


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("E001", {"SECRET_KEY": "short"}),
        ("E001", {"SECRET_KEY": "a" * 64}),
        ("E001", {"SECRET_KEY": "development-only-secret-key-never-used-in-production-0123456789"}),
        ("E002", {"API_KEY_PEPPERS": []}),
        ("E003", {"API_KEY_PEPPERS": [LONG, "short"]}),
        ("E003", {"API_KEY_PEPPERS": ["development-only-pepper-of-many-characters"]}),
        ("E010", {"DEBUG": True}),
        ("E011", {"DEMO_MODE": True}),
        ("E012", {"ALLOWED_HOSTS": []}),
        ("E012", {"ALLOWED_HOSTS": ["office.broker.test", "*"]}),
        ("E013", {"BASE_URL": "http://office.broker.test"}),
        ("E014", {"SESSION_COOKIE_SECURE": False}),
        ("E014", {"CSRF_COOKIE_SECURE": False}),
        ("E014", {"SESSION_COOKIE_HTTPONLY": False}),
        ("E015", {"SECOND_FACTOR_REQUIRED": False}),
        ("E016", {"MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN": True}),
        ("E017", {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": {"script-src": ["'unsafe-eval'"]}}}),
        ("E017", {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": {}}}),
        ("E020", {"DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}}}),
        (
            "E021",
            {"DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql", "USER": "wherewithal_owner"}}},
        ),
        ("E021", {"DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql", "USER": "postgres"}}}),
        ("E022", {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}}),
        ("E023", {"CELERY_TASK_ALWAYS_EAGER": True}),
        ("E024", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
        ("E030", {"STRIPE": stripe(webhook_secrets=[])}),
        ("E031", {"STRIPE": stripe(webhook_tolerance=3600)}),
        ("E032", {"STRIPE": stripe(api_base="http://api.stripe.com")}),
        ("E032", {"RATES": {"ecb": {"url": "http://127.0.0.1:8104"}}}),
        ("E034", {"FX": {"spreads": "EUR/USD=35", "reporting_currency": "EUR"}}),
        ("E034", {"FX": {"spreads": "50", "reporting_currency": "XXX"}}),
        ("E032", {"BANK": {"sepa": {"url": "http://127.0.0.1:8103"}}}),
        ("E033", {"STRIPE": stripe(secret_key="sk_test_demo")}),
        ("E033", {"STRIPE": stripe(webhook_secrets=["whsec_demo"])}),
        ("E050", {"SEAL": seal(key="")}),
        ("E050", {"SEAL": seal(key="no hexadecimal")}),
        ("E050", {"SEAL": seal(key=LONG.encode().hex())}),
        ("E050", {"SEAL": seal(key="00" * 32)}),
        ("E050", {"SEAL": seal(key=sealing.DEMO_KEY)}),
        ("E051", {"SEAL": seal(folders=[])}),
        ("E051", {"SEAL": seal(folders=["/srv/seal", "/srv/seal"], emails=[])}),
    ],
)
def test_each_unsafe_setting_is_found_alone(code: str, changes: dict[str, Any]):
    assert found(safe(**changes)) == {code}


def test_development_is_left_alone():
    assert found(safe(ENVIRONMENT="development", DEBUG=True, SECRET_KEY="x")) == set()


def test_the_owner_role_may_run_migrations():
    database = {"default": {"ENGINE": "django.db.backends.postgresql", "USER": "wherewithal_owner"}}
    assert found(safe(DATABASE_ROLE="owner", DATABASES=database)) == set()
