"""Running the portal's SELECTs and reading what they answer: amounts and times come back exact, from JSON text.

Reads only. Every statement has its parameters apart from its text.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from ledger.money import Money


def fetch(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of one SELECT."""
    with connection.cursor() as cursor:
        cursor.execute(statement, dict(parameters))
        return list(cursor.fetchall())


class Facts(dict[str, Any]):
    """The facts of one row, with typed reading; a missing fact is None, a wrong name raises KeyError."""

    @classmethod
    def read(cls, value: Any) -> "Facts":
        return cls(json.loads(value) if isinstance(value, str) else value)

    def money(self, name: str, currency: str = "") -> Money:
        return Money.of(Decimal(self[name] or 0), currency or self["currency"])

    def money_or_none(self, name: str, currency: str = "") -> Money | None:
        return None if self[name] is None else self.money(name, currency)

    def time(self, name: str) -> datetime | None:
        return datetime.fromisoformat(self[name]) if self[name] else None

    def uuid(self, name: str) -> uuid.UUID | None:
        return uuid.UUID(self[name]) if self[name] else None
