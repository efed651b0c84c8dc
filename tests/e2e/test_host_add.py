"""Bringing a host in: the key that answers is never what sopti tells anybody to trust."""

import os
import pty
import stat
import subprocess
from pathlib import Path

import pytest

from tests.e2e.desk import Desk

ADD = ("host", "add", "web1", "192.0.2.10")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk in whose network the host's address answers with the key of whoever sits there."""
    desk = Desk(tmp_path)
    desk.inventory = tmp_path / "inventory"
    line = " ".join(Path(desk.public("host")).read_text().split()[:2])
    programs = tmp_path / "bin"
    programs.mkdir()
    scan = programs / "ssh-keyscan"
    scan.write_text(f"#!/bin/sh\necho '192.0.2.10 {line}'\n")
    scan.chmod(scan.stat().st_mode | stat.S_IXUSR)
    desk.extra = {"PATH": f"{programs}:{os.environ['PATH']}"}
    return desk


def answering(desk: Desk) -> str:
    """Give the fingerprint of the key that answers."""
    done = subprocess.run(["ssh-keygen", "-lf", desk.public("host")], capture_output=True, text=True, check=True)
    return done.stdout.split()[1]


def test_host_with_another_key_is_refused_and_its_key_is_not_recommended(desk: Desk):
    error = desk.do(*ADD, "--fingerprint", "SHA256:wrong", "--json", code=2).error
    assert (error["expected"], error["found"]) == ("SHA256:wrong", answering(desk))
    assert answering(desk) not in error["next"]
    assert "sopti host add" not in error["next"]
    assert "console" in error["next"]
    assert not desk.inventory.exists()


def test_host_without_fingerprint_and_terminal_says_that_none_was_given(desk: Desk):
    error = desk.do(*ADD, "--json", code=2).error
    assert "No fingerprint was given" in error["message"]
    assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in error["next"]
    assert answering(desk) not in str(error)
    assert not desk.inventory.exists()


def test_host_that_is_enrolled_already_is_told_so_whatever_key_answers(desk: Desk):
    desk.do(*ADD, "--fingerprint", answering(desk))
    for fingerprint in ((), ("--fingerprint", answering(desk)), ("--fingerprint", "SHA256:wrong")):
        error = desk.do(*ADD, *fingerprint, "--json", code=2).error
        assert "in the inventory already" in error["message"]
        assert error["on"] == "web1"


@pytest.mark.parametrize(("answer", "code"), [("t", 2), ("", 2), ("y", 0), ("Ya", 0)])
def test_person_at_the_terminal_compares_the_key(desk: Desk, answer, code):
    desk.extra["SOPTI_LANG"] = "id"
    ours, theirs = pty.openpty()
    with desk.start(*ADD, stdin=theirs) as started:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        out, err = started.communicate(timeout=60)
    os.close(ours)
    assert answering(desk) in out
    assert "[y/T]" in err
    assert started.returncode == code, err
    assert (desk.inventory / "web1.yml").exists() == (code == 0)
