"""PostgreSQL's guards: what its triggers refuse to everybody but an administrator who removes them.

Kept here: events are only added, one after the other, each naming the one before it, and none beyond the head.
``differences`` compares the catalogue with this module, so that whoever removes a guard leaves a trace. They stop slips
and stolen passwords of the writer's role, not the server's own administrator (docs/threats.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from sopti_runner.adapters.store_sql.schema import TABLES

_BEFORE, _ROW = 2, 1
_EVENTS = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
"""Bits of ``pg_trigger.tgtype`` (PostgreSQL's catalog/pg_trigger.h)."""


@dataclass(frozen=True, slots=True)
class _Guard:
    """A trigger and the function of the same name.

    Attributes:
        on: The statements it looks at.
        each: ``ROW`` or ``STATEMENT``.
        source: The function in PL/pgSQL, exactly as the catalogue keeps it.
        deferred: Looks at the end of the transaction instead of before the statement.
    """

    name: str
    table: str
    on: tuple[str, ...]
    each: str
    source: str
    deferred: bool = False

    @property
    def type(self) -> int:
        """What the catalogue says of the trigger."""
        bits = sum(_EVENTS[event] for event in self.on)
        return bits + (_ROW if self.each == "ROW" else 0) + (0 if self.deferred else _BEFORE)

    def statements(self, schema: str) -> Iterator[str]:
        """Give the statements that make it; the function looks at no other schema, whoever calls it."""
        yield (
            f"CREATE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql "
            f"SET search_path = {schema}, pg_temp AS $guard${self.source}$guard$"
        )
        kind, when = ("CONSTRAINT TRIGGER", "AFTER") if self.deferred else ("TRIGGER", "BEFORE")
        late = "DEFERRABLE INITIALLY DEFERRED " if self.deferred else ""
        yield (
            f"CREATE {kind} {self.name} {when} {' OR '.join(self.on)} ON {self.table} {late}"
            f"FOR EACH {self.each} EXECUTE FUNCTION {self.name}()"
        )
        yield f"ALTER TABLE {self.table} ENABLE ALWAYS TRIGGER {self.name}"


def _never(name: str, table: str, on: tuple[str, ...], refusal: str) -> _Guard:
    return _Guard(name, table, on, "STATEMENT", f"BEGIN\n  RAISE EXCEPTION '{refusal}' USING ERRCODE = '23000';\nEND\n")


_EVENT_FOLLOWS = """
DECLARE
  said json := convert_from(NEW.body, 'UTF8');
  before bytea := decode(repeat('00', 32), 'hex');
BEGIN
  IF NEW.seq <> 0 THEN
    SELECT leaf INTO before FROM event WHERE log = NEW.log AND seq = NEW.seq - 1;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'an event would leave a gap before it' USING ERRCODE = '23000';
    END IF;
  END IF;
  IF said->>'log' IS DISTINCT FROM NEW.log OR said->>'seq' IS DISTINCT FROM NEW.seq::text
    OR said->>'prev' IS DISTINCT FROM encode(before, 'hex')
    OR NEW.leaf IS DISTINCT FROM sha256('\\x00'::bytea || NEW.body) THEN
    RAISE EXCEPTION 'an event would not follow the one before it' USING ERRCODE = '23000';
  END IF;
  RETURN NEW;
END
"""
_EVENT_WITHIN_HEAD = """
BEGIN
  IF NOT EXISTS (SELECT FROM head WHERE log = NEW.log AND size > NEW.seq) THEN
    RAISE EXCEPTION 'an event would stand beyond the head' USING ERRCODE = '23000';
  END IF;
  RETURN NULL;
END
"""
_HEAD_FOLLOWS = """
BEGIN
  IF NEW.log <> OLD.log OR NEW.size < OLD.size THEN
    RAISE EXCEPTION 'a log only grows' USING ERRCODE = '23000';
  END IF;
  IF NEW.size > 0 AND NOT EXISTS
    (SELECT FROM event WHERE log = NEW.log AND seq = NEW.size - 1 AND leaf = NEW.leaf) THEN
    RAISE EXCEPTION 'the head would not be the last event' USING ERRCODE = '23000';
  END IF;
  RETURN NEW;
END
"""
_GUARDS = (
    _never("event_never_changed", "event", ("DELETE", "UPDATE", "TRUNCATE"), "events are never updated or deleted"),
    _never("checkpoint_never_deleted", "checkpoint", ("DELETE", "TRUNCATE"), "checkpoints are kept"),
    _never("head_never_deleted", "head", ("DELETE", "TRUNCATE"), "a log is never deleted"),
    _never("blob_never_changed", "blob", ("UPDATE", "TRUNCATE"), "texts are erased one by one, never changed"),
    _Guard("event_follows", "event", ("INSERT",), "ROW", _EVENT_FOLLOWS),
    _Guard("event_within_head", "event", ("INSERT",), "ROW", _EVENT_WITHIN_HEAD, deferred=True),
    _Guard("head_follows", "head", ("UPDATE",), "ROW", _HEAD_FOLLOWS),
)


def guard(connection: Connection, schema: str) -> None:
    """Make every guard on tables just made; ``schema`` is their quoted name."""
    for each in _GUARDS:
        for statement in each.statements(schema):
            connection.exec_driver_sql(statement.replace("%", "%%"))


_TRIGGERS = """
SELECT t.tgname, c.relname, t.tgtype, t.tgenabled::text, t.tgdeferrable, t.tginitdeferred,
       t.tgqual IS NULL AND t.tgnargs = 0 AND t.tgattr::text = '', p.proname, p.prosrc, l.lanname,
       p.proowner = c.relowner AND NOT p.prosecdef, p.proconfig
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_language l ON l.oid = p.prolang
WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s) AND NOT t.tgisinternal
"""
_TURNED = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s)
AND (c.relkind <> 'r' OR c.relrowsecurity OR c.relpersistence <> 'p' OR c.relhassubclass
     OR EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid))
"""


def differences(connection: Connection) -> Iterator[str]:
    """Give a line for each guard that is not as it was made, and each table whose rows something else diverts."""
    (schema,) = connection.exec_driver_sql("SELECT quote_ident(current_schema())").one()
    made = {each.name: (each.name, *_catalogued(each, schema)) for each in _GUARDS}
    found = {row[0]: tuple(row) for row in connection.exec_driver_sql(_TRIGGERS, (TABLES,))}
    for name in sorted(made.keys() | found.keys()):
        if made.get(name) != found.get(name):
            yield f"trigger {name}: it is not as sopti made it"
    for (name,) in connection.exec_driver_sql(_TURNED, (TABLES,)):
        yield f"table {name}: a rule, row security or inheritance stands between it and its rows"


def _catalogued(each: _Guard, schema: str) -> tuple[object, ...]:
    late, path = each.deferred, [f"search_path={schema}, pg_temp"]
    return each.table, each.type, "A", late, late, True, each.name, each.source, "plpgsql", True, path
