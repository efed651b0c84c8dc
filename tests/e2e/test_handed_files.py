"""Commands open what their caller names with the rights of the ledger's owner: they must not be lent to the caller."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.desk import Desk

SECRETS = ("ledger.db", "log.key", "hmac.key")


def kept(desk: Desk) -> dict[str, bytes]:
    """Give the bytes of what must not change, and the names beside it."""
    files = {name: (desk.state / name).read_bytes() for name in SECRETS[1:]}
    return files | {each.name: b"" for each in desk.state.iterdir() if not each.name.startswith("ledger.db-")}


def test_commands_write_nothing_into_what_sopti_keeps(desk: Desk) -> None:
    number = desk.ask()
    size, before = len(desk.events()), kept(desk)
    inside = [desk.state / name for name in (*SECRETS, "new")]
    (desk.folder / "way").symlink_to(desk.state)
    (desk.folder / "link").symlink_to(desk.state / "log.key")
    sent = next((desk.folder / "sink").iterdir())
    for target in (*inside, desk.folder / "way" / "log.key", desk.folder / "link", sent):
        for words in (
            ("reject", number, "--reason", "x", "--by", "Sari", "--export", str(target)),
            ("ledger", "trust", str(target)),
            ("ledger", "export", str(target)),
            ("ledger", "ask-witness", str(target)),
            ("recap", "2026-01", "--output", str(target)),
            ("office", "enrol", "Z", "--public", desk.public("tono"), "--export", str(target)),
        ):
            assert desk.do(*words, code=None).code in (2, 15), words
    assert kept(desk) == before
    assert len(desk.events()) == size


def test_commands_read_nothing_of_what_sopti_keeps(desk: Desk) -> None:
    number = desk.ask()
    secret = (desk.state / "log.key").read_text()
    (desk.folder / "link").symlink_to(desk.state / "log.key")
    os.mkfifo(desk.folder / "pipe")
    for source in (desk.state / "log.key", desk.folder / "link", desk.folder / "pipe", Path("/dev/zero")):
        for words in (
            ("office", "enrol", "Z", "--public", str(source)),
            ("ledger", "verify", "--trust", str(source)),
            ("ledger", "cosigned", str(source)),
            ("reject", "--import", str(source)),
            ("reject", number, "--reason", "x", "--by", "Sari", "--paper", str(source), "--recorder", "Budi"),
            ("plan", number, "host-firewall", "--vars", str(source)),
        ):
            said = desk.do(*words, code=2)
            assert secret[20:40] not in said.out + said.err, words


def test_export_never_overwrites_a_statement_with_its_own_text(desk: Desk) -> None:
    number = desk.ask()
    target = desk.folder / "statement.txt"
    said = desk.do("reject", number, "--reason", "x", "--by", "Sari", "--export", str(target), code=2)
    assert "ending in .txt" in said.err
    assert not target.exists()


def test_exported_statement_is_readable_for_the_group_alone(desk: Desk) -> None:
    number = desk.ask()
    target = desk.folder / "statement.json"
    desk.do("reject", number, "--reason", "x", "--by", "Sari", "--export", str(target))
    for file in (target, target.with_suffix(".txt")):
        assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("inside", ["", "witness"])
def test_witness_keeps_nothing_in_the_state_folder(desk: Desk, inside: str) -> None:
    request = desk.folder / "req.txt"
    desk.do("ledger", "ask-witness", str(request))
    before = kept(desk)
    folder = str(desk.state / inside)
    desk.do("ledger", "cosign", str(request), "--log", "x+1+y", "--name", "w.example/1", "--folder", folder, code=2)
    assert kept(desk) == before
