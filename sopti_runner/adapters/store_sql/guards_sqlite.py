"""SQLite's guards against a slip: triggers that refuse to change what was written.

Whoever may write the file may drop them; ``differences`` then says so, and the verifier judges the bodies themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from sopti_runner.adapters.store_sql.schema import metadata

_GUARDS = {
    "event_not_replaced": "BEFORE INSERT ON event "
    "WHEN EXISTS (SELECT 1 FROM event WHERE log = NEW.log AND seq = NEW.seq) "
    "OR EXISTS (SELECT 1 FROM event WHERE log = NEW.log AND id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, 'events are never replaced'); END",
    "event_not_updated": "BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never updated'); END",
    "event_not_deleted": "BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END",
    "checkpoint_not_deleted": "BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoints are kept'); END",
    "head_not_shortened": "BEFORE UPDATE ON head WHEN NEW.size < OLD.size "
    "BEGIN SELECT RAISE(ABORT, 'a log only grows'); END",
}


def guard(connection: Connection) -> None:
    """Make the guards that are missing."""
    for name, rule in _GUARDS.items():
        connection.exec_driver_sql(f"CREATE TRIGGER IF NOT EXISTS {name} {rule}")


def differences(connection: Connection) -> Iterator[str]:
    """Give a line for each guard and column that is not as it was made."""
    made = {name: f"CREATE TRIGGER {name} {rule}" for name, rule in _GUARDS.items()}
    there = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    found = {str(name): str(sql).replace("IF NOT EXISTS ", "", 1) for name, sql in there}
    for name in sorted(made.keys() | found.keys()):
        if made.get(name) != found.get(name):
            yield f"trigger {name}: it is not as sopti made it"
    for table in metadata.sorted_tables:
        columns = connection.exec_driver_sql(f"PRAGMA table_info({table.name})").all()
        stored = {(row[1], row[2], bool(row[3])) for row in columns}
        if stored != {(c.name, c.type.compile(connection.dialect), not c.nullable) for c in table.c}:
            yield f"table {table.name}: its columns are not as sopti made them"
