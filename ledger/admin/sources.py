"""Finding postings by the business reference alone: a platform ticket, a provider's id, one of our movements.

The index begins with system and kind, so both are named: the pairs that exist are few and are read by hopping from one
to the next, never by reading the table.
"""

from django.db import connection
from django.db.models import Q

_PAIRS = """
    WITH RECURSIVE hop AS (
        (SELECT source_system, source_kind FROM ledger_transaction WHERE source_system IS NOT NULL
          ORDER BY source_system, source_kind LIMIT 1)
        UNION ALL
        SELECT n.source_system, n.source_kind FROM hop,
               LATERAL (SELECT t.source_system, t.source_kind FROM ledger_transaction t
                         WHERE t.source_system IS NOT NULL
                           AND (t.source_system, t.source_kind) > (hop.source_system, hop.source_kind)
                         ORDER BY t.source_system, t.source_kind LIMIT 1) n)
    SELECT source_system, source_kind FROM hop"""


def business_reference(text: str) -> Q | None:
    """The condition that finds every posting under this reference, None when nothing was ever posted under one."""
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS)
        pairs = cursor.fetchall()
    wanted = Q()
    for system, kind in pairs:
        wanted |= Q(source_system=system, source_kind=kind, source_id=text)
    return wanted if pairs else None
