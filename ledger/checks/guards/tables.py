"""What the database has of tables and their rules, against what the models say.

Yields what is missing or weakened, by name, and whatever else could stand between a statement and its guards. Reads the
catalogue and nothing else.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ledger.checks.guards.expressions import canonical
from ledger.checks.guards.rules import Rules, Unique, by_models
from ledger.checks.guards.standing import Found, rows

_TABLES = """
    SELECT c.relname::text, c.relkind::text, c.relpersistence::text, c.relrowsecurity OR c.relforcerowsecurity,
           ARRAY(SELECT r.rulename::text FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'),
           ARRAY(SELECT i.inhrelid::regclass::text FROM pg_inherits i WHERE i.inhparent = c.oid),
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped)
      FROM pg_class c WHERE c.relname = ANY (%s) AND c.relnamespace = current_schema()::regnamespace
"""
_CONSTRAINTS = """
    SELECT c.relname::text, k.conname::text, k.contype::text, pg_get_expr(k.conbin, k.conrelid),
           f.relname::text, ARRAY(SELECT a.attname::text FROM pg_attribute a
                                   WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey))
      FROM pg_constraint k
      JOIN pg_class c ON c.oid = k.conrelid AND c.relnamespace = current_schema()::regnamespace
      LEFT JOIN pg_class f ON f.oid = k.confrelid
     WHERE c.relname = ANY (%s) AND k.contype IN ('c', 'f') AND k.convalidated
"""
_INDEXES = """
    SELECT c.relname::text, n.relname::text, pg_get_expr(i.indpred, i.indrelid), NOT i.indnullsnotdistinct, ARRAY(
               SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u (number, place)
                 LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number AND u.number > 0
                WHERE u.place <= i.indnkeyatts ORDER BY u.place)
      FROM pg_index i
      JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = current_schema()::regnamespace
      JOIN pg_class n ON n.oid = i.indexrelid
     WHERE c.relname = ANY (%s) AND i.indisunique AND i.indisvalid AND i.indisready AND i.indislive
"""


def tables() -> Iterator[Found]:
    """Tables that are not plain tables of our own, and columns that may be empty now."""
    ours = by_models()
    standing = {row[0]: row[1:] for row in rows(_TABLES, list(ours))}
    for table, expected in sorted(ours.items()):
        if table not in standing:
            yield "table", table, "is missing"
            continue
        kind, persistence, secured, rules, children, filled = standing[table]
        if (kind, persistence) != ("r", "p"):
            yield "table", table, "is not a table that survives a crash"
        if secured:
            yield "table", table, "hides rows: row security is on"
        for name in rules:
            yield "rule", name, f"on {table} is not of the migrations"
        for name in children:
            yield "table", name, f"adds its rows to {table}"
        for column in sorted(expected.filled - set(filled)):
            yield "column", f"{table}.{column}", "may be empty, and its model says that it is not"


def constraints() -> Iterator[Found]:
    """Checks, references and uniqueness that are missing, not validated, or say something else."""
    ours = by_models()
    standing, indexes = defaultdict(list), defaultdict(list)
    for table, *row in rows(_CONSTRAINTS, list(ours)):
        standing[table].append(row)
    for table, *row in rows(_INDEXES, list(ours)):
        indexes[table].append(row)
    for table, expected in sorted(ours.items()):
        yield from _checks(table, expected, standing[table])
        yield from _references(table, expected, standing[table])
        for unique in expected.uniques:
            if not any(_is_unique(unique, *row) for row in indexes[table]):
                yield (
                    *("index", unique.name or f"{table} ({', '.join(unique.columns)})"),
                    f"is missing, not valid, or not what its model says, on {table}",
                )


def _checks(table: str, expected: Rules, standing: list[Any]) -> Iterator[Found]:
    said = {name: canonical(condition) for name, kind, condition, *_ in standing if kind == "c"}
    for name, condition in expected.checks:
        if name and name not in said:
            yield "constraint", name, f"is missing or not validated on {table}"
        elif condition not in ([said[name]] if name else said.values()):
            yield "constraint", name or table, f"is not what its model says, on {table}"


def _references(table: str, expected: Rules, standing: list[Any]) -> Iterator[Found]:
    there = {(*columns, target) for _, kind, _, target, columns in standing if kind == "f"}
    for column, target in expected.references:
        if (column, target) not in there:
            yield "constraint", f"{table}.{column}", f"does not refer to {target} any more, or is not validated"


def _is_unique(expected: Unique, name: str, condition: str | None, nulls_distinct: bool, columns: list[str]) -> bool:
    if expected.name and name != expected.name:
        return False
    if expected.columns and tuple(columns) != expected.columns:
        return False
    return canonical(condition) == expected.condition and nulls_distinct == expected.nulls_distinct
