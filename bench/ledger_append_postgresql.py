"""Ledger appends on PostgreSQL against the server itself: one INSERT and COMMIT of as many bytes, in the same rounds.

The server is the tests' own, on the disk; the plain INSERT goes by the same driver into a table without any guard.
Goals: a single append at least 0.3 of it (an append locks the head, checks the chain twice, keeps the tree); batches of
100 at least 3 times as many events a second.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from contextlib import closing

import psycopg

from bench.ledger_append import ACT, BATCH, TASK, draft, timed
from sopti_runner.adapters.clock_system import SystemClock
from tests.postgres import Cluster, missing

ROUNDS = 2000 if os.environ.get("SOPTI_SOAK") == "1" else 300
SINGLE_GOAL, BATCH_GOAL = 0.3, 3.0


def main() -> int:
    """Measure, print, and give 0 when both goals are met."""
    if lacking := missing():
        print("append on PostgreSQL: not measured here:", "; ".join(lacking))
        return 0
    with Cluster.up(tempfile.gettempdir()) as cluster:
        plain, single, batch = _measure(cluster)
    rate = BATCH / batch
    print(f"PostgreSQL, INSERT + COMMIT: {1 / plain:.0f} a second")
    print(f"single appends there: {1 / single:.0f} a second, {plain / single:.2f} of it (goal {SINGLE_GOAL})")
    print(f"batches of {BATCH} there: {rate:.0f} events a second, {rate * plain:.1f} times it (goal {BATCH_GOAL:.0f})")
    return 0 if plain / single >= SINGLE_GOAL and rate * plain >= BATCH_GOAL else 1


def _measure(cluster: Cluster) -> tuple[float, float, float]:
    """Give the median seconds of a plain INSERT, a single append and a batch."""
    database, clock = cluster.own_database(), SystemClock()
    database.run("CREATE TABLE plain (body bytea)")
    where = {"host": str(cluster.folder), "port": cluster.port, "dbname": database.name, "user": "admin"}
    plain, single, batch = [], [], []
    with closing(database.store()) as store, psycopg.connect(**where) as raw:
        store.create("sopti.pn-contoh.example/ledger")
        body = store.append([draft("request.approved", ACT)], clock.now())[0].body

        def insert_and_commit() -> None:
            raw.execute("INSERT INTO plain VALUES (%s)", (body,))
            raw.commit()

        for turn in range(ROUNDS):
            plain.append(timed(insert_and_commit))
            act = [draft("request.approved", ACT)]
            single.append(timed(lambda act=act: store.append(act, clock.now())))
            if turn % 10 == 0:
                tasks = [draft("task.finished", TASK) for _ in range(BATCH)]
                batch.append(timed(lambda tasks=tasks: store.append(tasks, clock.now())))
    return statistics.median(plain), statistics.median(single), statistics.median(batch)


if __name__ == "__main__":
    raise SystemExit(main())
