"""Runs killed at seeded random moments: one start, a sound ledger, and each host's truth as the host itself shows it.

What is killed: the controller, the guardian or a worker, the database's server; or the ledger is locked, the disk full.
Ground truth is a file on each host to which every task adds its number. Whatever is killed, nothing is ever run again
by itself, and once a run is recorded as interrupted none of its processes lives.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.e2e import marks
from tests.e2e.desk import ORIGIN, Desk
from tests.lab import Lab
from tests.lab.fixtures import skip_where_impossible
from tests.postgres import Cluster

pytestmark = pytest.mark.lab

SEEDS = range(120 if os.environ.get("SOPTI_SOAK") == "1" else 10)
DISK_MB = 96


@pytest.fixture(scope="module")
def three() -> Iterator[Lab]:
    """Three hosts."""
    skip_where_impossible()
    with Lab.up(3) as running:
        yield running


@pytest.fixture(scope="module")
def planned(staffed: Desk, three: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, str]:
    """A court with an approved plan of marks on three hosts, and the request's number; never changed by a test."""
    desk = staffed.copy(tmp_path_factory.mktemp("marks"))
    desk.content = marks.write(desk.folder / "content")
    desk.inventory.write_text(yaml.safe_dump(three.inventory(), width=1000))
    number = desk.prioritised("Buat tanda")
    desk.do("plan", number, marks.PLAYBOOK)
    desk.approved(number)
    return desk, number


@dataclass(frozen=True)
class Court:
    """A court of one test: its approved request, and its database's server where the ledger isn't a file."""

    desk: Desk
    number: str
    server: Cluster | None


@pytest.fixture
def court(
    seed: int, planned: tuple[Desk, str], three: Lab, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Court]:
    """A court of this test alone, on a small disk of its own; on a database where a server is to be restarted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", str(folder)], check=True)
    try:
        desk, server = planned[0].copy(folder / "court"), None
        if trouble_of(seed) is restart_server:
            server = request.getfixturevalue("postgres")
            move_ledger(desk, server)
        yield Court(desk, planned[1], server)
        marks.clean(three)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def move_ledger(desk: Desk, server: Cluster) -> None:
    """Put the court's ledger into a database of its own."""
    file, database = desk.state / "ledger.db", server.database()
    database.take_over(file, ORIGIN)
    for path in desk.state.glob(f"{file.name}*"):
        path.unlink()
    desk.extra["SOPTI_DATABASE_URL"] = database.url


def evidence(desk: Desk) -> int:
    """Count the lines that the workers of the only run have written."""
    files = list((desk.state / "runs").glob("*/evidence.jsonl"))
    return sum(file.read_bytes().count(b"\n") for file in files)


def of_this_court(desk: Desk) -> list[int]:
    """Give the processes that name this court's state folder: the runner's, for it is told where its job is."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and str(desk.state).encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def kill_controller(court: Court, process: subprocess.Popen[str], chance: random.Random) -> None:
    process.kill()


def kill_worker(court: Court, process: subprocess.Popen[str], chance: random.Random) -> None:
    """Kill the guardian, the launcher or one of its workers."""
    there = of_this_court(court.desk)
    if there:
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(there), signal.SIGKILL)


def lock_ledger(court: Court, process: subprocess.Popen[str], chance: random.Random) -> None:
    """Keep the ledger from being written for a while, then kill the controller."""
    file = court.desk.state / "ledger.db"
    with contextlib.closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as ledger:
        ledger.execute("BEGIN IMMEDIATE")
        time.sleep(chance.random())  # how long it lasts is what is tried
        process.kill()
        process.wait()
        ledger.execute("ROLLBACK")


def fill_disk(court: Court, process: subprocess.Popen[str], chance: random.Random) -> None:
    """Fill the disk of ledger and evidence until the command has ended, then make room."""
    filler = court.desk.state / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
    process.wait(timeout=120)
    filler.unlink()


def restart_server(court: Court, process: subprocess.Popen[str], chance: random.Random) -> None:
    """Stop, crash or kill the server of the ledger's database; it is back after a while, or when the command ended."""
    assert court.server
    how = chance.choice((court.server.kill, court.server.stop, partial(court.server.stop, "immediate")))
    how()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(chance.choice((chance.random(), 120)))  # how long it is away is what is tried
    court.server.start()


TROUBLES = (
    kill_controller, kill_worker, kill_controller, kill_worker, lock_ledger, kill_controller, restart_server,
    kill_worker, fill_disk, restart_server,
)  # fmt: skip


def trouble_of(seed: int) -> Callable[[Court, subprocess.Popen[str], random.Random], None]:
    return TROUBLES[seed % len(TROUBLES)]


@pytest.mark.parametrize("seed", SEEDS)
def test_run_killed_at_a_random_moment_is_told_as_the_hosts_show_it(
    seed: int, court: Court, three: Lab, record_property: Callable[[str, object], None]
) -> None:
    desk, number = court.desk, court.number
    chance, trouble = random.Random(f"kill {seed}"), trouble_of(seed)
    wanted = chance.randrange(3 * 2 * marks.COUNT)  # an intent and a result for each mark
    process = desk.start("apply", number, "--json", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and evidence(desk) < wanted:
        time.sleep(0.005)
    time.sleep(chance.random() / 5)  # the moment itself is what is tried
    trouble(court, process, chance)
    process.wait(timeout=120)
    told = buried(desk)
    record_property(f"seed {seed}", f"{trouble.__name__} after {wanted} lines: {told}")
    assert of_this_court(desk) == []
    counts = desk.counts()
    assert counts["run.started"] == counts["run.finished"] <= 1
    assert desk.do("ledger", "verify").code == 0
    if counts["run.started"]:
        before = {host.name: true_of(desk, host, told) for host in three.hosts}
        assert "approval_used" in [r["code"] for r in desk.do("apply", number, "--json", code=10).error["reasons"]]
        assert {host.name: marks.made(host) for host in three.hosts} == before  # nothing ran again
        assert desk.do("run", "show", number).code == 0
    else:
        assert all(marks.made(host) == [] for host in three.hosts)


def buried(desk: Desk) -> dict[str, str]:
    """Let commands come until the ledger knows the end; gives each host's outcome."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        runs = desk.value("run", "list")
        if all(run["outcome"] != "running" for run in runs):
            return runs[-1]["hosts"] if runs else {}
        time.sleep(0.2)
    raise AssertionError("the run is still called running")


def true_of(desk: Desk, host, told: dict[str, str]) -> list[int]:
    """Hold what the ledger says of a host against the marks that are on it."""
    there = marks.made(host)
    tasks = [e.data for e in desk.events("task.finished") if e.data["host"] == host.name]
    done = [task for task in tasks if task["kind"] == "changed"]
    said = f"{host.name}: {told[host.name]}, {len(done)} told, marks {there}"
    assert there == list(range(1, len(there) + 1)), said  # none twice, none out of order
    assert len({task["ordinal"] for task in tasks}) == len(tasks), said
    assert {
        "changed": len(done) == len(there) == marks.COUNT,
        "not_started": len(done) == len(there) == 0,
        "failed": len(done) == len(there),
        "unreachable": len(done) == len(there),
        "unknown": len(there) - len(done) in (0, 1),
    }[told[host.name]], said
    return there
