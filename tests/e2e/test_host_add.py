"""Bringing a host in: the key that answers is never what sopti tells anybody to trust."""

import os
import pty
import stat
from pathlib import Path

import pytest
import yaml

from sopti_runner.domain.sshsig import parse_public_key
from tests.e2e.desk import Desk
from tests.lab import Host, Lab

pytestmark = pytest.mark.lab


@pytest.fixture
def host(hosts: Lab) -> Host:
    """The host that answers, with its real key."""
    return hosts.hosts[0]


@pytest.fixture
def add(host: Host) -> tuple[str, ...]:
    """The words that bring it in."""
    return ("host", "add", "web1", host.address)


@pytest.fixture
def answering(host: Host) -> str:
    """The fingerprint of the key that answers."""
    return parse_public_key(host.host_key).fingerprint


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk whose inventory is a folder that is not made yet."""
    desk = Desk(tmp_path)
    desk.inventory = tmp_path / "inventory"
    return desk


def test_host_with_another_key_is_refused_and_its_key_is_not_recommended(desk: Desk, add, answering):
    error = desk.do(*add, "--fingerprint", "SHA256:wrong", "--json", code=2).error
    assert (error["expected"], error["found"]) == ("SHA256:wrong", answering)
    assert answering not in error["next"]
    assert "sopti host add" not in error["next"]
    assert "console" in error["next"]
    assert not desk.inventory.exists()


def test_host_without_fingerprint_and_terminal_says_that_none_was_given(desk: Desk, add, answering):
    error = desk.do(*add, "--json", code=2).error
    assert "No fingerprint was given" in error["message"]
    assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in error["next"]
    assert answering not in str(error)
    assert not desk.inventory.exists()


def test_host_that_is_enrolled_already_is_told_so_whatever_key_answers(desk: Desk, add, answering):
    desk.do(*add, "--fingerprint", answering)
    for fingerprint in ((), ("--fingerprint", answering), ("--fingerprint", "SHA256:wrong")):
        error = desk.do(*add, *fingerprint, "--json", code=2).error
        assert "in the inventory already" in error["message"]
        assert error["on"] == "web1"


@pytest.mark.parametrize("name", ["../kept", "Web1", "web 1", ""])
def test_host_name_is_judged_before_anything_is_looked_at(desk: Desk, host, name):
    desk.inventory.mkdir()
    (desk.folder / "kept.yml").touch()
    error = desk.do("host", "add", name, host.address, "--json", code=2).error
    assert "A host name has" in error["message"]
    assert (error["on"], list(desk.inventory.iterdir())) == (name, [])


def test_host_is_asked_by_the_machines_own_program_whatever_stands_on_the_path(desk: Desk, add, answering, host):
    programs = desk.folder / "bin"
    programs.mkdir()
    scan = programs / "ssh-keyscan"
    stranger = " ".join(Path(desk.public("stranger")).read_text().split()[:2])
    scan.write_text(f"#!/bin/sh\necho '{host.address} {stranger}'\n")
    scan.chmod(scan.stat().st_mode | stat.S_IXUSR)
    desk.extra = {"PATH": f"{programs}:{os.environ['PATH']}"}
    desk.do(*add, "--fingerprint", answering)
    written = yaml.safe_load((desk.inventory / "web1.yml").read_text())
    assert written["servers"]["hosts"]["web1"]["sopti_host_key"] == host.host_key


@pytest.mark.parametrize(("answer", "code"), [("t", 2), ("", 2), ("y", 0), ("Ya", 0)])
def test_person_at_the_terminal_compares_the_key(desk: Desk, add, answering, answer, code):
    desk.extra["SOPTI_LANG"] = "id"
    ours, theirs = pty.openpty()
    with desk.start(*add, stdin=theirs) as started:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        out, err = started.communicate(timeout=60)
    os.close(ours)
    assert answering in out
    assert "[y/T]" in err
    assert started.returncode == code, err
    assert (desk.inventory / "web1.yml").exists() == (code == 0)
