"""Somebody was given more than `database_roles` gives: `verify_ledger` says who, and on what."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection, transaction

from ledger import invariants
from ledger.checks import grants
from ledger.database_rights import APP, READER
from ledger.management.commands.verify_ledger import as_json, as_table
from tests.integration.ledger.conftest import superuser

pytestmark = pytest.mark.django_db

DEFINER = """SELECT p.oid::regprocedure::text, p.proname::text FROM pg_proc p
              WHERE p.prosecdef AND p.pronamespace = current_schema()::regnamespace"""
RIGHTS = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
HISTORY = ("ledger_entry", "ledger_transaction", "ledger_event", "ledger_seal", "ledger_checkpoint", "ledger_balance",
           "ledger_verification", "payments_approval")  # fmt: skip


@pytest.fixture(autouse=True)
def almighty() -> Iterator[None]:
    with superuser():
        execute("CREATE ROLE mallory LOGIN")
        yield


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def found_after(*statements: str) -> list[tuple[str, str]]:
    """Name and detail of everything that is found after the statements; then they are undone."""
    with transaction.atomic():
        for sql in statements:
            execute(sql)
        found = [(name, detail) for _, name, detail in grants.find()]
        transaction.set_rollback(True)
    return found


def test_what_the_command_gives_is_all_that_anybody_has() -> None:
    assert grants.find() == []
    assert grants.note() == ""


@pytest.mark.parametrize("who", ["mallory", "PUBLIC", READER, APP])
@pytest.mark.parametrize("table", HISTORY)
def test_a_right_to_write_is_named(table: str, who: str) -> None:
    for right in RIGHTS:
        given = who == APP and right == "INSERT" and table in ("ledger_event", "payments_approval")
        expected = [] if given else [(table, f"{who} may {right}")]
        assert found_after(f"GRANT {right} ON {table} TO {who}") == expected


@pytest.mark.parametrize("who", ["mallory", "PUBLIC", READER, APP])
def test_a_right_to_write_one_column_is_named(who: str) -> None:
    assert found_after(f"GRANT UPDATE (amount), INSERT (amount) ON ledger_entry TO {who}") == [
        ("ledger_entry", f"{who} may INSERT"),
        ("ledger_entry", f"{who} may UPDATE"),
    ]
    assert found_after(f"GRANT REFERENCES (id) ON ledger_event TO {who}") == [("ledger_event", f"{who} may REFERENCES")]


def test_a_right_on_every_table_of_ours_is_named() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s", [grants._OUR_NAMES])
        tables = {name for (name,) in cursor.fetchall()}
    assert len(tables) > 55
    found = found_after("GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO mallory")
    assert {name for name, detail in found if detail == "mallory may TRUNCATE"} >= tables


def test_every_function_with_its_owners_rights_is_named_when_others_may_call_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute(DEFINER)
        functions = cursor.fetchall()
    assert len(functions) > 20
    for signature, name in functions:
        for who in ("mallory", "PUBLIC", READER):
            assert found_after(f"GRANT EXECUTE ON FUNCTION {signature} TO {who}") == [
                (name, f"{who} may EXECUTE, with its owner's rights")
            ]
    inner = "ledger_account_status_told()"
    assert found_after(f"GRANT EXECUTE ON FUNCTION {inner} TO {APP}") == [
        (inner[:-2], f"{APP} may EXECUTE, with its owner's rights")
    ]


@pytest.mark.parametrize(
    ("change", "name", "detail"),
    [
        *((f"ALTER ROLE {role} {power}", role, f"is {power}") for role in (APP, READER) for power in grants.POWERS),
        (f"GRANT wherewithal_owner TO {APP}", APP, "is a member of wherewithal_owner"),
        (f"GRANT pg_write_all_data TO {APP}", APP, "is a member of pg_write_all_data"),
        (f"GRANT pg_monitor TO {READER}", READER, "is a member of pg_monitor"),
        ("GRANT wherewithal_owner TO mallory", "mallory", "is a member of wherewithal_owner"),
        (f"GRANT {APP} TO mallory", "mallory", f"is a member of {APP}"),
        ("GRANT pg_write_all_data TO mallory", "mallory", "is a member of pg_write_all_data"),
        ("CREATE ROLE team; GRANT wherewithal_owner TO team; GRANT team TO mallory", "mallory",
         "is a member of wherewithal_owner"),
        ("ALTER TABLE ledger_entry OWNER TO mallory", "ledger_event", "belongs to wherewithal_owner, not to mallory"),
        ("ALTER TABLE ledger_event OWNER TO mallory", "ledger_event", "belongs to mallory, not to wherewithal_owner"),
        ("ALTER FUNCTION ledger_post_batch OWNER TO postgres", "ledger_post_batch",
         "belongs to postgres, not to wherewithal_owner"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "public", "PUBLIC may CREATE"),
        (f"GRANT CREATE ON SCHEMA public TO {APP}", "public", f"{APP} may CREATE"),
        (f"ALTER DEFAULT PRIVILEGES FOR ROLE wherewithal_owner GRANT DELETE ON TABLES TO {APP}", "every schema",
         f"{APP} may DELETE"),
        ("ALTER DEFAULT PRIVILEGES FOR ROLE wherewithal_owner IN SCHEMA public GRANT INSERT ON TABLES TO mallory",
         "public", "mallory may INSERT"),
        (f"GRANT SET ON PARAMETER session_replication_role TO {APP}", "session_replication_role", f"{APP} may SET"),
        (f"ALTER ROLE {APP} SET session_replication_role = replica", APP,
         "sets session_replication_role, with which guards do not fire"),
        (f"GRANT UPDATE ON SEQUENCE ledger_event_id_seq TO {APP}", "ledger_event_id_seq", f"{APP} may UPDATE"),
        (f"GRANT INSERT ON ledger_event TO {APP} WITH GRANT OPTION", "ledger_event",
         f"{APP} may INSERT and pass it on"),
        ("GRANT INSERT ON ledger_seal_event_content TO mallory", "ledger_seal_event_content", "mallory may INSERT"),
        (f"GRANT SELECT ON payments_user TO {READER}", "payments_user", f"{READER} may SELECT"),
        ("GRANT SELECT ON payments_apikey TO PUBLIC", "payments_apikey", "PUBLIC may SELECT"),
    ],
)  # fmt: skip
def test_what_makes_a_role_more_than_it_is_is_named(change: str, name: str, detail: str) -> None:
    assert (name, detail) in found_after(change)


def test_who_may_only_read_what_the_reader_may_is_nobody_to_name() -> None:
    assert found_after("GRANT SELECT ON ledger_entry TO mallory") == []


def test_the_report_names_it_in_a_full_run_and_in_a_look_at_what_is_new() -> None:
    execute("GRANT UPDATE (amount) ON ledger_entry TO mallory")
    named = [f for f in invariants.run().findings if f.check == "grants"]
    assert [str(finding) for finding in named] == ["right ledger_entry: mallory may UPDATE"]
    report = as_table(invariants.run())
    assert "FAIL  Nobody but the owner may do more than is granted" in report


def test_where_one_login_does_everything_that_is_said_and_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    one = dict.fromkeys(("app", "reader"), "wherewithal_owner")
    monkeypatch.setattr(settings, "DATABASE_ROLE_NAMES", one)
    execute("ALTER ROLE wherewithal_owner SUPERUSER")
    assert grants.find() == []
    report = invariants.run()
    said = "Web and workers run as the owner of the tables (wherewithal_owner): nothing is kept from them."
    assert next(each.note for each in report.outcomes if each.name == "grants") == said
    assert f"        note: {said}" in as_table(report).splitlines()
    assert said in as_json(report)
    assert report.clean
    assert ("ledger_entry", "mallory may DELETE") in found_after("GRANT DELETE ON ledger_entry TO mallory")


def test_an_owner_who_is_a_superuser_is_said_too() -> None:
    execute("ALTER ROLE wherewithal_owner SUPERUSER")
    assert grants.note() == "The owner of the tables (wherewithal_owner) is a superuser: the guards cannot stop it."
