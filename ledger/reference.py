"""Copying the code's catalogues (currencies, reason codes, the chart) into the rows that the database's guards look at.

Runs after every migrate; rows are added and reworded, never removed, because history refers to them.
"""

from typing import Any

from django.conf import settings
from django.db import connection, models

from ledger import accounts, gl_mappings
from ledger.chart import KINDS, Kind
from ledger.models import CurrencyRow, GlMapping, KindRow, LegalEntity, ReasonRow
from ledger.money import CURRENCIES
from ledger.reasons import REASONS


def sync_reference_rows(**_: Any) -> None:
    """Make the rows agree with the catalogues. Fails when a currency's exponent would change."""
    accounts.forget()  # the database may have been emptied, and then ids start anew
    if KindRow._meta.db_table not in connection.introspection.table_names():
        return  # migrated back to where nothing looks at them yet
    for model, rows in _catalogues():
        fields = [field.attname for field in model._meta.concrete_fields]
        model._default_manager.bulk_create(
            rows, update_conflicts=True, unique_fields=fields[:1], update_fields=fields[1:]
        )
    if LegalEntity._meta.db_table in connection.introspection.table_names():
        _sync_entity()
    if GlMapping._meta.db_table in connection.introspection.table_names():
        gl_mappings.seed()


def _sync_entity() -> None:
    """Name the legal entity as the settings do. Its zone is fixed once a day has been closed in it."""
    named = settings.LEGAL_ENTITY
    LegalEntity.objects.bulk_create(
        [LegalEntity(id=1, name=named["name"], zone=named["zone"])],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name"],
    )
    LegalEntity.objects.filter(closed_before=None).update(zone=named["zone"])


def differences() -> list[tuple[str, str, str]]:
    """Where the rows and the catalogues disagree: kind of row, code, what is wrong. A check of `ledger.invariants`."""
    found = []
    for model, rows in _catalogues():
        name = str(model._meta.verbose_name)
        stored = {row.pk: row for row in model._default_manager.all()}
        found += [(name, row.pk, wrong) for row in rows if (wrong := _difference(row, stored.get(row.pk)))]
    zone = settings.LEGAL_ENTITY["zone"]
    if not LegalEntity.objects.filter(zone=zone).exists():
        found.append(("legal entity", "1", f"its time zone is not {zone}, as in the settings"))
    return found


def _difference(ours: models.Model, stored: models.Model | None) -> str:
    if stored is None:
        return "is in the code, not in the database"
    names = [field.attname for field in ours._meta.concrete_fields]
    differ = [name for name in names if getattr(ours, name) != getattr(stored, name)]
    return f"{', '.join(differ)} not as in the code" if differ else ""


def _catalogues() -> list[tuple[type[models.Model], list[models.Model]]]:
    """The rows as the code has them; each model's first field is its key."""
    return [
        (CurrencyRow, [CurrencyRow(c.code, c.exponent, c.name, c.kind) for c in CURRENCIES.values()]),
        (ReasonRow, [ReasonRow(r.code, r.title, r.reversal_code, r.passes_freeze) for r in REASONS.values()]),
        (KindRow, [KindRow(k.name, _pattern(k), k.category, k.sign, k.running, k.floor) for k in KINDS.values()]),
    ]


def _pattern(kind: Kind) -> str:
    """The chart's pattern in PostgreSQL's dialect: both agree on all of it except the name of a group."""
    return kind.pattern.replace("(?P<owner>", "(")
