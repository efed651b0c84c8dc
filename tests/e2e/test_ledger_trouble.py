"""A ledger that can't be used: exit 11 or 12, a clear word, nothing run, nothing made in its place."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.e2e.desk import Desk

COMMANDS = (("request", "list"), ("request", "add", "--what", "x", "--unit", "PTSP"), ("doctor",), ())
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk: needs root")


def ledger(desk: Desk) -> Path:
    return desk.state / "ledger.db"


def unusable(desk: Desk, *words: str, codes: tuple[int, ...] = (11,)) -> dict:
    """Run a command against a ledger that can't be used, and give its error."""
    said = desk.do(*words, "--json", code=None)
    assert said.code in codes, (words, said)
    assert said.error["message"]
    assert said.error["next"]
    return said.error


def test_ledger_file_of_another_kind_is_left_alone(desk: Desk):
    for other in (ledger(desk).parent / "ledger.db-wal", ledger(desk).parent / "ledger.db-shm"):
        other.unlink(missing_ok=True)
    ledger(desk).write_bytes(b"Buku tamu pengadilan\n" * 100)
    before = ledger(desk).read_bytes()
    for words in COMMANDS:
        if words != ("doctor",):
            assert "not a sopti ledger" in unusable(desk, *words)["message"]
    assert desk.do("doctor", code=4).out
    assert ledger(desk).read_bytes() == before


def test_database_of_another_program_is_left_alone(desk: Desk):
    for path in desk.state.glob("ledger.db*"):
        path.unlink()
    with contextlib.closing(sqlite3.connect(ledger(desk))) as other:
        other.execute("CREATE TABLE event (x)")
        other.commit()
    before = ledger(desk).read_bytes()
    assert "not a sopti ledger" in unusable(desk, "request", "list")["message"]
    assert ledger(desk).read_bytes() == before


@pytest.mark.parametrize("kept", [0, 100, 4096, 0.5])
def test_truncated_ledger_is_told_and_nothing_is_written(desk: Desk, kept):
    with contextlib.closing(sqlite3.connect(ledger(desk))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = ledger(desk).read_bytes()
    length = int(len(whole) * kept) if isinstance(kept, float) else kept
    for path in desk.state.glob("ledger.db*"):
        path.unlink()
    ledger(desk).write_bytes(whole[:length])
    unusable(desk, "request", "add", "--what", "x", "--unit", "PTSP", codes=(11, 12))
    assert ledger(desk).read_bytes() == whole[:length]


def test_missing_ledger_is_told_and_not_made(desk: Desk):
    shutil.rmtree(desk.state)
    for words in COMMANDS[:2]:
        assert "no ledger" in unusable(desk, *words)["message"]
    assert not ledger(desk).exists()


def test_ledger_held_by_another_process_is_waited_for_within_a_bound(desk: Desk):
    command = [sys.executable, "-c", HOLDER, str(ledger(desk))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        started = time.monotonic()
        error = unusable(desk, "request", "add", "--what", "x", "--unit", "PTSP")
        waited = time.monotonic() - started
        assert desk.do("request", "list").code == 0  # reading goes on
        holder.stdin.close()
        holder.wait(10)
    assert "in use" in error["message"]
    assert 10 < waited < 40
    assert desk.ask()


def test_ledger_that_may_not_be_written_is_told(desk: Desk):
    desk.ask()
    with contextlib.closing(sqlite3.connect(ledger(desk))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = len(desk.events())
    attributes = ["chattr", "+i", *map(str, desk.state.glob("ledger.db*"))]
    if os.geteuid() != 0 or subprocess.run(attributes, capture_output=True, check=False).returncode:
        for path in [*desk.state.glob("ledger.db*"), desk.state]:
            path.chmod(path.stat().st_mode & ~0o222)
        if os.geteuid() == 0:
            pytest.skip("this file system knows no chattr, and root may write everything")
    try:
        error = unusable(desk, "request", "add", "--what", "x", "--unit", "PTSP")
    finally:
        subprocess.run(["chattr", "-i", *map(str, desk.state.glob("ledger.db*"))], capture_output=True, check=False)
        for path in [desk.state, *desk.state.glob("ledger.db*")]:
            path.chmod(path.stat().st_mode | 0o200)
    assert error["found"]
    assert len(desk.events()) == before


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "sopti-test", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let root mount a tmpfs")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> None:
    """Leave no room on a disk."""
    ballast = os.open(disk / "ballast", os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(ballast, b"x" * 4096):
            pass
    os.close(ballast)


@needs_root
def test_full_disk_is_told_and_what_was_acknowledged_stays(staffed: Desk, small_disk: Path):
    desk = staffed.copy(small_disk / "court")
    acknowledged = len(desk.events())
    fill(small_disk)
    said = desk.do("request", "add", "--what", "x" * 100_000, "--unit", "PTSP", "--json", code=None)
    assert said.code in (11, 12)
    assert said.error["message"]
    (small_disk / "ballast").unlink()
    assert len(desk.events()) == acknowledged
    assert desk.ask()
    assert len(desk.events()) == acknowledged + 1


@pytest.mark.parametrize("left", [b"", b"no key\n", None])
def test_bundle_is_written_unsigned_when_the_log_key_is_lost(desk: Desk, tmp_path: Path, left: bytes | None):
    key, target = desk.state / "log.key", tmp_path / "bundle.zip"
    key.unlink()
    if left is not None:
        key.write_bytes(left)
    said = desk.do("ledger", "export", str(target))
    assert "could not be signed; sopti doctor says why" in said.out
    assert "log.key" in desk.do("doctor", code=4).out
    with zipfile.ZipFile(target) as bundle:
        assert len(bundle.namelist()) > 3


@needs_root
def test_founding_on_a_full_disk_leaves_nothing_half_made(small_disk: Path):
    desk = Desk(small_disk)
    for person in ("budi", "sari"):
        desk.key(person)
    fill(small_disk)
    words = ["init", "--court", "Pengadilan Contoh", "--place", "Contoh", "--preset", "banding", "--zone", "WIB"]
    people = [f"Budi:operator:{desk.public('budi')}", f"Sari:secretary:{desk.public('sari')}"]
    words += ["--origin", "a/b", "--person", people[0], "--person", people[1]]
    assert desk.do(*words, code=None).code in (11, 12)
    (small_disk / "ballast").unlink()
    desk.do(*words)
    assert desk.counts() == {"court.created": 1}
