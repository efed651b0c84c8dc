"""Ledger appends against the disk itself: single events and batches of 100, as ratios to write + fsync.

Each round does one raw write and fsync of as many bytes, one single append and (every tenth round) one batch, so that
load on machine and disk falls on all alike; medians are compared. Goals: single at least 0.3 of the disk; batches at
least 3 times the disk or 10,000 events a second.
"""

from __future__ import annotations

import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sopti_runner.adapters.clock_system import SystemClock
from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.domain.ids import uuid7
from sopti_runner.domain.ledger.event import Actor, Draft

ROUNDS = 3000 if os.environ.get("SOPTI_SOAK") == "1" else 400
BATCH = 100
SINGLE_GOAL, BATCH_GOAL, BATCH_RATE_GOAL = 0.3, 3.0, 10_000
ACT = {
    "statement": '{"act":"approve","log":"sopti.pn-contoh.example/ledger","plan":"' + "3f" * 32 + '"}',
    "proof": {"kind": "signature", "armored": "A" * 330, "key": "SHA256:" + "k" * 43},
}
TASK = {
    "host": "srv01",
    "objects": ["file:/etc/motd"],
    "task": "roles/host_firewall/tasks/main.yml:12",
    "kind": "changed",
    "before": "a" * 64,
    "after": "b" * 64,
}


def main() -> int:
    """Measure, print, and give 0 when both goals are met."""
    with tempfile.TemporaryDirectory(prefix="sopti-bench-") as folder:
        disk, single, batch = _measure(Path(folder))
    single_ratio = disk / single
    rate = BATCH / batch
    batch_ratio = rate * disk
    print(f"disk, write + fsync: {1 / disk:.0f} a second")
    print(f"single appends: {1 / single:.0f} a second, {single_ratio:.2f} of the disk (goal {SINGLE_GOAL})")
    print(
        f"batches of {BATCH}: {rate:.0f} events a second, {batch_ratio:.1f} times the disk "
        f"(goal {BATCH_GOAL:.0f} times, or {BATCH_RATE_GOAL} a second)"
    )
    met = single_ratio >= SINGLE_GOAL and (batch_ratio >= BATCH_GOAL or rate >= BATCH_RATE_GOAL)
    return 0 if met else 1


def _measure(folder: Path) -> tuple[float, float, float]:
    """Give the median seconds of a raw write, a single append and a batch."""
    store, clock = SqlStore(f"sqlite:///{folder / 'ledger.db'}"), SystemClock()
    store.create("sopti.pn-contoh.example/ledger")
    size = len(store.append([draft("request.approved", ACT)], clock.now())[0].body)
    raw = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    disk, single, batch = [], [], []

    def write_and_sync() -> None:
        os.write(raw, b"x" * size)
        os.fsync(raw)

    for turn in range(ROUNDS):
        disk.append(timed(write_and_sync))
        act = [draft("request.approved", ACT)]
        single.append(timed(lambda act=act: store.append(act, clock.now())))
        if turn % 10 == 0:
            tasks = [draft("task.finished", TASK) for _ in range(BATCH)]
            batch.append(timed(lambda tasks=tasks: store.append(tasks, clock.now())))
    os.close(raw)
    store.close()
    return statistics.median(disk), statistics.median(single), statistics.median(batch)


def draft(kind: str, data: dict[str, object]) -> Draft:
    """Give a draft as it comes from a court at work."""
    return Draft(uuid7(datetime.now(UTC), secrets.token_bytes(10)), kind, "r-1", Actor("p-1"), data)


def timed(call: Callable[[], object]) -> float:
    """Give the seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    raise SystemExit(main())
