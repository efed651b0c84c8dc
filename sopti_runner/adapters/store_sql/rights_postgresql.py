"""Two roles on PostgreSQL: an owner that makes the tables, and the writer that sopti is.

The writer may add events and read them; it may not change, delete or truncate them, nor alter a table. Where the
writer is the owner, or a superuser, the rights hold nothing: ``weak_role`` says so, and a doctor shows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from sopti_runner.adapters.store_sql.schema import TABLES
from sopti_runner.errors import N_

_RIGHTS = {
    "schema_version": {"SELECT"},
    "event": {"SELECT", "INSERT"},
    "head": {"SELECT", "UPDATE"},
    "blob": {"SELECT", "INSERT", "DELETE"},
    "checkpoint": {"SELECT", "INSERT", "UPDATE"},
    "claim": {"SELECT", "INSERT", "DELETE"},
    "object_change": {"SELECT", "INSERT", "DELETE"},
    "lease": {"SELECT", "INSERT", "DELETE"},
}
_ALL = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_BY_COLUMN = {"SELECT", "INSERT", "UPDATE", "REFERENCES"}


def grant(connection: Connection, schema: str, writer: str) -> None:
    """Give a role what a writer needs and nothing else; both names are quoted."""
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {writer}")
    for table, rights in _RIGHTS.items():
        connection.exec_driver_sql(f"REVOKE ALL ON {table} FROM PUBLIC, {writer}")
        connection.exec_driver_sql(f"GRANT {', '.join(sorted(rights))} ON {table} TO {writer}")


_ROLE = """
SELECT r.rolsuper, bool_or(pg_has_role(c.relowner, 'MEMBER'))
FROM pg_roles r, pg_class c
WHERE r.rolname = current_user AND c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s)
GROUP BY r.rolsuper
"""


def weak_role(connection: Connection) -> str:
    """Give why this role's rights hold nothing, as a message id, or empty when they hold."""
    superuser, owner = connection.exec_driver_sql(_ROLE, (TABLES,)).one()
    if superuser:
        return N_("sopti is a superuser of the database server: nothing there would stop it from changing events")
    if owner:
        return N_("sopti's role owns the tables: it could remove their guards")
    return ""


_GRANTED = """
SELECT DISTINCT c.relname, coalesce(g.rolname, 'PUBLIC'), a.privilege_type
FROM pg_class c CROSS JOIN LATERAL (
    SELECT * FROM aclexplode(c.relacl)
    UNION ALL SELECT x.* FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) x WHERE t.attrelid = c.oid
) a LEFT JOIN pg_roles g ON g.oid = a.grantee
WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s) AND a.grantee <> c.relowner
"""


def differences(connection: Connection) -> Iterator[str]:
    """Give a line for each right that sopti's role lacks, and each that it or any other role has too many."""
    for table, role, right in sorted(connection.exec_driver_sql(_GRANTED, (TABLES,)).all()):
        if right not in _RIGHTS[table]:
            yield f"table {table}: {role} may {right}"
    if weak_role(connection):
        return
    for table, rights in sorted(_RIGHTS.items()):
        held = {right for right in _ALL if _held(connection, table, right)}
        if held - rights:
            yield f"table {table}: sopti's role may {', '.join(sorted(held - rights))}"
        if rights - held:
            yield f"table {table}: sopti's role may not {', '.join(sorted(rights - held))}"


def _held(connection: Connection, table: str, right: str) -> bool:
    """Tell what this role may do by any way: by itself, as a member of another, or as everybody may."""
    ask = "has_any_column_privilege" if right in _BY_COLUMN else "has_table_privilege"
    return bool(connection.exec_driver_sql(f"SELECT {ask}(%s, %s)", (table, right)).scalar())
