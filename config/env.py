"""The sole reader of the process environment.

Everything that can differ between two machines comes in here, typed and named, and a bad value is refused
with the name of its variable instead of being replaced by a guess. `NAME_FILE=/run/secrets/name` is accepted
wherever `NAME=value` is, so that secrets may stay in files. Nothing else in the project may touch
`os.environ`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

ROOT = Path(__file__).resolve().parent.parent

DATABASE_ROLES = {
    "app": "DATABASE_URL",
    "owner": "DATABASE_OWNER_URL",
    "reader": "DATABASE_READER_URL",
}


class Environment:
    """Typed reads from one mapping of variables. Every refusal names the variable (ImproperlyConfigured)."""

    def __init__(self, source: Mapping[str, str]) -> None:
        self._values = FileAwareMapping(env=dict(source))

    def has(self, name: str) -> bool:
        """True when the variable is set to something other than the empty text."""
        return bool(self._read(name, ""))

    def text(self, name: str, default: str | None = None) -> str:
        """The variable as it stands; unset or empty gives `default`, or is refused without one."""
        value = self._read(name, "")
        if value:
            return value
        if default is None:
            raise ImproperlyConfigured(f"Set {name}.")
        return default

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._read(name, "").strip().lower()
        if not value:
            return default
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise ImproperlyConfigured(f"{name} must be one of 1, 0, true, false, yes, no, on, off.")

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        value = self._read(name, "").strip()
        if not value:
            return default
        try:
            number = int(value)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a whole number.") from None
        if number < least or (most is not None and number > most):
            raise ImproperlyConfigured(f"{name} must be between {least} and {'any' if most is None else most}.")
        return number

    def words(self, name: str, default: tuple[str, ...] = ()) -> list[str]:
        """A comma-separated list, blanks dropped."""
        value = self._read(name, "")
        return [word.strip() for word in value.split(",") if word.strip()] or list(default)

    def zone(self, name: str, default: str) -> str:
        """The name of a time zone, like Europe/Berlin."""
        value = self.text(name, default)
        if value not in available_timezones():
            raise ImproperlyConfigured(f"{name} must be a time zone like Europe/Berlin.")
        return value

    def database(self, role: str) -> dict[str, Any]:
        """Django's DATABASES entry for a role (app, owner, reader); both others fall back to the app's."""
        name = DATABASE_ROLES.get(role)
        if name is None:
            raise ImproperlyConfigured(f"DATABASE_ROLE must be one of {', '.join(DATABASE_ROLES)}.")
        url = self.text(name, "") or self.text("DATABASE_URL")
        if urlsplit(url).scheme not in {"postgres", "postgresql"}:
            raise ImproperlyConfigured(f"{name} must be a postgresql:// URL; no other database can keep the ledger.")
        return dict(environ.Env.db_url_config(url))

    def mail(self, name: str, default: str) -> dict[str, Any]:
        """Django's EMAIL_* settings from one URL, for example smtp+tls://user:secret@host:587."""
        return dict(environ.Env.email_url_config(self.text(name, default)))

    def _read(self, name: str, default: str) -> str:
        # Not through environ.Env: that would take a secret that begins with "$" for a reference.
        try:
            return str(self._values.get(name, default)).rstrip("\r\n")
        except (OSError, ValueError) as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}.") from error


def broker_url(redis_url: str) -> str:
    """The broker's spelling of a Redis URL: kombu says redis+socket:// where redis-py says unix://."""
    parts = urlsplit(redis_url)
    return f"redis+socket://{parts.path}" if parts.scheme == "unix" else redis_url


def cache_url(redis_url: str, database: int = 1) -> str:
    """The same server's database 1 (or another): clearing a cache empties it, and the queues live in 0."""
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={database}"
    return urlunsplit(parts._replace(path=f"/{database}"))


def export(variables: Mapping[str, str]) -> None:
    """Hand variables to this process and its children, for settings that are read after this call."""
    os.environ.update(variables)


def default(name: str, value: str) -> None:
    """Set a variable for this process and its children unless it is set."""
    os.environ.setdefault(name, value)


def process() -> Mapping[str, str]:
    """The raw environment, for starting child processes."""
    return os.environ


def state_folder() -> Path:
    """Where this checkout keeps what it makes: embedded servers, simulators' books, uploads (STATE_DIR)."""
    return Path(current().text("STATE_DIR", str(ROOT / "var"))).absolute()


def load_file(path: Path = ROOT / ".env") -> None:
    """Read `.env` beside manage.py, if there is one; variables that are already set win."""
    if path.is_file():
        environ.Env.read_env(path, overwrite=False)


def current() -> Environment:
    """The environment of this process, with `.env` read first."""
    load_file()
    return Environment(os.environ)
