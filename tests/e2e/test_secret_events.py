"""``sopti secret``: each change is in the ledger, which verifies; the value is in nothing that leaves the machine."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.e2e.desk import Desk

VALUE = "PLANTED kata sandi contoh"


def type_in(desk: Desk, value: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sopti_runner.cli", *words],
        input=value,
        env={**os.environ, **desk.environment()},
        text=True,
        check=True,
        capture_output=True,
    )
    return done.stdout + done.stderr


def test_change_of_a_secret_is_recorded_and_one_beside_sopti_is_told(desk: Desk) -> None:
    said = type_in(desk, f"{VALUE}\n", "secret", "set", "db-contoh")
    assert [row["recorded"] for row in desk.value("secret", "list")] == ["same"]
    (desk.state / "secrets" / "db-contoh").write_text(f"{VALUE} lain")
    said += desk.do("secret", "list").out
    assert "changed without sopti" in said
    desk.do("secret", "forget", "db-contoh")
    kept, gone = desk.events("secret.set", "secret.removed")
    assert (kept.type, gone.type) == ("secret.set", "secret.removed")
    assert kept.data["digest"] != gone.data["digest"]
    assert desk.value("ledger", "verify")["verdict"] != "tampered"
    desk.do("ledger", "export", str(desk.folder / "bukti.zip"))
    held = [p for p in desk.folder.rglob("*") if p.is_file() and VALUE.encode() in p.read_bytes()]
    assert not held
    assert VALUE not in said


def test_secret_that_is_none_leaves_no_event(desk: Desk) -> None:
    before = desk.fingerprint()
    desk.do("secret", "forget", "db-contoh", code=2)
    assert desk.fingerprint() == before
