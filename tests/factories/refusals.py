"""Proving that a refusal left nothing behind: not a row more, not a row changed, and the books are sound."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from django.apps import apps
from django.db import connection

from ledger.errors import DomainError
from tests.factories import books

APPS = ("ledger", "payments", "reconciliation")

Refusal = TypeVar("Refusal", bound=DomainError)


def footprint() -> dict[str, str]:
    """A fingerprint of every table of ours: any row added, changed or gone gives another one."""
    tables = [model._meta.db_table for app in APPS for model in apps.get_app_config(app).get_models()]
    parts = [
        f"SELECT '{table}', count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') "
        f'FROM "{table}" t'
        for table in tables
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts) + " ORDER BY 1")
        return dict(cursor.fetchall())


def changes(before: dict[str, str]) -> dict[str, tuple[str, str]]:
    """The tables that are not what they were, with what they were and are."""
    return {table: (before[table], now) for table, now in footprint().items() if now != before[table]}


def refused(error: type[Refusal], act: Callable[[], Any]) -> Refusal:
    """The call is refused with this cause, and nothing at all has changed."""
    before = footprint()
    with pytest.raises(error) as caught:
        act()
    assert changes(before) == {}
    books.assert_sound()
    return caught.value


def unchanged(act: Callable[[], Any]) -> Any:
    """The call answers and changes nothing."""
    before = footprint()
    answer = act()
    assert changes(before) == {}
    return answer
