#!/usr/bin/env python
"""The command line. Starts the embedded servers where none are configured, and picks the database role.

A command that only reads code starts nothing; one that changes the schema runs as the owner of the tables;
everything else runs as the app, with exactly the rights that the web and the workers have.
"""

import os
import sys

# These look at code and settings only.
WITHOUT_SERVERS = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "show_urls",
    "simulate",
    "spectacular",
    "startapp",
    "version",
}
# These create or change tables, roles or whole databases.
AS_OWNER = {
    "database_roles",
    "flush",
    "inspectdb",
    "makemigrations",
    "migrate",
    "pgtrigger",
    "showmigrations",
    "sqlmigrate",
    "squashmigrations",
    "test",
}


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
    command = arguments[1] if len(arguments) > 1 else "help"
    if command in AS_OWNER:
        os.environ.setdefault("DATABASE_ROLE", "owner")
    if os.environ["DJANGO_SETTINGS_MODULE"] == "config.settings.development" and _needs_servers(command, arguments):
        from config import embedded
        from config.processes import ServerError

        try:
            embedded.hold()
        except ServerError as error:
            sys.exit(str(error))
    from django.core.management import execute_from_command_line

    execute_from_command_line(arguments)


def _needs_servers(command: str, arguments: list[str]) -> bool:
    reads_only = command in WITHOUT_SERVERS or command.startswith("-") or "--help" in arguments
    return not reads_only or "--database" in arguments


if __name__ == "__main__":
    main(sys.argv)
