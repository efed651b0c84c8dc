"""A court with many approved requests on one real ledger, and an engine that touches nothing and sees every overlap.

``python -m tests.integration.race_court URL FOLDER SEED`` is one of the processes that race: it tries to carry out
every approved request, in an order of its own, again and again, until each was carried out by somebody.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sopti_runner.adapters.run_lock_file import FileRunLocks
from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.domain.request import State
from sopti_runner.errors import RefusedError
from sopti_runner.ports import HostOutcome
from sopti_runner.services.acts import Acts
from sopti_runner.services.applying import Applying
from sopti_runner.services.books import Books
from tests.fakes import FakeLogKey
from tests.unit.domain.desk import PEOPLE, Desk
from tests.unit.domain.example_court import ORIGIN, FakeClock, FakeContent, FakeEngine, FakeOutbox, Hosts
from tests.unit.domain.signing import TestKey

EXECUTORS = ("op", "op2", "dual")


class NoEngine(FakeEngine):
    """Does nothing on any host; a host that somebody else is on at the same time is written down."""

    def __init__(self, hosts, ledger, folder, seed):
        super().__init__(hosts, ledger)
        self.folder, self.random = folder, random.Random(seed)

    def apply(self, plan, sealed, run_id, on_task, progress):
        note(self.folder / "starts", run_id)
        taken = []
        for host in plan.hosts:
            try:
                os.close(os.open(self.folder / f"on-{host}", os.O_CREAT | os.O_EXCL))
                taken.append(host)
            except FileExistsError:
                note(self.folder / "overlaps", f"{run_id} {host}")
        time.sleep(self.random.random() / 100)
        for host in taken:
            (self.folder / f"on-{host}").unlink()
        return [HostOutcome(host, "unchanged") for host in plan.hosts]


def note(path, line):
    """Append a line that no other process's line can fall into."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


class RaceCourt(Desk):
    """The example court on a ledger that several processes share.

    Args:
        store: Empty as yet, or with this court's past.
        folder: What the processes share besides.
        hosts: Names of all hosts.
    """

    def __init__(self, store, folder, hosts, seed=0):
        self.store, self.folder, self.names, self.seed = store, folder, hosts, seed
        known = folder / "persons.json"
        if known.exists():
            self.clock, self.ledger, self.hosts = FakeClock(), None, Hosts()
            self._serve()
            self.id = json.loads(known.read_text())
            self.key = {name: TestKey(name) for name in PEOPLE}
        else:
            super().__init__()
            known.write_text(json.dumps(self.id))

    def _serve(self):
        self.ledger = self.store
        self.hosts.state = dict.fromkeys(self.names, 0)
        self.books = Books(self.ledger, self.clock, FakeLogKey(ORIGIN), ())
        self.acts, self.content = Acts(self.books, FakeOutbox()), FakeContent(self.hosts)
        self.engine = NoEngine(self.hosts, self.ledger, self.folder, self.seed)
        locks = FileRunLocks(self.folder / "runs")
        self.applying = Applying(self.acts, self.content, self.engine, locks, lambda books: "")

    def court(self):
        """Give the court as the ledger tells it now."""
        return self.books.court()

    def approved(self, count, hosts_each=3):
        """Make requests that are approved, each for some hosts, the same ones at every run of the tests."""
        chance = random.Random(20261122)
        for _ in range(count):
            request = self.request("prioritise")
            self.plan("op", request, tuple(sorted(chance.sample(self.names, hosts_each))))
            self.do("consider", "kabag", request)
            self.do("approve", "sec", request)

    def race(self):
        """Try every approved request until none is left."""
        chance = random.Random(self.seed)
        while True:
            waiting = [r.id for r in self.court().requests.values() if r.state in (State.APPROVED, State.RUNNING)]
            if not waiting:
                return
            chance.shuffle(waiting)
            for request in waiting:
                with suppress(RefusedError):
                    self.apply(chance.choice(EXECUTORS[:2]), request)


def main(words: Sequence[str]) -> None:
    """Race."""
    url, folder, seed = words[0], Path(words[1]), int(words[2])
    store = SqlStore(url, busy_s=60)
    RaceCourt(store, folder, json.loads((folder / "hosts.json").read_text()), seed).race()
    store.close()


if __name__ == "__main__":
    main(sys.argv[1:])
