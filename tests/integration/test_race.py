"""Four processes race for the same approved runs over the same hosts: each starts once, and none meets another."""

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.domain.ledger.event import leased_by, leases_after
from sopti_runner.domain.ledger.verify import audit
from tests.integration.race_court import RaceCourt

ROOT = Path(__file__).parents[2]
FULL = os.environ.get("SOPTI_SOAK") == "1"
RUNS, HOSTS, PROCESSES = (200, 30, 4) if FULL else (24, 8, 4)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    """An empty store, and the address by which other processes open it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'ledger.db'}"
        made = SqlStore(url)
    else:
        database = request.getfixturevalue("ledger_database")
        made, url = database.store(), database.url
    with closing(made):
        yield made, url


def test_four_processes_start_each_approved_run_once_and_never_meet_on_a_host(store, tmp_path, record_property):
    made, url = store
    hosts = [f"srv{n:02d}" for n in range(HOSTS)]
    (tmp_path / "hosts.json").write_text(json.dumps(hosts))
    court = RaceCourt(made, tmp_path, hosts)
    court.approved(RUNS)
    made.close()
    words = [sys.executable, "-m", "tests.integration.race_court", url, str(tmp_path)]
    racing = [subprocess.Popen([*words, str(seed)], cwd=ROOT, stderr=subprocess.PIPE) for seed in range(PROCESSES)]
    ended = [(process.communicate(timeout=3000)[1].decode(), process.returncode) for process in racing]
    assert [code for _said, code in ended] == [0] * PROCESSES, ended
    events = list(made.events())
    starts, ends = ([e for e in events if e.type == f"run.{what}"] for what in ("started", "finished"))
    ran = (tmp_path / "starts").read_text().splitlines()
    record_property("starts of approved runs", f"{len(ran)} of {RUNS} by {PROCESSES} processes over {HOSTS} hosts")
    assert (len(starts), len(ends), len(ran)) == (RUNS, RUNS, RUNS)
    assert Counter(e.data["approval"] for e in starts).most_common(1)[0][1] == 1
    assert sorted(ran) == sorted(e.id for e in starts)
    assert not (tmp_path / "overlaps").exists()
    assert {e.data["outcome"] for e in ends} == {"done"}
    held = {}
    for event in events:
        assert not held.keys() & set(leased_by(event)), event.seq
        held = leases_after(held, event)
    assert held == {}
    assert list((tmp_path / "runs").iterdir()) == []
    assert made.differences() == []
    assert audit(made.bodies()).first_bad is None
