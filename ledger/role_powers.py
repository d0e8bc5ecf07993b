"""Taking away from a role of the database whatever it was given, so that it can then be granted what it needs.

Says which statements do it; runs none of them. Must be asked in the database where the rights are: those of other
databases are not seen.
"""

from collections.abc import Iterator

from django.db import connection

from ledger.database_rights import quoted

_POWERS = """
    SELECT concat_ws(' ', CASE WHEN rolsuper THEN 'NOSUPERUSER' END, CASE WHEN rolcreaterole THEN 'NOCREATEROLE' END,
                     CASE WHEN rolcreatedb THEN 'NOCREATEDB' END, CASE WHEN rolreplication THEN 'NOREPLICATION' END,
                     CASE WHEN rolbypassrls THEN 'NOBYPASSRLS' END)
      FROM pg_roles WHERE rolname = %s
"""
_MEMBERSHIPS = """
    SELECT format('REVOKE %%I FROM %%I GRANTED BY %%I CASCADE', g.rolname, u.rolname, b.rolname)
      FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member
      JOIN pg_roles b ON b.oid = m.grantor WHERE u.rolname = %s
"""
_SETTINGS = """
    SELECT format('ALTER ROLE %%I %%s RESET %%s', r.rolname,
                  CASE WHEN d.datname IS NOT NULL THEN format('IN DATABASE %%I', d.datname) END,
                  split_part(c.setting, '=', 1))
      FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS c (setting)
      JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
     WHERE r.rolname = %s
       AND split_part(c.setting, '=', 1) IN ('session_replication_role', 'ledger.allow_truncate', 'pgtrigger.ignore')
"""
_OWNS = """
    SELECT 1 FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid
     WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' AND r.rolname = %s
       AND s.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) LIMIT 1
"""
# Who gave what, and on which object; rights on columns go with those on their table.
_RIGHTS = """
    SELECT DISTINCT b.rolname::text, x.object
      FROM (SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::regclass AS object, g.*
              FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g
            UNION ALL
            SELECT 'TABLE ' || a.attrelid::regclass, g.* FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) g
             WHERE a.attacl IS NOT NULL
            UNION ALL
            SELECT 'ROUTINE ' || p.oid::regprocedure, g.* FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) g
             WHERE p.proacl IS NOT NULL
            UNION ALL
            SELECT format('SCHEMA %%I', n.nspname), g.* FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) g
            UNION ALL
            SELECT format('TYPE %%s', t.oid::regtype), g.* FROM pg_type t CROSS JOIN LATERAL aclexplode(t.typacl) g
            UNION ALL
            SELECT format('LANGUAGE %%I', l.lanname), g.* FROM pg_language l CROSS JOIN LATERAL aclexplode(l.lanacl) g
            UNION ALL
            SELECT format('FOREIGN SERVER %%I', s.srvname), g.*
              FROM pg_foreign_server s CROSS JOIN LATERAL aclexplode(s.srvacl) g
            UNION ALL
            SELECT format('FOREIGN DATA WRAPPER %%I', w.fdwname), g.*
              FROM pg_foreign_data_wrapper w CROSS JOIN LATERAL aclexplode(w.fdwacl) g
            UNION ALL
            SELECT format('LARGE OBJECT %%s', o.oid), g.*
              FROM pg_largeobject_metadata o CROSS JOIN LATERAL aclexplode(o.lomacl) g
            UNION ALL
            SELECT format('PARAMETER %%s', a.parname), g.*
              FROM pg_parameter_acl a CROSS JOIN LATERAL aclexplode(a.paracl) g) x
      JOIN pg_roles r ON r.oid = x.grantee JOIN pg_roles b ON b.oid = x.grantor
     WHERE r.rolname = %s ORDER BY 1, 2
"""
# To connect may well have been granted by hand; to make schemas is not for a role of ours.
_ON_DATABASE = """
    SELECT DISTINCT b.rolname::text, format('CREATE ON DATABASE %%I', d.datname)
      FROM pg_database d CROSS JOIN LATERAL aclexplode(d.datacl) g
      JOIN pg_roles r ON r.oid = g.grantee JOIN pg_roles b ON b.oid = g.grantor
     WHERE d.datname = current_database() AND g.privilege_type = 'CREATE' AND r.rolname = %s
"""
_DEFAULTS = """
    SELECT DISTINCT format('ALTER DEFAULT PRIVILEGES FOR ROLE %%I %%s REVOKE ALL ON %%s FROM %%I', b.rolname,
                  CASE WHEN n.nspname IS NOT NULL THEN format('IN SCHEMA %%I', n.nspname) END,
                  CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                                       WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END,
                  r.rolname)
      FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) g
      JOIN pg_roles r ON r.oid = g.grantee JOIN pg_roles b ON b.oid = d.defaclrole
      LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace WHERE r.rolname = %s
"""
# What everybody may do with what is ours: nothing. Functions that only read with their caller's rights stay open.
_EVERYBODYS = """
    SELECT DISTINCT 'REVOKE ALL ON ' || x.object || ' FROM PUBLIC'
      FROM (SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::regclass AS object
              FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL
             CROSS JOIN LATERAL (SELECT grantee FROM aclexplode(c.relacl)
                                 UNION SELECT grantee FROM aclexplode(a.attacl)) g
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relname ~ %s AND g.grantee = 0
            UNION ALL
            SELECT 'ROUTINE ' || p.oid::regprocedure
              FROM pg_proc p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
             WHERE p.pronamespace = current_schema()::regnamespace AND p.proname ~ %s AND p.prosecdef
               AND g.grantee = 0) x
    UNION ALL
    SELECT format('REVOKE CREATE ON SCHEMA %%I FROM PUBLIC', n.nspname)
      FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) g
     WHERE n.oid = current_schema()::regnamespace AND g.grantee = 0 AND g.privilege_type = 'CREATE'
"""


def handed_over(*, role: str, owner: str) -> Iterator[str]:
    """The statement after which the role owns nothing."""
    if _ask(_OWNS, role):
        yield f"REASSIGN OWNED BY {quoted(role)} TO {quoted(owner)}"


def taken_away(*, role: str, owner: str) -> Iterator[str]:
    """The statements after which the role, which owns nothing, may do nothing but log in."""
    for (powers,) in _ask(_POWERS, role):
        if powers:
            yield f"ALTER ROLE {quoted(role)} {powers}"
    for sql in (_MEMBERSHIPS, _SETTINGS):
        yield from (statement for (statement,) in _ask(sql, role))
    for grantor, thing in _ask(_RIGHTS, role):
        yield _as(grantor, f"REVOKE ALL ON {thing} FROM {quoted(role)}", owner)
    for grantor, thing in _ask(_ON_DATABASE, role):
        yield _as(grantor, f"REVOKE {thing} FROM {quoted(role)}", owner)
    yield from (statement for (statement,) in _ask(_DEFAULTS, role))


def taken_from_everybody(names: str) -> Iterator[str]:
    """The statements after which PUBLIC has no right on what is named like this (a regular expression)."""
    yield from (statement for (statement,) in _ask(_EVERYBODYS, names, names))


def _as(grantor: str, statement: str, owner: str) -> str:
    """A right is taken back by whoever gave it."""
    return statement if grantor == owner else f"SET LOCAL ROLE {quoted(grantor)}; {statement}; RESET ROLE"


def _ask(sql: str, *values: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()
