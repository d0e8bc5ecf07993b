"""The roles as the catalogue has them, tried by connecting as each: what is added to the ledger falls under this."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from ledger import database_rights as database_roles
from tests.integration.ledger.conftest import raw

pytestmark = pytest.mark.django_db(transaction=True)

NO_RIGHT = "42501"
# Functions that only read or only compute, with the caller's own rights.
HARMLESS = {
    "ledger_refuse", "ledger_sums", "ledger_balance_now", "ledger_as_of", "ledger_seq_at", "ledger_seal_time",
    "ledger_seal_link", "ledger_seal_merkle", "ledger_house_as_of", "ledger_statement", "ledger_trial_balance",
    "ledger_period_digest", "ledger_accounts_between", "ledger_digest", "ledger_quoted", "ledger_time_text",
    "ledger_day_starts", "ledger_day_lock", "ledger_account_in", "ledger_hour_sums", "ledger_sum_below",
    "ledger_sum_steps",
    "ledger_checkpoint_before", "ledger_checkpoint_blocks", "ledger_checkpoint_running",
    "ledger_backdated_between", "ledger_backdated_sums", "ledger_effective_high", "ledger_seq_effective",
}  # fmt: skip
TABLES = """
    SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relname LIKE 'ledger\\_%'
       AND relnamespace = current_schema()::regnamespace ORDER BY 1
"""
FUNCTIONS = """
    SELECT p.proname, p.oid::regprocedure::text, p.prosecdef, p.provolatile, p.prorettype = 'trigger'::regtype
      FROM pg_proc p WHERE p.proname LIKE 'ledger\\_%' AND p.pronamespace = current_schema()::regnamespace ORDER BY 1
"""


@pytest.fixture
def app() -> Iterator[psycopg.Connection[Any]]:
    with raw("app") as opened:
        yield opened


@pytest.fixture
def reader() -> Iterator[psycopg.Connection[Any]]:
    with raw("reader") as opened:
        yield opened


def refusal(role: psycopg.Connection[Any], sql: str) -> str:
    """The SQLSTATE of the refusal; "passed" when there was none, and then nothing remains of it."""
    try:
        with role.transaction():
            role.execute(sql)
            raise psycopg.Rollback
    except psycopg.Error as error:
        return str(error.sqlstate)
    return "passed"


def tables(role: psycopg.Connection[Any]) -> list[str]:
    found = [name for (name,) in role.execute(TABLES).fetchall()]
    assert len(found) >= 15
    return found


def test_the_app_can_write_to_no_table_of_the_ledger_but_those_that_its_rights_name(app: Any) -> None:
    allowed = {}
    for table in tables(app):
        rights = "SELECT has_table_privilege(current_user, %s, right_) FROM unnest(%s::text[]) right_"
        names = ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
        found = [row[0] for row in app.execute(rights, [table, names]).fetchall()]
        columns = app.execute(
            "SELECT count(*) FROM information_schema.column_privileges WHERE table_name = %s AND grantee = current_user"
            " AND privilege_type NOT IN ('SELECT', 'INSERT')", [table],
        ).fetchone()  # fmt: skip
        allowed[table] = {name for name, may in zip(names, found, strict=True) if may}
        if table not in database_roles.LEDGER_UPDATES:
            assert columns == (0,), f"a column of {table} may be changed"
    expected = {table: {"INSERT"} for table in database_roles.LEDGER_INSERTS}
    expected |= {table: {"INSERT", "UPDATE"} for table in database_roles.LEDGER_UPDATES}
    assert {table: rights for table, rights in allowed.items() if rights} == expected


def test_every_way_to_rewrite_a_table_is_refused_to_the_app(app: Any) -> None:
    for table in tables(app):
        for sql in (
            f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE", f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"ALTER TABLE {table} DISABLE TRIGGER USER", f"DROP TABLE {table} CASCADE",
            f"CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION ledger_append_only()",
            f"CREATE RULE mine AS ON INSERT TO {table} DO INSTEAD NOTHING",
            f"ALTER TABLE {table} OWNER TO CURRENT_USER",
            f"GRANT ALL ON {table} TO CURRENT_USER", f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
            f"COMMENT ON TABLE {table} IS 'mine'", f"CREATE INDEX ON {table} ((1))",
        ):  # fmt: skip
            # With nothing to give, GRANT is a warning; who may update a table may lock it.
            harmless = sql.startswith("GRANT") or (sql.startswith("LOCK") and table in database_roles.LEDGER_UPDATES)
            assert refusal(app, sql) == NO_RIGHT or harmless, sql
    assert app.execute("SELECT has_table_privilege(current_user, 'ledger_entry', 'UPDATE')").fetchone() == (False,)


def test_nobody_becomes_somebody_else(app: Any, reader: Any) -> None:
    for role in (app, reader):
        for sql in (
            "SET session_replication_role = replica", "SET ROLE wherewithal_owner",
            "SET SESSION AUTHORIZATION postgres",
            "ALTER ROLE CURRENT_USER SUPERUSER", "CREATE ROLE mine SUPERUSER", "ALTER SYSTEM SET fsync = off",
            "COPY ledger_kind TO PROGRAM 'cat'", "SELECT pg_read_file('PG_VERSION')",
            "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE TABLE ledger_mine (id int)", "ALTER FUNCTION ledger_append_only() OWNER TO CURRENT_USER",
            "CREATE OR REPLACE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NEW; END'",
            "DROP VIEW ledger_seal_event_content CASCADE",
        ):  # fmt: skip
            assert refusal(role, sql) not in ("passed",), sql


def test_numbers_of_transactions_and_times_cannot_be_forged(app: Any) -> None:
    forged = """INSERT INTO ledger_event (type, object_ref, client_ref, actor, person, on_behalf_of, device, request_id,
                                          occurred_at, recorded_at, xid)
                VALUES ('forged', 'x', '', 'y', '', '', '', '', now(), '2001-01-01', 3) RETURNING xid, recorded_at"""
    xid, recorded = app.execute(forged).fetchone()
    assert xid > 3
    assert recorded.year > 2001
    for table in ("ledger_transaction", "ledger_entry", "ledger_seal", "ledger_seal_root", "ledger_seal_checkpoint"):
        assert refusal(app, f"INSERT INTO {table} SELECT * FROM {table}") == NO_RIGHT


def test_only_the_public_functions_can_be_called(app: Any, reader: Any) -> None:
    seen = set()
    for name, signature, definer, volatile, trigger in app.execute(FUNCTIONS).fetchall():
        may = "SELECT has_function_privilege(current_user, %s, 'EXECUTE')"
        public = name in database_roles.PUBLIC_FUNCTIONS
        assert app.execute(may, [signature]).fetchone() == (public or name in HARMLESS,), signature
        assert reader.execute(may, [signature]).fetchone() == (name in HARMLESS,), signature
        if name in HARMLESS:
            assert not definer, signature
            assert not trigger, signature
            assert volatile != "v" or name == "ledger_refuse", signature
        seen.add(name)
    assert seen >= HARMLESS | set(database_roles.PUBLIC_FUNCTIONS)


def test_the_reader_reads_everything_but_secrets_and_writes_nothing(reader: Any) -> None:
    sql = """SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
                AND relname ~ '^(ledger|payments|reconciliation|portal)_'"""
    names = [name for (name,) in reader.execute(sql).fetchall()]
    assert len(names) > 30
    for name in names:
        expected = NO_RIGHT if name in database_roles.SECRET_TABLES else "passed"
        assert refusal(reader, f"SELECT 1 FROM {name} LIMIT 1") == expected, name
        for sql in (f"INSERT INTO {name} DEFAULT VALUES", f"DELETE FROM {name}", f"TRUNCATE {name} CASCADE"):
            assert refusal(reader, sql) == NO_RIGHT, sql
    for view in database_roles.VIEWS:
        assert refusal(reader, f"SELECT 1 FROM {view} LIMIT 1") == "passed"
    for call in ("ledger_seal_next(1)", "ledger_seal_close_day(current_date)", "ledger_take_checkpoint(1)"):
        assert refusal(reader, f"SELECT {call}") == NO_RIGHT


def test_the_app_seals_only_through_its_function(app: Any) -> None:
    app.execute("SET client_encoding = 'UTF8'")
    assert app.execute("SELECT busy FROM ledger_seal_next(1)").fetchone() == (False,)
    app.execute("SET client_encoding = 'LATIN1'")
    assert refusal(app, "SELECT ledger_seal_next(1)") == "LG000"


def test_the_owner_too_is_stopped_by_the_guards() -> None:
    with raw("app") as session:
        session.execute("INSERT INTO ledger_event (type, object_ref, client_ref, actor, person, on_behalf_of, device,"
                        " request_id, occurred_at, recorded_at, xid) VALUES ('x', 'x', '', 'y', '', '', '', '', now(),"
                        " now(), 0)")  # fmt: skip
    with raw("owner") as owner:
        owner.execute("SELECT ledger_seal_next(10)")
        for sql in ("DELETE FROM ledger_event", "UPDATE ledger_event SET actor = 'z'", "TRUNCATE ledger_seal CASCADE"):
            assert refusal(owner, sql) == "LG000", sql
