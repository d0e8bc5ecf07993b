"""Grant the app and reader roles what they need and nothing more. Runs as the owner, after every migrate.

The app posts through functions and cannot rewrite history: over the ledger it has SELECT, EXECUTE on the public
functions, INSERT on accounts, events, the list of copies of checkpoints and the general ledger's mapping and exports,
and INSERT and UPDATE on balance monitors and what the last verification found. Over other tables of ours it may insert
and update; it may delete only where a model says `deletable = True`, and not even update where one says
`append_only = True`. The reader reads, but never secrets. `docs/reference/database-roles.md` says it in words.
"""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction

from ledger.database_rights import grants, quoted

class Command(BaseCommand):
    help = "Grant the database roles of app and reader their rights. Run as the owner of the tables."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--app", default="wherewithal_app", help="role of web and workers")
        parser.add_argument("--reader", default="wherewithal_reader", help="role of reports")

    def handle(self, *args: Any, app: str, reader: str, **options: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for role in (app, reader):
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE ROLE {quoted(role)} LOGIN")
                cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {quoted(role)}")
                cursor.execute(f"GRANT USAGE ON SCHEMA public TO {quoted(role)}")
            for statement in grants(app=quoted(app), reader=quoted(reader)):
                cursor.execute(statement)
        if options["verbosity"]:
            self.stdout.write(f"Rights granted to {app} and {reader}.")
