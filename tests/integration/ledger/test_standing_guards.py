"""Somebody with every right takes a guard away, one at a time, each of them: `verify_ledger` names it."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from ledger.checks import guards
from ledger.checks.guards import declared, rules
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
def undone(*statements: str) -> Iterator[list[tuple[str, str, str]]]:
    """What is found after the statements; then nothing of them remains."""
    with transaction.atomic():
        for sql in statements:
            execute(sql)
        yield guards.find()
        transaction.set_rollback(True)


def names(found: list[tuple[str, str, str]]) -> set[str]:
    return {name for _, name, _ in found}


def test_guards_stand_as_they_were_put() -> None:
    assert guards.find() == []


def test_every_function_and_trigger_of_the_database_is_accounted_for() -> None:
    expected = declared.by_migrations()
    assert {row[1] for row in rows(FUNCTIONS)} == set(expected.functions)
    assert {row for row in rows(TRIGGERS)} == set(expected.triggers)
    assert len(expected.functions) > 80
    assert len(expected.triggers) > 70
    assert set(expected.views) == {row[0] for row in rows(
        "SELECT viewname::text FROM pg_views WHERE schemaname = current_schema() AND viewname ~ '^(ledger|payments)_'"
    )}  # fmt: skip


def test_every_function_is_named_when_its_body_is_another(almighty: None) -> None:
    for _, name, signature, _, _, _, body, text, _ in rows(FUNCTIONS):
        assert body in text
        for other in (" BEGIN RETURN NULL; END ", body.replace("IF ", "IF NOT ", 1) + " "):
            with undone(text.replace(body, other)) as found:
                assert found == [("function", name, "is not as the migrations put it: body")], signature


def test_every_function_is_named_when_it_runs_otherwise(almighty: None) -> None:
    tried = 0
    for _, name, signature, definer, volatility, strict, _, _, settings in rows(FUNCTIONS):
        other = "IMMUTABLE" if volatility != "i" else "VOLATILE"
        changes = {
            f"SECURITY {'INVOKER' if definer else 'DEFINER'}": "whose rights it runs with",
            other: "volatility",
            "CALLED ON NULL INPUT" if strict else "STRICT": "strictness",
            "SET search_path = pg_temp, public": "search_path",
            "SET session_replication_role = replica": "session_replication_role",
        }
        if settings and "search_path" in settings:
            changes["RESET search_path"] = "search_path"
        for change, wrong in changes.items():
            with undone(f"ALTER FUNCTION {signature} {change}") as found:
                assert [(each[1], wrong in each[2]) for each in found] == [(name, True)], (signature, change)
            tried += 1
    assert tried > 450


def test_every_function_is_named_when_it_is_gone_or_has_a_twin(almighty: None) -> None:
    for _, name, signature, _, _, _, _, _, _ in rows(FUNCTIONS):
        with undone(f"ALTER FUNCTION {signature} RENAME TO {name}_old") as found:
            assert {name, f"{name}_old"} <= names(found) or len(name) > 58, signature
        with undone(f"CREATE FUNCTION {name}(twin xml) RETURNS int LANGUAGE sql AS 'SELECT 1'") as found:
            assert name in names(found), signature


def test_every_trigger_is_named_when_it_is_switched_off_dropped_or_weaker(almighty: None) -> None:
    for table, name in rows(TRIGGERS):
        for change in (
            f"ALTER TABLE {table} DISABLE TRIGGER {name}",
            f"ALTER TABLE {table} ENABLE REPLICA TRIGGER {name}",
            f"DROP TRIGGER {name} ON {table}",
            f"ALTER TRIGGER {name} ON {table} RENAME TO {name[:50]}_old",
        ):
            with undone(change) as found:
                assert name in names(found), change


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
            with undone(f"DROP TRIGGER {name} ON {table}", other) as found:
                assert [(each[1], "not as the migrations" in each[2]) for each in found] == [(name, True)], other
            tried += 1
    assert tried > 150


def test_every_rule_of_a_table_is_named_when_it_is_dropped(almighty: None) -> None:
    unnamed = 0
    for table, name, kind, _, columns in rows(CONSTRAINTS):
        with undone(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE') as found:
            reported = {key for key in names(found) if key in (name, table) or key.startswith(table)}
            assert reported, (table, name)
            if name not in reported:
                unnamed += 1
                assert kind in "fpuc"
                assert any(column in key or key == table for column in columns for key in reported), (table, name)
    for _, name in rows(INDEXES):
        with undone(f'DROP INDEX "{name}"') as found:
            assert name in names(found), name
    assert unnamed > 50  # made up by Django: named by table and column


def test_every_check_is_named_when_it_says_something_else(almighty: None) -> None:
    tried = 0
    for table, name, kind, text, _ in rows(CONSTRAINTS):
        if kind != "c":
            continue
        condition = text[len("CHECK (") : -1]
        for other in (f"CHECK ({condition} OR true)", f"CHECK (NOT ({condition})) NOT VALID", f"{text} NOT VALID"):
            with undone(
                f'ALTER TABLE {table} DROP CONSTRAINT "{name}"', f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {other}'
            ) as found:
                assert len(found) == 1, (name, other)
                assert found[0][1] in (name, table)
        tried += 1
    assert tried > 60


def test_every_column_that_is_never_empty_is_named_when_it_may_be(almighty: None) -> None:
    keys = {(row[0], column) for row in rows(CONSTRAINTS) if row[2] == "p" for column in row[4]}
    tried = 0
    for table, expected in rules.by_models().items():
        for column in sorted(column for column in expected.filled if (table, column) not in keys):
            with undone(f'ALTER TABLE {table} ALTER COLUMN "{column}" DROP NOT NULL') as found:
                assert names(found) == {f"{table}.{column}"}
            tried += 1
    assert tried > 300


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
        ("CREATE OR REPLACE VIEW ledger_seal_event_content AS SELECT id, xid, ARRAY['event'] AS fields FROM ledger_event",
         "ledger_seal_event_content"),
        ("CREATE FUNCTION ledger_mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "ledger_mine"),
        ("CREATE VIEW ledger_mine AS SELECT 1", "ledger_mine"),
        ("DELETE FROM django_migrations WHERE app = 'ledger' AND name = '0007_monitors'", "ledger.0007_monitors"),
        ("INSERT INTO django_migrations (app, name, applied) VALUES ('ledger', '9999_mine', now())", "ledger.9999_mine"),
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
    execute("CREATE OR REPLACE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_ledger", stdout=out)
    assert "function ledger_append_only: is not as the migrations put it: body" in out.getvalue()
