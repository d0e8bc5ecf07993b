"""Bring the database to what the code expects: migrations, then the rights of the app and reader roles.

One process for both, as the owner of the tables, because starting Django twice costs more than the work
itself.
"""

from config import env as environment


def main() -> None:
    environment.default("DJANGO_SETTINGS_MODULE", "config.settings.development")
    environment.export({"DATABASE_ROLE": "owner"})
    import django
    from django.core.management import call_command, get_commands

    django.setup()
    call_command("migrate", interactive=False, verbosity=1)
    if "database_roles" in get_commands():
        call_command("database_roles", verbosity=0)


if __name__ == "__main__":
    main()
