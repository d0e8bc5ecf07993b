"""Whether anybody may do more with our tables and functions than `database_roles` grants, and whether the roles of app
and reader can become more than they are.

Where web and workers run as the owner of the tables nothing can be kept from them; that is said, and only what others
hold is looked at. Superusers are not looked at either: of them the guards and the seal tell. Reads the catalogue only.
"""

from collections.abc import Iterator

from django.conf import settings

from ledger.checks.guards.standing import Found, rows
from ledger.database_rights import OURS, PUBLIC_FUNCTIONS, owner_name, readable, role_names, table_rights

_OUR_NAMES = f"^({'|'.join(sorted(OURS))})_"
POWERS = ("SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS")
# Whoever is a member of these writes past all rights.
_OVER_ALL = ("pg_write_all_data", "pg_execute_server_program", "pg_write_server_files")

_OWNERS = """
    SELECT x.kind, x.name, r.rolname::text
      FROM (SELECT 'table' AS kind, c.relname::text AS name, c.relowner AS owner FROM pg_class c
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relname ~ %s AND c.relkind IN ('r', 'v', 'S')
            UNION ALL
            SELECT 'function', p.proname::text, p.proowner FROM pg_proc p
             WHERE p.pronamespace = current_schema()::regnamespace AND p.proname ~ %s) x
      LEFT JOIN pg_roles r ON r.oid = x.owner
     WHERE r.rolname IS DISTINCT FROM %s
"""
# Rights on whole tables and on columns, of whoever is not the owner.
_TABLE_RIGHTS = """
    SELECT x.kind::text, x.name, coalesce(r.rolname::text, 'PUBLIC'), x.privilege, x.grantable
      FROM (SELECT c.relkind AS kind, c.relname::text AS name, c.relowner AS owner, g.grantee,
                   g.privilege_type AS privilege, g.is_grantable AS grantable
              FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'v', 'S')
            UNION ALL
            SELECT c.relkind, c.relname::text, c.relowner, g.grantee, g.privilege_type, g.is_grantable
              FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL
             CROSS JOIN LATERAL aclexplode(a.attacl) g
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'v')) x
      LEFT JOIN pg_roles r ON r.oid = x.grantee
     WHERE x.grantee <> x.owner
"""
_FUNCTION_RIGHTS = """
    SELECT p.proname::text, coalesce(r.rolname::text, 'PUBLIC'), g.is_grantable
      FROM pg_proc p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
      LEFT JOIN pg_roles r ON r.oid = g.grantee
     WHERE p.pronamespace = current_schema()::regnamespace AND p.proname ~ %s AND p.prosecdef
       AND g.grantee <> p.proowner
"""
_PLACE_RIGHTS = """
    SELECT 'schema', n.nspname::text, coalesce(r.rolname::text, 'PUBLIC'), g.privilege_type
      FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
     WHERE n.oid = current_schema()::regnamespace AND g.privilege_type = 'CREATE' AND g.grantee <> n.nspowner
    UNION ALL
    SELECT 'database', d.datname::text, coalesce(r.rolname::text, 'PUBLIC'), g.privilege_type
      FROM pg_database d CROSS JOIN LATERAL aclexplode(d.datacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
     WHERE d.datname = current_database() AND g.privilege_type = 'CREATE' AND g.grantee <> d.datdba
    UNION ALL
    SELECT 'default right', coalesce(n.nspname::text, 'every schema'), coalesce(r.rolname::text, 'PUBLIC'),
           g.privilege_type
      FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) g
      LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace LEFT JOIN pg_roles r ON r.oid = g.grantee
     WHERE g.grantee <> d.defaclrole AND (g.privilege_type <> 'SELECT' OR g.grantee = 0)
       AND (d.defaclnamespace = 0 OR n.oid = current_schema()::regnamespace)
       AND NOT (d.defaclobjtype IN ('f', 'T') AND g.grantee = 0)
    UNION ALL
    SELECT 'parameter', a.parname, coalesce(r.rolname::text, 'PUBLIC'), g.privilege_type
      FROM pg_parameter_acl a CROSS JOIN LATERAL aclexplode(a.paracl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
     WHERE a.parname IN ('session_replication_role', 'allow_system_table_mods') AND r.rolsuper IS NOT TRUE
"""
# Who is a member of what, directly or not, and can act as it.
_MEMBERS = """
    WITH RECURSIVE member AS (
        SELECT m.member, m.roleid FROM pg_auth_members m WHERE m.inherit_option OR m.set_option
        UNION
        SELECT x.member, m.roleid FROM member x JOIN pg_auth_members m ON m.member = x.roleid
         WHERE m.inherit_option OR m.set_option
    )
    SELECT u.rolname::text, g.rolname::text FROM member x
      JOIN pg_roles u ON u.oid = x.member JOIN pg_roles g ON g.oid = x.roleid
     WHERE NOT u.rolsuper AND (u.rolname = ANY (%s) OR g.rolname = ANY (%s)) AND u.rolname NOT LIKE 'pg\\_%%'
"""
_POWERS = """
    SELECT rolname::text, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
      FROM pg_roles WHERE rolname = ANY (%s)
"""
# A setting of a role or of the database with which no trigger fires, or test databases may be emptied.
_SETTINGS = """
    SELECT coalesce(r.rolname::text, current_database()::text), split_part(c.setting, '=', 1)
      FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS c (setting)
      LEFT JOIN pg_roles r ON r.oid = s.setrole
     WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
       AND split_part(c.setting, '=', 1) IN ('session_replication_role', 'ledger.allow_truncate', 'pgtrigger.ignore')
"""


def find() -> list[Found]:
    """Every right, power and membership beyond what is granted: kind, name, who holds what."""
    owner = owner_name()
    app, reader = role_names(owner)
    return [
        *_owners(owner),
        *_tables(owner, app, reader),
        *_functions(app),
        *((kind, name, f"{who} may {privilege}") for kind, name, who, privilege in rows(_PLACE_RIGHTS) if who != owner),
        *_members(owner, app, reader),
        *_powers(app, reader),
        *(("role", role, f"sets {name}, with which guards do not fire") for role, name in rows(_SETTINGS)),
    ]


def note() -> str:
    """What cannot be looked for here, in words; "" where the roles are apart."""
    owner = owner_name()
    app, _ = role_names(owner)
    if settings.DATABASE_ROLE_NAMES["app"] == owner or not rows("SELECT FROM pg_roles WHERE rolname = %s", app):
        return f"Web and workers run as the owner of the tables ({owner}): nothing is kept from them."
    if rows("SELECT FROM pg_roles WHERE rolname = %s AND rolsuper", owner):
        return f"The owner of the tables ({owner}) is a superuser: the guards cannot stop it."
    return ""


def _owners(owner: str) -> Iterator[Found]:
    for kind, name, whose in rows(_OWNERS, _OUR_NAMES, _OUR_NAMES, owner):
        yield kind, name, f"belongs to {whose}, not to {owner}"


def _tables(owner: str, app: str, reader: str) -> Iterator[Found]:
    """What a grantee may do with a table, a view or a sequence beyond what it was given."""
    rights = table_rights()
    found = set()
    for kind, name, who, privilege, grantable in rows(_TABLE_RIGHTS):
        if who == owner or not (name in rights or name.partition("_")[0] in OURS):
            continue
        if who == app:
            allowed = {"r": rights.get(name, ("SELECT",)), "S": ("USAGE",), "v": ("SELECT",)}[kind]
        else:
            allowed = ("SELECT",) if kind != "r" or readable(name) else ()
        if privilege not in allowed or (grantable and who in (app, reader)):
            found.add((name, f"{who} may {privilege}{' and pass it on' if grantable else ''}"))
    yield from (("right", name, wrong) for name, wrong in sorted(found))


def _functions(app: str) -> Iterator[Found]:
    for name, who, grantable in rows(_FUNCTION_RIGHTS, _OUR_NAMES):
        if who != app or name not in PUBLIC_FUNCTIONS or grantable:
            yield "right", name, f"{who} may EXECUTE{' and pass it on' if grantable else ''}, with its owner's rights"


def _members(owner: str, app: str, reader: str) -> Iterator[Found]:
    """Whoever else is a member of our roles can do what they can; app and reader are members of nothing."""
    ours = [app, reader]
    for who, group in rows(_MEMBERS, ours, [owner, *ours, *_OVER_ALL]):
        if who != owner:
            yield "role", who, f"is a member of {group}"


def _powers(app: str, reader: str) -> Iterator[Found]:
    for who, *powers in rows(_POWERS, [app, reader]):
        for word, has in zip(POWERS, powers, strict=True):
            if has:
                yield "role", who, f"is {word}"
