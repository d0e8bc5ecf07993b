"""Copying the code's catalogues (currencies, reason codes) into the rows that the database's guards look at.

Runs after every migrate; rows are added and reworded, never removed, because history refers to them.
"""

from typing import Any

from django.db import connection

from ledger.models import CurrencyRow, ReasonRow
from ledger.money import CURRENCIES
from ledger.reasons import REASONS


def sync_reference_rows(**_: Any) -> None:
    """Make the rows agree with the catalogues. Fails when a currency's exponent would change."""
    if CurrencyRow._meta.db_table not in connection.introspection.table_names():
        return  # migrated back to nothing
    CurrencyRow.objects.bulk_create(
        [CurrencyRow(code=c.code, exponent=c.exponent, name=c.name, kind=c.kind) for c in CURRENCIES.values()],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["exponent", "name", "kind"],
    )
    ReasonRow.objects.bulk_create(
        [
            ReasonRow(code=r.code, title=r.title, reversal=r.reversal_code, passes_freeze=r.passes_freeze)
            for r in REASONS.values()
        ],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["title", "reversal", "passes_freeze"],
    )
