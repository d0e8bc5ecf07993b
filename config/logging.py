"""How log lines look: one JSON object per line in production, readable lines on a developer's console.

Every line carries the request or task id. Values of keys that name a secret are masked before anything is
written, and control characters are escaped, so that text from outside cannot forge a line.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

SECRET_WORDS = (
    "authorization",
    "cookie",
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "pepper",
    "signature",
)
MASK = "[hidden]"


def mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace every value whose key names a secret, at any depth."""
    return {key: _masked(key, value) for key, value in event.items()}


def escape_controls(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Show control characters of the message instead of obeying them; tracebacks keep their lines."""
    text = event.get("event")
    if isinstance(text, str):
        event["event"] = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
    return event


def _masked(key: Any, value: Any) -> Any:
    if isinstance(key, str) and any(word in key.lower() for word in SECRET_WORDS):
        return MASK
    if isinstance(value, Mapping):
        return {inner: _masked(inner, held) for inner, held in value.items()}
    return value


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    mask_secrets,
    escape_controls,
]


def logging_config(*, json: bool, level: str) -> dict[str, Any]:
    """Configure structlog and return Django's LOGGING for the same output."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    final: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if json:
        final += [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    else:
        final += [structlog.dev.ConsoleRenderer(colors=False)]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": final,
                "foreign_pre_chain": SHARED,
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # django_structlog writes one line per request; Django's own would be the second.
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "django.request": {"level": "ERROR"},
            "celery.app.trace": {"level": "WARNING"},
            # A nudge every two seconds is no news; failures are.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "django_structlog.celery.receivers": {"level": "WARNING"},
        },
    }
