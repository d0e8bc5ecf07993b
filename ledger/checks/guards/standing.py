"""What the database has of functions, triggers and views, against what the migrations put there.

Yields what differs, by name. Reads the catalogue and nothing else; no text that PostgreSQL makes is compared as it
stands.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.db import connection

from ledger.checks.guards.declared import Function, Trigger, by_migrations
from ledger.checks.guards.expressions import Tree, canonical, loose
from ledger.checks.guards.statements import SCHEMA, tokens, upto
from ledger.database_rights import OURS

Found = tuple[str, str, str]
OUR_NAMES = f"^_?({'|'.join(sorted(OURS))}|pgtrigger)_"
# What a function may set for itself beside its search path: how it is planned, which changes nothing of what it does.
_HARMLESS_SETTINGS = {"plan_cache_mode": ("force_generic_plan", "force_custom_plan")}

_FUNCTIONS = """
    SELECT p.proname::text, p.prosrc, l.lanname::text, p.provolatile::text, p.proisstrict, p.prosecdef, p.proretset,
           format_type(p.prorettype, NULL), ARRAY(
               SELECT format_type(u.type, NULL)
                 FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS u (type, place)
                ORDER BY u.place),
           p.proargmodes::text[], p.proargnames, p.proconfig, pg_get_expr(p.proargdefaults, 0), p.prokind::text,
           current_schema()::text
      FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
     WHERE p.pronamespace = current_schema()::regnamespace AND (p.proname ~ %s OR p.proname = ANY (%s))
"""
_TRIGGERS = """
    SELECT c.relname::text, t.tgname::text,
           CASE WHEN p.pronamespace = c.relnamespace THEN p.proname::text ELSE p.oid::regproc::text END,
           t.tgtype::int, ARRAY(SELECT a.attname::text FROM pg_attribute a
                                 WHERE a.attrelid = c.oid AND a.attnum = ANY (t.tgattr::int2[]) ORDER BY 1),
           t.tgconstraint <> 0, t.tgdeferrable, t.tginitdeferred, coalesce(t.tgoldtable::text, ''),
           coalesce(t.tgnewtable::text, ''), encode(t.tgargs, 'escape'), pg_get_triggerdef(t.oid),
           t.tgenabled::text, t.tgisinternal, coalesce(k.conname::text, '')
      FROM pg_trigger t
      JOIN pg_class c ON c.oid = t.tgrelid AND c.relnamespace = current_schema()::regnamespace
      JOIN pg_proc p ON p.oid = t.tgfoid
      LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
     WHERE c.relname ~ %s OR c.relname = ANY (%s)
"""
_VIEWS = """
    SELECT c.relname::text, pg_get_viewdef(c.oid) FROM pg_class c
     WHERE c.relkind IN ('v', 'm') AND c.relnamespace = current_schema()::regnamespace
       AND (c.relname ~ %s OR c.relname = ANY (%s))
"""


def rows(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def functions() -> Iterator[Found]:
    """Functions that are missing, altered, or of our names and not of the migrations."""
    declared = by_migrations().functions
    standing = rows(_FUNCTIONS, OUR_NAMES, list(declared))
    times = Counter(row[0] for row in standing)
    for name in sorted(declared.keys() - times.keys()):
        yield "function", name, "is missing"
    for name, number in sorted(times.items()):
        if name not in declared:
            yield "function", name, "is not of the migrations"
        elif number > 1:
            yield "function", name, f"stands {number} times, with other parameters"
    for row in standing:
        if row[0] in declared and (wrong := ", ".join(_function_differs(declared[row[0]], row))):
            yield "function", row[0], f"is not as the migrations put it: {wrong}"


def _function_differs(ours: Function, row: tuple[Any, ...]) -> Iterator[str]:
    (_, body, language, volatility, strict, definer, many, returns, types, modes, names, settings, defaults, kind,
     schema) = row  # fmt: skip
    if body != ours.body:
        yield "body"
    if (language, kind) != (ours.language, "f"):
        yield "language"
    if volatility != ours.volatility:
        yield "volatility"
    if strict != ours.strict:
        yield "strictness"
    if definer != ours.definer:
        yield "whose rights it runs with"
    if many != ours.many or (ours.returns and returns != ours.returns):
        yield "what it returns"
    padded = [*(names or []), *[""] * len(types)][: len(types)]
    if tuple(zip(modes or ["i"] * len(types), padded, types, strict=True)) != ours.parameters:
        yield "parameters"
    if canonical_list(defaults) != ours.defaults:
        yield "defaults"
    if differing := sorted(_settings_differ(ours, dict(each.split("=", 1) for each in settings or []), schema)):
        yield f"settings ({', '.join(differing)})"


@lru_cache(maxsize=256)
def canonical_list(sql: str | None) -> tuple[Any, ...]:
    """Expressions between commas, each in its one form."""
    found, at, parts = tokens(sql or ""), 0, []
    while at < len(found):
        end = upto(found, at, ",")
        parts.append(canonical(tuple(found[at:end])))
        at = end + 1
    return tuple(parts)


def _settings_differ(ours: Function, standing: dict[str, str], schema: str) -> Iterator[str]:
    """A function with its owner's rights always looks in our schema alone, whatever its migration says."""
    expected = dict(ours.settings) | ({"search_path": f"{SCHEMA}, pg_temp"} if ours.definer else {})
    for name in expected.keys() | standing.keys():
        value = standing.get(name, "")
        if value in _HARMLESS_SETTINGS.get(name, ()) or (not value and name in _HARMLESS_SETTINGS):
            continue
        if value.replace('"', "") != expected.get(name, "").replace(SCHEMA, schema):
            yield name


def triggers() -> Iterator[Found]:
    """Triggers that are missing, switched off, altered, or not of the migrations; references that are switched off."""
    declared = by_migrations().triggers
    standing = {row[:2]: row for row in rows(_TRIGGERS, OUR_NAMES, sorted({table for table, _ in declared}))}
    for table, name in sorted(declared.keys() - standing.keys()):
        yield "trigger", name, f"is missing on {table}"
    for (table, name), row in sorted(standing.items()):
        enabled, internal, rule = row[12:]
        if enabled not in ("O", "A"):
            yield "trigger", rule if internal else name, f"is switched off on {table}"
        if internal:
            continue
        if (table, name) not in declared:
            yield "trigger", name, f"on {table} is not of the migrations"
        elif wrong := ", ".join(_trigger_differs(declared[table, name], row)):
            yield "trigger", name, f"on {table} is not as the migrations put it: {wrong}"


def _trigger_differs(ours: Trigger, row: tuple[Any, ...]) -> Iterator[str]:
    _, _, function, kind, columns, constraint, deferrable, deferred, old, new, arguments, definition = row[:12]
    if function != ours.function or arguments != "".join(f"{each}\\000" for each in ours.arguments):
        yield "function"
    if (kind, tuple(columns)) != (ours.type, ours.columns):
        yield "when it fires"
    if (constraint, deferrable, deferred) != (ours.constraint, ours.deferrable, ours.deferred):
        yield "whether it waits for the commit"
    if (old, new) != (ours.old_table, ours.new_table):
        yield "the rows it sees"
    if _condition(definition) != ours.condition:
        yield "condition"


@lru_cache(maxsize=1024)
def _condition(definition: str) -> Tree:
    """What stands after WHEN."""
    words = tokens(definition)
    end = upto(words, 0, "execute")
    when = upto(words, 0, "when")
    return canonical(tuple(words[when + 1 : end])) if when < end else ""


def views() -> Iterator[Found]:
    """Views that are missing, altered, or of our names and not of the migrations."""
    declared = by_migrations().views
    standing = dict(rows(_VIEWS, OUR_NAMES, list(declared)))
    for name in sorted(declared.keys() | standing.keys()):
        if name not in standing:
            yield "view", name, "is missing"
        elif name not in declared:
            yield "view", name, "is not of the migrations"
        elif loose(standing[name]) != declared[name]:
            yield "view", name, "is not as the migrations put it"
