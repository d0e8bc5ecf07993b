"""`database_roles` on roles that had everything: afterwards each, connecting as itself, does what it should only."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger import role_powers
from ledger.checks import grants
from ledger.database_rights import PUBLIC_FUNCTIONS, SECRET_TABLES

# Roles are the whole server's: what is given to them for a moment would be found in other tests' databases.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]

NO_RIGHT = "42501"
OWNER, APP, READER, OTHER = "spare_owner", "spare_app", "spare_reader", "spare_other"
FORMER = ("wherewithal_owner", "wherewithal_app", "wherewithal_reader")
EVERYTHING = """
    ALTER ROLE {0} SUPERUSER CREATEDB CREATEROLE REPLICATION BYPASSRLS;
    ALTER ROLE {0} SET session_replication_role = replica;
    ALTER ROLE {0} SET statement_timeout = '7s';
    GRANT wherewithal_owner, pg_write_all_data, pg_read_all_data, pg_monitor TO {0};
    GRANT spare_other TO {0} WITH ADMIN OPTION;
    GRANT ALL ON ALL TABLES IN SCHEMA public TO {0} WITH GRANT OPTION;
    GRANT UPDATE (amount), SELECT (id), REFERENCES (id) ON ledger_entry TO {0};
    GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {0};
    GRANT ALL ON ALL ROUTINES IN SCHEMA public TO {0} WITH GRANT OPTION;
    GRANT ALL ON SCHEMA public TO {0};
    GRANT ALL ON SCHEMA spare TO {0};
    GRANT UPDATE ON pg_catalog.pg_proc TO {0};
    GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO {0};
    GRANT SET ON PARAMETER session_replication_role TO {0};
    ALTER DEFAULT PRIVILEGES FOR ROLE wherewithal_owner IN SCHEMA public GRANT ALL ON TABLES TO {0};
    ALTER DEFAULT PRIVILEGES FOR ROLE wherewithal_owner GRANT ALL ON FUNCTIONS TO {0};
    ALTER DEFAULT PRIVILEGES FOR ROLE wherewithal_owner GRANT ALL ON SEQUENCES TO {0};
    CREATE TABLE {0}_own (id int);
    ALTER TABLE {0}_own OWNER TO {0};
    SET ROLE spare_other;
    GRANT SELECT, DELETE ON ledger_event TO {0};
    RESET ROLE
"""


def connect(role: str) -> psycopg.Connection[Any]:
    address = make_conninfo(os.environ["DATABASE_SUPERUSER_URL"], user=role, dbname=connection.settings_dict["NAME"])
    return psycopg.connect(address, autocommit=True)


def refusal(role: psycopg.Connection[Any], sql: str) -> str:
    try:
        with role.transaction():
            role.execute(sql)
            raise psycopg.Rollback
    except psycopg.Error as error:
        return str(error.sqlstate)
    return "passed"


@contextmanager
def running_as(role: str) -> Iterator[None]:
    """Inside, Django speaks as this role, and what it writes stays."""
    ours = connections["default"]
    theirs = connections["default"] = type(ours)({**ours.settings_dict, "USER": role, "PASSWORD": ""}, "default")
    try:
        yield
    finally:
        theirs.close()
        connections["default"] = ours


def almighty() -> str:
    return str(conninfo_to_dict(os.environ["DATABASE_SUPERUSER_URL"])["user"])


@pytest.fixture
def spare(superuser_connection: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection, and roles that may be given anything; in the end they are gone."""
    run = superuser_connection.execute
    for name in (APP, READER, OTHER):
        run(f"CREATE ROLE {name} LOGIN")  # type: ignore[call-overload]
    run("CREATE SCHEMA spare")
    run(f"GRANT SELECT, DELETE ON ledger_event TO {OTHER} WITH GRANT OPTION")
    try:
        yield superuser_connection
    finally:
        with running_as(almighty()):
            call_command("database_roles", owner=FORMER[0], app=FORMER[1], reader=FORMER[2], verbosity=0)
        run("DROP SCHEMA spare")
        for name in (APP, READER, OTHER, OWNER):
            if run("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
                run(f"REASSIGN OWNED BY {name} TO {FORMER[0]}; DROP OWNED BY {name} CASCADE; DROP ROLE {name}")
        run(f"DROP TABLE IF EXISTS {APP}_own, {READER}_own")


def rights(run: Any, role: str) -> tuple[Any, ...]:
    """Everything that the role has in this database and on the server."""
    return (
        run("SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles"
            " WHERE rolname = %s", [role]).fetchone(),
        run("SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole", [role]).fetchone(),
        run("SELECT table_name, privilege_type, is_grantable FROM information_schema.table_privileges"
            " WHERE grantee = %s AND table_name !~ '^spare_' ORDER BY 1, 2", [role]).fetchall(),
        run("SELECT p.oid::regprocedure::text, g.is_grantable FROM pg_proc p, aclexplode(p.proacl) g"
            " WHERE g.grantee = %s::regrole ORDER BY 1", [role]).fetchall(),
        run("SELECT n.nspname, g.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) g"
            " WHERE g.grantee = %s::regrole ORDER BY 1, 2", [role]).fetchall(),
        run("SELECT count(*) FROM pg_default_acl d, aclexplode(d.defaclacl) g WHERE g.grantee = %s::regrole",
            [role]).fetchone(),
        run("SELECT count(*) FROM pg_parameter_acl d, aclexplode(d.paracl) g WHERE g.grantee = %s::regrole",
            [role]).fetchone(),
        run("SELECT count(*) FROM pg_attribute a, aclexplode(a.attacl) g WHERE g.grantee = %s::regrole",
            [role]).fetchone(),
        run("SELECT c.relname, g.privilege_type FROM pg_class c, aclexplode(c.relacl) g WHERE c.relkind = 'S'"
            " AND g.grantee = %s::regrole ORDER BY 1, 2", [role]).fetchall(),
        run("SELECT setconfig FROM pg_db_role_setting WHERE setrole = %s::regrole", [role]).fetchall(),
    )  # fmt: skip


def test_roles_that_had_everything_have_what_they_need_and_nothing_more(spare: Any) -> None:
    for role in (APP, READER):
        spare.execute(EVERYTHING.format(role))
        with connect(role) as had:
            assert refusal(had, "ALTER TABLE ledger_entry DISABLE TRIGGER ALL") == "passed"
    with running_as(almighty()):
        call_command("database_roles", app=APP, reader=READER, verbosity=0)
    for role, former in ((APP, FORMER[1]), (READER, FORMER[2])):
        has, should = rights(spare.execute, role), rights(spare.execute, former)
        assert has[:-1] == should[:-1], role
        assert has[-1] == [(["statement_timeout=7s"],)]
        assert has[0] == (False,) * 5
        with connect(role) as now:
            for sql in (
                "UPDATE ledger_entry SET amount = 1", "DELETE FROM ledger_event", "TRUNCATE ledger_event CASCADE",
                "ALTER TABLE ledger_entry DISABLE TRIGGER ALL", "SET session_replication_role = replica",
                "SET ROLE wherewithal_owner", "SET ROLE spare_other", "CREATE ROLE more", "CREATE TABLE more (id int)",
                "CREATE SCHEMA more", "CREATE TABLE spare.more (id int)", "SELECT pg_read_file('PG_VERSION')",
                "UPDATE pg_proc SET prosrc = ''", "SELECT setval('ledger_event_id_seq', 1)", f"DELETE FROM {role}_own",
                "INSERT INTO ledger_entry DEFAULT VALUES", "UPDATE ledger_verification SET passed = true",
                f"GRANT {OTHER} TO {role}",
            ):  # fmt: skip
                assert refusal(now, sql) == NO_RIGHT, (role, sql)
            assert refusal(now, "SELECT amount FROM ledger_entry") == "passed"
    with connect(APP) as now:
        assert refusal(now, "SELECT ledger_seal_next(1)") == "passed"
        assert refusal(now, f"SELECT 1 FROM {min(SECRET_TABLES)}") == "passed"
    with connect(READER) as now:
        for table in SECRET_TABLES:
            assert refusal(now, f"SELECT 1 FROM {table}") == NO_RIGHT
        for name in PUBLIC_FUNCTIONS:
            may = now.execute(
                "SELECT bool_or(has_function_privilege(oid, 'EXECUTE')) FROM pg_proc WHERE proname = %s", [name]
            )
            assert may.fetchone() == (False,), name


def test_running_it_again_takes_nothing_and_gives_nothing(spare: Any) -> None:
    spare.execute(EVERYTHING.format(APP))
    with running_as(almighty()):
        call_command("database_roles", app=APP, reader=READER, verbosity=0)
        before = rights(spare.execute, APP), rights(spare.execute, READER)
        call_command("database_roles", app=APP, reader=READER, verbosity=0)
    assert (rights(spare.execute, APP), rights(spare.execute, READER)) == before
    call_command("database_roles", app=APP, reader=READER, verbosity=0)  # as the owner of the tables
    assert (rights(spare.execute, APP), rights(spare.execute, READER)) == before


def test_what_everybody_was_given_is_taken_back(spare: Any) -> None:
    spare.execute("GRANT INSERT ON ledger_entry TO PUBLIC")
    spare.execute("GRANT UPDATE (amount) ON ledger_entry TO PUBLIC")
    spare.execute("GRANT EXECUTE ON FUNCTION ledger_post_batch TO PUBLIC")
    spare.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
    assert len(grants.find()) >= 4
    call_command("database_roles", verbosity=0)
    assert [found for found in grants.find() if OTHER not in found[2]] == []


def test_the_owner_says_what_only_a_superuser_can_take_away_and_does_the_rest(spare: Any) -> None:
    spare.execute(f"ALTER ROLE {APP} SUPERUSER BYPASSRLS; GRANT pg_write_all_data TO {APP}")
    spare.execute(f"GRANT DELETE ON ledger_entry TO {APP}")
    with pytest.raises(CommandError) as refused:
        call_command("database_roles", app=APP, reader=READER, verbosity=0)
    said = str(refused.value)
    assert f'ALTER ROLE "{APP}" NOSUPERUSER NOBYPASSRLS' in said
    assert f"REVOKE pg_write_all_data FROM {APP}" in said
    for statement in said.partition("\n")[2].split(";\n"):
        spare.execute(statement)
    assert list(role_powers.taken_away(role=APP, owner=FORMER[0])) != []  # what it needs
    with connect(APP) as now:
        assert refusal(now, "DELETE FROM ledger_entry") == NO_RIGHT
        assert refusal(now, "SELECT ledger_seal_next(1)") == "passed"
    call_command("database_roles", app=APP, reader=READER, verbosity=0)


def test_roles_and_an_owner_that_are_missing_are_made_by_a_superuser(spare: Any) -> None:
    with pytest.raises(CommandError, match=f'CREATE ROLE "{OWNER}"'):
        call_command("database_roles", owner=OWNER, app=APP, reader=READER, verbosity=0)
    spare.execute(f"DROP ROLE {READER}")
    with running_as(almighty()):
        call_command("database_roles", owner=OWNER, app=APP, reader=READER, verbosity=0)
        owners = spare.execute("SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relname ~ '^ledger_'")
        assert owners.fetchall() == [(OWNER,)]
    with running_as(OWNER):
        call_command("database_roles", app=APP, reader=READER, verbosity=0)
    with connect(OWNER) as owner, connect(READER) as reader, connect(APP) as app:
        assert refusal(owner, "DELETE FROM ledger_event WHERE false") == "passed"
        assert refusal(owner, "CREATE TABLE more (id int)") == "passed"
        assert refusal(reader, "SELECT 1 FROM ledger_entry") == "passed"
        assert refusal(app, "SELECT ledger_seal_next(1)") == "passed"


@pytest.mark.parametrize("named", [{"app": FORMER[0]}, {"app": APP, "reader": APP}, {"owner": APP, "app": APP}])
def test_three_roles_are_three(spare: Any, named: dict[str, str]) -> None:
    with pytest.raises(CommandError, match="three roles"):
        call_command("database_roles", verbosity=0, **named)
