"""Somebody with every right takes a guard away, one at a time, each of them: `verify_ledger` names it."""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from ledger.checks import guards
from ledger.checks.guards import declared, rules, standing, tables
from ledger.checks.guards.standing import Found
from tests.integration.ledger.conftest import superuser

pytestmark = pytest.mark.django_db

FUNCTIONS = """
    SELECT p.oid, p.proname::text, p.oid::regprocedure::text, p.prosecdef, p.provolatile::text, p.proisstrict,
           p.prosrc, pg_get_functiondef(p.oid), p.proconfig::text
      FROM pg_proc p
     WHERE p.pronamespace = current_schema()::regnamespace
       AND p.proname ~ '^_?(ledger|payments|reconciliation|portal|pgtrigger)_' ORDER BY 2
"""
TRIGGERS = """
    SELECT c.relname::text, t.tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace ORDER BY 1, 2
"""
CONSTRAINTS = """
    SELECT c.relname::text, k.conname::text, k.contype::text, pg_get_constraintdef(k.oid),
           ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey))
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
     WHERE c.relnamespace = current_schema()::regnamespace AND k.contype IN ('c', 'f', 'u', 'p')
       AND c.relname ~ '^(ledger|payments|reconciliation|portal)_' ORDER BY 1, 2
"""
INDEXES = """
    SELECT c.relname::text, n.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
      JOIN pg_class n ON n.oid = i.indexrelid
     WHERE i.indisunique AND c.relnamespace = current_schema()::regnamespace
       AND c.relname ~ '^(ledger|payments|reconciliation|portal)_'
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) ORDER BY 1, 2
"""


@pytest.fixture
def almighty() -> Iterator[None]:
    with superuser():
        execute("SET LOCAL check_function_bodies = off")
        yield


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def rows(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@contextmanager
def undone(*statements: str, look: Callable[[], Iterable[Found]] = guards.find) -> Iterator[list[Found]]:
    """What is found after the statements; then nothing of them remains."""
    with transaction.atomic():
        execute(";".join(statements))
        yield list(look())
        transaction.set_rollback(True)


def names(found: list[Found]) -> set[str]:
    return {name for _, name, _ in found}


def test_guards_stand_as_they_were_put() -> None:
    assert guards.find() == []


def test_every_function_and_trigger_of_the_database_is_accounted_for() -> None:
    expected = declared.by_migrations()
    assert {row[1] for row in rows(FUNCTIONS)} == set(expected.functions)
    assert set(rows(TRIGGERS)) == set(expected.triggers)
    assert len(expected.functions) > 80
    assert len(expected.triggers) > 70
    assert set(expected.views) == {row[0] for row in rows(
        "SELECT viewname::text FROM pg_views WHERE schemaname = current_schema() AND viewname ~ '^(ledger|payments)_'"
    )}  # fmt: skip


def test_every_function_is_named_when_its_body_is_another(almighty: None) -> None:
    for _, name, signature, _, _, _, body, text, _ in rows(FUNCTIONS):
        assert body in text
        for other in (" BEGIN RETURN NULL; END ", body.replace("IF ", "IF NOT ", 1) + " "):
            with undone(text.replace(body, other), look=standing.functions) as found:
                assert found == [("function", name, "is not as the migrations put it: body")], signature


CHANGES = {
    "whose rights it runs with": lambda row: f"SECURITY {'INVOKER' if row[3] else 'DEFINER'}",
    "volatility": lambda row: "IMMUTABLE" if row[4] != "i" else "VOLATILE",
    "strictness": lambda row: "CALLED ON NULL INPUT" if row[5] else "STRICT",
    "search_path": lambda row: "SET search_path = pg_temp, public",
    "(search_path)": lambda row: "RESET search_path" if "search_path" in (row[8] or "") else "",
    "session_replication_role": lambda row: "SET session_replication_role = replica",
}


@pytest.mark.parametrize("wrong", CHANGES)
def test_every_function_is_named_when_it_runs_otherwise(almighty: None, wrong: str) -> None:
    changes = {
        row[1]: f"ALTER FUNCTION {row[2]} {change}" for row in rows(FUNCTIONS) if (change := CHANGES[wrong](row))
    }
    assert len(changes) > 20
    with undone(*changes.values()) as found:
        assert {name for _, name, detail in found if wrong in detail} == set(changes)


def test_every_function_is_named_when_it_is_gone_or_has_a_twin(almighty: None) -> None:
    there = rows(FUNCTIONS)
    with undone(*(f"ALTER FUNCTION {row[2]} RENAME TO {row[1][:50]}_{row[0]}" for row in there)) as found:
        assert {name for _, name, detail in found if detail == "is missing"} == {row[1] for row in there}
    with undone(*(f"CREATE FUNCTION {row[1]}(x xml) RETURNS int LANGUAGE sql AS 'SELECT 1'" for row in there)) as found:
        assert {name for _, name, detail in found if "stands 2 times" in detail} == {row[1] for row in there}


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE {0} DISABLE TRIGGER {1}", "ALTER TABLE {0} ENABLE REPLICA TRIGGER {1}", "DROP TRIGGER {1} ON {0}",
        "ALTER TRIGGER {1} ON {0} RENAME TO t_{2}",
    ],
)  # fmt: skip
def test_every_trigger_is_named_when_it_is_switched_off_dropped_or_renamed(almighty: None, change: str) -> None:
    there = rows(TRIGGERS)
    with undone(*(change.format(*each, number) for number, each in enumerate(there))) as found:
        for table, name in there:
            assert any(key == name and detail.endswith(f"on {table}") for _, key, detail in found), (table, name)
    with undone(change.format(*there[7], 0)) as found:
        assert names(found) - {"t_0"} == {there[7][1]}


def test_every_trigger_is_named_when_it_is_made_anew_with_something_else(almighty: None) -> None:
    texts = rows("""SELECT c.relname::text, t.tgname::text, pg_get_triggerdef(t.oid) FROM pg_trigger t
                      JOIN pg_class c ON c.oid = t.tgrelid
                     WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace""")
    execute("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    tried = 0
    for table, name, text in texts:
        head, _, call = text.partition(" EXECUTE FUNCTION ")
        others = [f"{head} EXECUTE FUNCTION nothing()"]
        if " WHEN " not in head and "REFERENCING" not in head:
            others.append(f"{head} WHEN (false) EXECUTE FUNCTION {call}")
        elif " WHEN " in head:
            others.append(f"{head[: head.index(' WHEN ')]} WHEN (false) EXECUTE FUNCTION {call}")
        if " OR " in head.partition(" ON ")[0]:
            first, _, rest = head.partition(" OR ")
            others.append(f"{first} ON {rest.partition(' ON ')[2]} EXECUTE FUNCTION {call}")
        if "DEFERRABLE" in head:
            others.append(text.replace("DEFERRABLE INITIALLY DEFERRED", ""))
        for other in others:
            with undone(f"DROP TRIGGER {name} ON {table}", other, look=standing.triggers) as found:
                assert [(each[1], "not as the migrations" in each[2]) for each in found] == [(name, True)], other
            tried += 1
    assert tried > 150


def test_every_rule_of_a_table_is_named_when_it_is_dropped(almighty: None) -> None:
    unnamed = 0
    for table, name, kind, _, columns in rows(CONSTRAINTS):
        with undone(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE', look=tables.constraints) as found:
            reported = {key for key in names(found) if key in (name, table) or key.startswith(table)}
            assert reported, (table, name)
            if name not in reported:
                unnamed += 1
                assert kind in "fpuc"
                assert any(column in key or key == table for column in columns for key in reported), (table, name)
    for _, name in rows(INDEXES):
        with undone(f'DROP INDEX "{name}"', look=tables.constraints) as found:
            assert name in names(found), name
    assert unnamed > 50  # made up by Django: named by table and column


def test_every_check_is_named_when_it_says_something_else(almighty: None) -> None:
    tried = 0
    for table, name, kind, text, _ in rows(CONSTRAINTS):
        if kind != "c":
            continue
        condition = text[len("CHECK (") : -1]
        for other in (f"CHECK ({condition} OR true)", f"{text} NOT VALID"):
            with undone(
                *(
                    f'ALTER TABLE {table} DROP CONSTRAINT "{name}"',
                    f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {other}',
                ),
                look=tables.constraints,
            ) as found:
                assert len(found) == 1, (name, other)
                assert found[0][1] in (name, table)
        tried += 1
    assert tried > 60


def test_every_column_that_is_never_empty_is_named_when_it_may_be(almighty: None) -> None:
    keys = {(row[0], column) for row in rows(CONSTRAINTS) if row[2] == "p" for column in row[4]}
    filled = [
        (table, column)
        for table, expected in rules.by_models().items()
        for column in sorted(expected.filled)
        if (table, column) not in keys
    ]
    assert len(filled) > 300
    with undone(*(f'ALTER TABLE {table} ALTER COLUMN "{column}" DROP NOT NULL' for table, column in filled)) as found:
        assert names(found) == {f"{table}.{column}" for table, column in filled}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("CREATE RULE quiet AS ON INSERT TO ledger_entry DO INSTEAD NOTHING", "quiet"),
        ("CREATE TRIGGER a_first BEFORE INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION ledger_append_only()",
         "a_first"),
        ("ALTER TABLE ledger_event ENABLE ROW LEVEL SECURITY", "ledger_event"),
        ("ALTER TABLE ledger_event SET UNLOGGED", "ledger_event"),
        ("CREATE TABLE more () INHERITS (ledger_entry)", "more"),
        ("ALTER TABLE ledger_entry RENAME TO ledger_entries", "ledger_entry"),
        ("ALTER TABLE payments_withdrawal DISABLE TRIGGER ALL", "payments_withdrawal"),
        ("CREATE OR REPLACE VIEW ledger_seal_event_content AS SELECT id, xid, ARRAY['x'] AS fields FROM ledger_event",
         "ledger_seal_event_content"),
        ("CREATE FUNCTION ledger_mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "ledger_mine"),
        ("CREATE VIEW ledger_mine AS SELECT 1", "ledger_mine"),
        ("DELETE FROM django_migrations WHERE app = 'ledger' AND name = '0007_monitors'", "ledger.0007_monitors"),
        ("INSERT INTO django_migrations (app, name, applied) VALUES ('ledger', '9999_mine', now())",
         "ledger.9999_mine"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_of_guards_is_named(almighty: None, change: str, name: str) -> None:
    with undone(change) as found:
        assert any(name in each[1] or name in each[2] for each in found), found


def test_a_view_that_hides_cents_or_a_row_is_not_the_view_of_the_migrations(almighty: None) -> None:
    text = rows("SELECT pg_get_viewdef('ledger_seal_entry_content'::regclass)")[0][0]
    for old, new in (
        ("trim_scale(e.amount)", "trim_scale((e.amount)::bigint::numeric)"),
        ("e.currency", "a.currency"),
        ("ON ((a.id = e.account_id))", "ON ((a.id = e.account_id) AND (e.id <> 7))"),
    ):
        assert old in text
        with undone(f"CREATE OR REPLACE VIEW ledger_seal_entry_content AS {text.replace(old, new)}") as found:
            assert found == [("view", "ledger_seal_entry_content", "is not as the migrations put it")], new


def test_the_command_says_so(almighty: None) -> None:
    execute(
        "CREATE OR REPLACE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
    )
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_ledger", stdout=out)
    assert "function ledger_append_only: is not as the migrations put it: body" in out.getvalue()
