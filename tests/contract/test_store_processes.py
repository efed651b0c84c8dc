"""Processes that race for one place in the ledger, or are killed while they write."""

from __future__ import annotations

import os
import signal

import pytest

from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.domain.ledger.event import leaf_hash
from sopti_runner.domain.ledger.merkle import Tree
from sopti_runner.domain.ledger.verify import audit
from sopti_runner.errors import RefusedError
from tests.contract.ledger_traffic import fill, writer

ROUNDS = 20 if os.environ.get("SOPTI_SOAK") else 3


@pytest.fixture
def store(ledger_url):
    store = SqlStore(ledger_url)
    yield store
    store.close()


def test_eight_processes_race_for_one_claim_and_one_wins(store, ledger_url):
    runners = [writer(ledger_url, "claim", str(tag)) for tag in range(10, 18)]  # ids that no draft below has
    try:
        assert [runner.stdout.readline() for runner in runners] == ["ready\n"] * 8
        for runner in runners:
            runner.stdin.write("go\n")
            runner.stdin.flush()
        said = sorted(runner.communicate(timeout=120)[0].strip() for runner in runners)
    finally:
        for runner in runners:
            runner.kill()
            runner.communicate()
    assert said == ["refused"] * 7 + ["taken"]
    assert store.head().size == 1
    with pytest.raises(RefusedError):
        fill(store, 1, type_="run.started", data={"claims": [["approval", "a-1"]]})


def test_killed_writer_loses_no_acknowledged_event(store, ledger_url):
    acknowledged, known = [], set()
    for turn in range(ROUNDS):
        runner = writer(ledger_url, "append")
        acknowledged += [runner.stdout.readline().strip() for _ in range(20 + 7 * turn)]
        runner.send_signal(signal.SIGKILL)
        rest, _ = runner.communicate()
        acknowledged += rest.splitlines()
        known = {event.id for event in store.events()}
        assert set(acknowledged) <= known
        assert len(known) - len(set(acknowledged)) <= 1 + turn
    assert len(known) == store.head().size, "a retried id was stored twice"
    assert store.head().root == Tree(map(leaf_hash, store.bodies())).root()
    assert list(store.differences()) == []
    assert audit(store.bodies()).verdict == "self_consistent"
