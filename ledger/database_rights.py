"""What each role of the database may do: the table from which rights are granted and by which they are checked.

The app posts through functions and cannot rewrite history: over the ledger it has SELECT, EXECUTE on the public
functions, INSERT on accounts, events, the list of copies of checkpoints and the general ledger's mapping and exports,
and INSERT and UPDATE on balance monitors. Over other tables of ours it may insert and update; it may delete only where
a model says `deletable = True`, and not even update where one says `append_only = True`. The reader reads, but never
secrets. `docs/reference/database-roles.md` says it in words.
"""

from django.apps import apps
from django.conf import settings
from django.db import connection

OURS = {"ledger", "payments", "reconciliation", "portal"}
APP, READER = "wherewithal_app", "wherewithal_reader"  # where the settings name no role of their own
LEDGER_INSERTS = {
    "ledger_account",
    "ledger_event",
    "ledger_seal_copy",
    "ledger_gl_mapping",
    "ledger_gl_export",
    "ledger_balance_monitor",
}
LEDGER_UPDATES = {"ledger_balance_monitor"}
PUBLIC_FUNCTIONS = (
    "ledger_post",
    "ledger_post_batch",
    "ledger_resolve",
    "ledger_pending_extend",
    "ledger_reverse",
    "ledger_hold_place",
    "ledger_hold_resolve",
    "ledger_hold_extend",
    "ledger_account_set_status",
    "ledger_take_checkpoint",
    "ledger_take_block",
    "ledger_period_open",
    "ledger_period_close",
    "ledger_seal_next",
    "ledger_seal_close_day",
    "ledger_seal_checkpoint_add",
    "ledger_verified",
)
VIEWS = ("ledger_seal_event_content", "ledger_seal_transaction_content", "ledger_seal_entry_content")
# Never for reports: password hashes, second factors, sessions, key hashes.
SECRET_TABLES = {"payments_user", "payments_apikey", "payments_idempotencykey"}


def owner_name() -> str:
    """The role that owns the tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT r.rolname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner"
                       " WHERE c.oid = to_regclass('ledger_entry')")  # fmt: skip
        return str(cursor.fetchone()[0])


def role_names(owner: str) -> tuple[str, str]:
    """The roles of app and reader as the settings name them; the usual names where the settings name the owner of the
    tables for everything, as in a development database with one login."""
    named = settings.DATABASE_ROLE_NAMES
    app = named["app"] if named["app"] != owner else APP
    reader = named["reader"] if named["reader"] not in (owner, app) else READER
    return app, reader


def quoted(name: str) -> str:
    return str(connection.ops.quote_name(name))


def grants(*, app: str, reader: str) -> list[str]:
    """The GRANT statements for the tables that exist and the public functions."""
    statements = [
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app}",
        *(f"GRANT EXECUTE ON FUNCTION {name} TO {app}" for name in PUBLIC_FUNCTIONS),
    ]
    statements += [f"GRANT SELECT ON {name} TO {role}" for name in VIEWS for role in (app, reader)]
    rights = table_rights()
    for table in connection.introspection.table_names():
        statements.append(f"GRANT {', '.join(rights.get(table, ('SELECT',)))} ON {quoted(table)} TO {app}")
        if readable(table):
            statements.append(f"GRANT SELECT ON {quoted(table)} TO {reader}")
    return statements


def readable(table: str) -> bool:
    """The reader may read it."""
    return table.partition("_")[0] in OURS and table not in SECRET_TABLES


def table_rights() -> dict[str, tuple[str, ...]]:
    """What the app may do with each table."""
    rights: dict[str, tuple[str, ...]] = {}
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if model._meta.app_label == "ledger":
            rights[table] = ledger_rights(table)
        elif getattr(model, "append_only", False) or model.__name__.startswith("Historical"):
            rights[table] = ("SELECT", "INSERT")
        elif model._meta.app_label in OURS and not (model._meta.auto_created or getattr(model, "deletable", False)):
            rights[table] = ("SELECT", "INSERT", "UPDATE")
        else:
            rights[table] = ("SELECT", "INSERT", "UPDATE", "DELETE")
    return rights


def ledger_rights(table: str) -> tuple[str, ...]:
    if table in LEDGER_UPDATES:
        return "SELECT", "INSERT", "UPDATE"
    return ("SELECT", "INSERT") if table in LEDGER_INSERTS else ("SELECT",)
