"""What stands beside the ledger and can't be used: it is found, said in words, and holds nobody up."""

from __future__ import annotations

import os

import pytest

from tests.e2e.desk import Desk


def verdicts(desk: Desk) -> dict[str, str]:
    said = desk.do("doctor", "--json", code=None)
    return {row["check"]: row["verdict"] for row in said.value}


def test_doctor_finds_sound_keys_good(desk: Desk) -> None:
    found = verdicts(desk)
    assert (found["log.key"], found["hmac.key"], found["Key of the ledger"]) == ("ok", "ok", "ok")


@pytest.mark.parametrize("content", [b"", b"x", b"PRIVATE+KEY+x+00000000+AAAA\n"])
@pytest.mark.parametrize("name", ["log.key", "hmac.key"])
def test_doctor_reads_the_keys_as_they_will_be_read(desk: Desk, name: str, content: bytes) -> None:
    (desk.state / name).write_bytes(content)
    assert verdicts(desk)[name] == "fault"


def test_doctor_finds_the_key_of_another_ledger(desk: Desk) -> None:
    (desk.folder / "other").mkdir()
    other = Desk(desk.folder / "other")
    other.found()
    (desk.state / "log.key").write_bytes((other.state / "log.key").read_bytes())
    found = verdicts(desk)
    assert (found["log.key"], found["Key of the ledger"]) == ("ok", "fault")


def test_act_whose_checkpoint_cannot_be_signed_is_said_to_be_recorded(desk: Desk) -> None:
    proposal = desk.value("office", "appoint", "Rina", "division_head")["proposal"]
    (desk.state / "log.key").write_bytes(b"")
    said = desk.do("office", "confirm", proposal, who="sari", code=11)
    assert "recorded and stands" in said.err
    assert desk.counts()["governance.confirmed"] == desk.counts()["governance.proposed"]


@pytest.mark.timeout(60)
def test_pipe_among_the_checkpoints_outside_holds_nobody_up(desk: Desk) -> None:
    (folder,) = (desk.folder / "sink").iterdir()
    os.mkfifo(folder / "9999999.note")
    desk.ask()
    desk.do("doctor", code=None)
    said = desk.do("ledger", "verify", code=12)
    assert "None" not in said.out + said.err
