"""A writer in a process of its own: python ledger_writer.py URL MODE [TAG]; prints what is durable."""

from __future__ import annotations

import sys
from datetime import timedelta

from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.domain.ids import uuid7
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.errors import LedgerError, RefusedError
from tests.fakes import START, Drafts, FakeClock


def claim_once(store: SqlStore, tag: int) -> None:
    """Try to take one approval; says ``taken`` or ``refused``."""
    at = FakeClock().now()
    print("ready", flush=True)
    sys.stdin.readline()
    draft = Draft(
        uuid7(at.time, tag.to_bytes(10, "big")), "run.started", "r-1", SYSTEM, {"claims": [["approval", "a-1"]]}
    )
    try:
        store.append([draft], at)
    except RefusedError:
        print("refused", flush=True)
    else:
        print("taken", flush=True)


def append_for_ever(store: SqlStore) -> None:
    """Append one event after the other; each id is said once it is durable."""
    at, number = FakeClock().now(), 0
    while True:
        number += 1
        ident = uuid7(at.time, number.to_bytes(10, "big"))
        store.append([Draft(ident, "task.finished", "r-1", SYSTEM, {"host": "srv01", "objects": ["file:/a"]})], at)
        print(ident, flush=True)


def append_numbered(store: SqlStore, turn: int) -> None:
    """Append one event after the other on a day of its turn's own until refused; each id is said once durable."""
    at, number = FakeClock(START + timedelta(days=2 * turn)).now(), 0
    try:
        while True:
            number += 1
            ident = uuid7(at.time, number.to_bytes(10, "big"))
            store.append([Draft(ident, "task.finished", "r-1", SYSTEM, {"host": "srv01", "objects": ["file:/a"]})], at)
            print(ident, flush=True)
    except LedgerError as error:
        print("refused", error.exit_code, error.what)


def append_until_refused(store: SqlStore) -> None:
    """Append large events until one is refused; says how many were taken, and the refusal."""
    clock = FakeClock(START + timedelta(days=1))
    drafts, done = Drafts(clock), 0
    try:
        while True:
            store.append([drafts(data={"x": "y" * 3000})], clock.now())
            done += 1
    except LedgerError as error:
        print(done, error.exit_code, error.what)


if __name__ == "__main__":
    ledger = SqlStore(sys.argv[1], busy_s=60)
    if sys.argv[2] == "claim":
        claim_once(ledger, int(sys.argv[3]))
    elif sys.argv[2] == "numbered":
        append_numbered(ledger, int(sys.argv[3]))
    elif sys.argv[2] == "full":
        append_until_refused(ledger)
    else:
        append_for_ever(ledger)
