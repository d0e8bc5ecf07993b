"""Whether the guards of the database stand as our migrations and models put them, and nothing else beside them.

What should be there is read from the migrations and models, so a new guard is covered from the moment that it exists.
Covered are all functions, triggers, views, checks, references, unique indexes and columns that are never empty, of all
tables of ours: somebody who may do everything can take one away or make it say yes, but not unseen.
"""

from collections.abc import Iterator
from functools import lru_cache

from django.db.migrations.loader import MigrationLoader

from ledger.checks.guards import standing, tables
from ledger.checks.guards.standing import Found, rows
from ledger.database_rights import OURS


def find() -> list[Found]:
    """Every guard that is missing, switched off or altered, and whatever stands in its way: kind, name, what is wrong.
    Where the database is not at the migrations of this code, that alone."""
    return list(_migrations()) or [
        *standing.functions(),
        *standing.triggers(),
        *standing.views(),
        *tables.tables(),
        *tables.constraints(),
    ]


def _migrations() -> Iterator[Found]:
    """Old code beside a new database, or the other way round, as for a moment of every release."""
    ours = _on_disk()
    there = {f"{app}.{name}" for app, name in rows("SELECT app, name FROM django_migrations") if app in OURS}
    for name in sorted(ours - there):
        yield "migration", name, "has not run in this database: what guards it is not known"
    for name in sorted(there - ours):
        yield "migration", name, "is not one of this code: what guards it is not known"


@lru_cache(maxsize=1)
def _on_disk() -> frozenset[str]:
    return frozenset(f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations if app in OURS)
