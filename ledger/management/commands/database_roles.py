"""Set up the roles of the database: the owner of the tables, the app and the reader. Runs after every migrate.

App and reader lose whatever they had (powers, memberships, rights on tables, columns, functions, schemas and
parameters, default rights, what they own) and get what `ledger.database_rights` says and nothing more. May run again at
any time; as the owner, or as a superuser where a role is missing or has what only a superuser can take away.
"""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection, transaction

from ledger import role_powers
from ledger.database_rights import OURS, grants, owner_name, quoted, role_names

_OUR_NAMES = f"^_?({'|'.join(sorted(OURS))})_"
_NOT_OURS = """
    SELECT format('ALTER %%s %%s OWNER TO %%I', x.kind, x.name, %s::text)
      FROM (SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
                   c.oid::regclass::text AS name, c.relowner AS owner
              FROM pg_class c
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'v', 'S')
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e')
                                  AND d.classid = 'pg_class'::regclass)
            UNION ALL
            SELECT 'ROUTINE', p.oid::regprocedure::text, p.proowner FROM pg_proc p
             WHERE p.pronamespace = current_schema()::regnamespace
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
            UNION ALL
            SELECT 'DATABASE', quote_ident(d.datname), d.datdba
              FROM pg_database d WHERE d.datname = current_database()) x
     WHERE x.owner <> %s::regrole
"""


class Command(BaseCommand):
    help = "Set up the database roles of owner, app and reader: what each may do, and nothing more."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--owner", help="role that owns the tables (default: the one that does)")
        parser.add_argument("--app", help="role of web and workers (default: as in DATABASE_URL)")
        parser.add_argument("--reader", help="role of reports (default: as in DATABASE_READER_URL)")

    def handle(self, *args: Any, owner: str | None, app: str | None, reader: str | None, **options: Any) -> None:
        owner = owner or owner_name()
        named_app, named_reader = role_names(owner)
        app, reader = app or named_app, reader or named_reader
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            (me,) = cursor.fetchone()
        if len({owner, app, reader}) < 3 or me in (app, reader):
            raise CommandError(f"Owner, app and reader are three roles, and this runs as none but the first: {me}.")
        with transaction.atomic():
            left = self._set_up(owner, app, reader)
        if left:
            raise CommandError("Only a superuser can do the rest; run this as one, or let it say:\n" + ";\n".join(left))
        if options["verbosity"]:
            self.stdout.write(f"Tables belong to {owner}; rights granted to {app} and {reader}.")

    def _set_up(self, owner: str, app: str, reader: str) -> list[str]:
        """Do what this role may do; answers the statements that it may not."""
        left = [sql for role in (owner, app, reader) if not _exists(role) and not _done(sql := _creation(role))]
        if left:
            return left
        if owner != owner_name():
            left += _undone(_ask(_NOT_OURS, owner, quoted(owner)))
        for role in (app, reader):
            left += _undone(role_powers.handed_over(role=role, owner=owner))
            left += _undone(role_powers.taken_away(role=role, owner=owner))
        left += _undone(role_powers.taken_from_everybody(_OUR_NAMES))
        with connection.cursor() as cursor:
            cursor.execute(
                "; ".join(
                    [
                        *(f"GRANT USAGE ON SCHEMA public TO {quoted(role)}" for role in (app, reader)),
                        *grants(app=quoted(app), reader=quoted(reader)),
                    ]
                )
            )
        return left


def _exists(role: str) -> bool:
    return bool(_ask("SELECT rolname FROM pg_roles WHERE rolname = %s", role))


def _creation(role: str) -> str:
    return f"CREATE ROLE {quoted(role)} LOGIN"


def _undone(statements: Iterable[str]) -> list[str]:
    """Run them, each by itself where not all will do; answers those that this role may not."""
    found = list(statements)
    if not found or _done("; ".join(found)):
        return []
    return [sql for sql in found if not _done(sql)]


def _done(sql: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except Error as error:
        if getattr(error.__cause__, "sqlstate", None) != "42501":  # insufficient privilege
            raise
        return False
    return True


def _ask(sql: str, *values: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [text for (text,) in cursor.fetchall()]
