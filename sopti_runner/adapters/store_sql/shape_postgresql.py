"""Whether tables on PostgreSQL still have the columns and keys that they were made with."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Index, PrimaryKeyConstraint, Table, UniqueConstraint

from sopti_runner.adapters.store_sql.schema import TABLES, metadata

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
"""
_KEYS = """
SELECT c.relname, i.indisprimary, i.indisunique,
       array(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number ORDER BY k.place)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s)
AND i.indisvalid AND i.indisready AND i.indpred IS NULL AND i.indexprs IS NULL
"""


def differences(connection: Connection) -> Iterator[str]:
    """Give a line for each table whose columns or keys are not as they were made."""
    columns: dict[str, set[object]] = {name: set() for name in TABLES}
    keys: dict[str, set[object]] = {name: set() for name in TABLES}
    for name, *column in connection.exec_driver_sql(_COLUMNS, (TABLES,)):
        columns[name].add(tuple(column))
    for name, primary, unique, names in connection.exec_driver_sql(_KEYS, (TABLES,)):
        keys[name].add((primary, unique, tuple(names)))
    for table in metadata.sorted_tables:
        types = {
            (c.name, c.type.compile(connection.dialect).partition(" ")[0].lower(), not c.nullable) for c in table.c
        }
        if columns[table.name] != types:
            yield f"table {table.name}: its columns are not as sopti made them"
        if keys[table.name] != set(_keys(table)):
            yield f"table {table.name}: its keys and indexes are not as sopti made them"


def _keys(table: Table) -> Iterator[tuple[bool, bool, tuple[str, ...]]]:
    for rule in (*table.constraints, *table.indexes):
        if isinstance(rule, PrimaryKeyConstraint | UniqueConstraint | Index):
            primary, unique = isinstance(rule, PrimaryKeyConstraint), not isinstance(rule, Index)
            yield primary, unique, tuple(column.name for column in rule.columns)
