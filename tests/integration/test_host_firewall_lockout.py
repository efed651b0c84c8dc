"""Rules that shut the controller out are put back by the host itself, whatever becomes of the controller."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Host, Lab
from tests.lab.fixtures import skip_where_impossible
from tests.lab.playbook import command, play

pytestmark = pytest.mark.lab

_REPO = Path(__file__).resolve().parents[2]
_ROLE = _REPO / "playbooks/configure-firewall.yml"
_TASK = "The rules are in force, proven by a new connection"
_SECONDS = 8
_TIMER = "sopti-firewall-rollback.timer"
# Established connections go on in the soft one (so an old connection proves nothing), and hang in the hard one.
_SOFT = "ct state established accept;"
_HARD = ""


def _ruleset(rules: str) -> str:
    chain = f"chain input {{\ntype filter hook input priority filter; policy drop;\n{rules}\n}}"
    return f"table inet sopti\ndelete table inet sopti\ntable inet sopti {{\n{chain}\n}}\n"


def _apply(folder: Path) -> Path:
    playbook = folder / "apply.yml"
    playbook.write_text(
        "- hosts: servers\n  gather_facts: false\n  tasks:\n"
        f"    - name: {_TASK}\n"
        "      sopti.core.firewall_apply: {ruleset: '{{ ruleset }}', rollback_seconds: '{{ seconds }}'}\n"
    )
    return playbook


@pytest.fixture(scope="module")
def hosts() -> Iterator[Lab]:
    skip_where_impossible()
    with Lab.up(1) as lab:
        yield lab


@pytest.fixture
def host(hosts: Lab) -> Host:
    """A host with proven rules of its own."""
    host = hosts.hosts[0]
    host.ssh("nft -f -", stdin=_ruleset('accept comment "proven"'))
    return host


def _nft(host: Host) -> str:
    return host.ssh("nft -s list ruleset").stdout


def _until(reachable: bool, host: Host, seconds: float) -> float:
    """Wait until a new connection is, or is no longer, accepted; gives how long it took."""
    started = time.monotonic()
    while host.reachable(timeout=0.3) != reachable:
        assert time.monotonic() - started < seconds, f"reachable was not {reachable} within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - started


@contextmanager
def _running(lab: Lab, playbook: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a run in a process group of its own, and kill the group at the end."""
    run, environment = command(lab, playbook, **options)
    child = subprocess.Popen(
        run, env=environment, cwd=_REPO, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield child
    finally:
        _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill a run with everything it started; its workers have sessions of their own, so the tree is walked."""
    for pid in (*_descendants(child.pid), child.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    child.wait()


def _descendants(pid: int) -> list[int]:
    found = []
    for line in subprocess.run(
        ["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[1:]:
        child, parent = map(int, line.split())
        if parent == pid:
            found += [*_descendants(child), child]
    return found


@pytest.mark.parametrize("rules", [_SOFT, _HARD], ids=["established go on", "established hang"])
def test_lock_out_is_refused_and_rolled_back_by_the_host(hosts: Lab, host: Host, tmp_path: Path, rules: str) -> None:
    before = _nft(host)
    done = play(hosts, _apply(tmp_path), variables={"ruleset": _ruleset(rules), "seconds": _SECONDS})
    assert done.in_state("fatal", host.name) == [_TASK]
    assert f"expected a new connection by ssh within {_SECONDS // 2} s" in done.text
    assert "the host has put the previous rules back by itself" in done.text
    assert '"rolled_back": true' in done.text
    assert done.seconds < _SECONDS + 20
    assert _nft(host) == before


def test_lock_out_of_a_host_without_rules_leaves_it_without(hosts: Lab, host: Host, tmp_path: Path) -> None:
    host.ssh("nft delete table inet sopti")
    done = play(hosts, _apply(tmp_path), variables={"ruleset": _ruleset(_SOFT), "seconds": _SECONDS})
    assert done.in_state("fatal", host.name) == [_TASK]
    assert _nft(host) == ""


def test_lock_out_when_the_controller_is_killed_right_after_the_load_is_rolled_back(
    hosts: Lab, host: Host, tmp_path: Path
) -> None:
    before = _nft(host)
    with _running(hosts, _apply(tmp_path), variables={"ruleset": _ruleset(_HARD), "seconds": _SECONDS}) as child:
        _until(False, host, 60)
        _kill(child)
        recovered = _until(True, host, _SECONDS + 5)
    assert recovered > 1
    assert _nft(host) == before


def test_good_rules_when_the_controller_is_killed_before_the_proof_are_rolled_back(
    hosts: Lab, host: Host, tmp_path: Path
) -> None:
    before = _nft(host)
    watch = host.ssh_command()
    loaded = "until nft list table inet sopti | grep -q never-proven; do :; done"
    with subprocess.Popen([*watch, loaded], stdin=subprocess.DEVNULL) as watching:
        rules = _ruleset('ct state established accept; tcp dport 22 accept comment "never-proven"')
        # The proof is held up: its ssh is a program that never answers.
        variables = {"ruleset": rules, "seconds": _SECONDS, "ansible_ssh_executable": str(_slow_ssh(tmp_path))}
        with _running(hosts, _apply(tmp_path), variables=variables) as child:
            assert watching.wait(60) == 0
            _kill(child)
    assert "never-proven" in _nft(host)
    host.ssh(
        "while systemctl is-active --quiet sopti-firewall-rollback.timer; do sleep 0.1; done", timeout=_SECONDS + 10
    )
    assert _nft(host) == before


def _slow_ssh(folder: Path) -> Path:
    """Give an ssh that works as always, except that connections which share nothing never come about."""
    program = folder / "ssh"
    program.write_text('#!/bin/sh\ncase "$*" in *ControlPath=none*) exec sleep 600;; esac\nexec ssh "$@"\n')
    program.chmod(0o755)
    return program


def test_lock_out_by_the_role_when_the_host_is_rebooted_before_the_rollback_brings_the_old_boot_rules(
    hosts: Lab, host: Host
) -> None:
    sources = {"host_firewall_management_sources": [f"{hosts.controller}/32"], "host_firewall_rollback_seconds": 600}
    assert play(hosts, _ROLE, variables=sources).returncode == 0
    before, boot = _nft(host), host.boot_id()
    with subprocess.Popen([*host.ssh_command(), "sh"], stdin=subprocess.PIPE, text=True) as session:
        assert session.stdin is not None
        with _running(hosts, _ROLE, variables={**sources, "__host_firewall_ruleset": _ruleset(_SOFT)}) as child:
            _until(False, host, 60)
            session.stdin.write("systemctl reboot\n")
            session.stdin.flush()
            _kill(child)
        host.wait_ready(60, not_boot=boot)
        session.kill()
    assert _nft(host) == before
    again = play(hosts, _ROLE, variables=sources)
    assert again.returncode == 0
    assert again.changed(host.name) == []


def test_change_while_an_earlier_one_is_unproven_is_refused(hosts: Lab, host: Host, tmp_path: Path) -> None:
    before = _nft(host)
    host.ssh("systemd-run --quiet --collect --unit=sopti-firewall-rollback --on-active=300 true")
    for check in (True, False):
        done = play(
            hosts, _apply(tmp_path), check=check, variables={"ruleset": _ruleset("accept"), "seconds": _SECONDS}
        )
        assert done.in_state("fatal", host.name) == [_TASK]
        assert "An earlier change of this firewall has not been proven yet" in done.text
    host.ssh(f"systemctl stop {_TIMER}")
    assert _nft(host) == before


def test_change_whose_rollback_was_taken_away_meanwhile_is_not_called_a_success(
    hosts: Lab, host: Host, tmp_path: Path
) -> None:
    thief = f"until systemctl is-active --quiet {_TIMER}; do :; done; systemctl stop {_TIMER}"
    with subprocess.Popen([*host.ssh_command(), thief], stdin=subprocess.DEVNULL):
        done = play(hosts, _apply(tmp_path), variables={"ruleset": _ruleset("accept"), "seconds": 30})
    assert done.in_state("fatal", host.name) == [_TASK]
    lost = "the rollback is lost" in done.text and '"changed": true' in done.text
    assert lost or "The rollback could not be armed" in done.text
