"""A founding that is cut off leaves no dead end: the same command founds the court after all."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.e2e.desk import FOUNDERS, NAMES, OFFICES, ORIGIN, Desk

LEFTOVERS = {
    "nothing but the sign": {},
    "an empty key": {"log.key": b""},
    "a key": {"log.key": b"PRIVATE+KEY+x+00000000+AAAA\n"},
    "both keys, one empty": {"log.key": b"PRIVATE+KEY+x+00000000+AAAA\n", "hmac.key": b""},
    "an empty ledger": {"log.key": b"", "hmac.key": b"", "ledger.db": b"", "ledger.db-wal": b""},
}


@pytest.mark.parametrize("left", LEFTOVERS.values(), ids=LEFTOVERS)
def test_init_after_a_founding_that_was_cut_off_founds_the_court(tmp_path: Path, left: dict[str, bytes]) -> None:
    desk = Desk(tmp_path)
    desk.state.mkdir()
    for name, content in {"founding": b"", **left}.items():
        (desk.state / name).write_bytes(content)
    desk.found()
    assert not (desk.state / "founding").exists()
    assert desk.counts() == {"court.created": 1}
    desk.do("request", "list")
    assert {p.name: p.read_bytes() for p in desk.state.glob("cut-off-*/*")} == left, "nothing is lost by a wrong guess"


def test_init_beside_a_ledger_that_can_not_be_read_keeps_it_whatever_sign_is_left(desk: Desk) -> None:
    (desk.state / "founding").touch()
    ledger = desk.state / "ledger.db"
    ledger.write_bytes(damaged := b"\0" * 4096 + ledger.read_bytes()[4096:])
    words = ("--court", "X", "--place", "Y", "--preset", "banding", "--zone", "WIB", "--origin", ORIGIN)
    people = [w for p in FOUNDERS for w in ("--person", f"{NAMES[p]}:{OFFICES[p]}:{desk.public(p)}")]
    desk.do("init", *words, *people, code=None)
    assert damaged in [p.read_bytes() for p in desk.state.rglob("ledger.db")]


def test_init_of_a_founded_court_is_refused_also_with_the_sign_left_behind(desk: Desk) -> None:
    before = desk.fingerprint(), (desk.state / "log.key").read_bytes()
    (desk.state / "founding").touch()
    words = ("--court", "X", "--place", "Y", "--preset", "banding", "--zone", "WIB", "--origin", "x.example/ledger")
    people = [w for p in FOUNDERS for w in ("--person", f"{NAMES[p]}:{OFFICES[p]}:{desk.public(p)}")]
    desk.do("init", *words, *people, code=2)
    (desk.state / "founding").unlink(missing_ok=True)
    assert (desk.fingerprint(), (desk.state / "log.key").read_bytes()) == before


def test_init_killed_at_any_moment_can_be_done_again(tmp_path: Path) -> None:
    for number in range(3):
        desk = Desk(tmp_path / str(number))
        desk.folder.mkdir()
        (desk.folder / "sink").mkdir()
        words = ["--court", "X", "--place", "Y", "--preset", "banding", "--zone", "WIB", "--origin", ORIGIN]
        people = [w for p in FOUNDERS for w in ("--person", f"{NAMES[p]}:{OFFICES[p]}:{desk.public(p)}")]
        with desk.start("init", *words, *people) as started:
            while started.poll() is None and not (desk.state / "log.key").exists():
                time.sleep(0.001)
            time.sleep(number * 0.01)
            started.send_signal(signal.SIGKILL)
        if desk.do("request", "list", code=None).code:
            desk.do("init", *words, *people)
        assert desk.counts() == {"court.created": 1}


def test_init_beside_the_key_of_a_lost_ledger_keeps_the_key(desk: Desk) -> None:
    key = (desk.state / "log.key").read_bytes()
    for file in desk.state.glob("ledger.db*"):
        file.unlink()
    words = ("--court", "X", "--place", "Y", "--preset", "banding", "--zone", "WIB", "--origin", ORIGIN)
    people = [w for p in FOUNDERS for w in ("--person", f"{NAMES[p]}:{OFFICES[p]}:{desk.public(p)}")]
    assert "the ledger is gone" in desk.do("init", *words, *people, code=2).err
    assert (desk.state / "log.key").read_bytes() == key
