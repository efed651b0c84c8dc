"""The role host_firewall on real hosts: check mode predicts what happens, and packets meet what was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Host, Lab, base
from tests.lab.fixtures import skip_where_impossible
from tests.lab.playbook import Played, play

pytestmark = pytest.mark.lab

_REPO = Path(__file__).resolve().parents[2]
_PLAYBOOK = _REPO / "playbooks/configure-firewall.yml"
_NEW = ["The rules are in force, proven by a new connection", "The settings folder is there"]
_NEW += ["The boot file holds the proven rules", "The boot unit is there", "The boot unit is enabled"]
_RULES = ["The rules are in force, proven by a new connection", "The boot file holds the proven rules"]
_PORT = 8080
_SHOWN = "nft list ruleset; systemctl list-unit-files --no-legend; tar --create /etc /var/lib/systemd | sha256sum"


@pytest.fixture(scope="module")
def hosts() -> Iterator[Lab]:
    skip_where_impossible()
    with Lab.up(2) as lab:
        for host in lab.hosts:
            host.ssh("nft add table ip other")
            host.ssh(f"systemd-run --quiet --unit=listen python3 -m http.server {_PORT} --bind ::")
        yield lab


@pytest.fixture(scope="module")
def first(hosts: Lab) -> tuple[Played, Played, Played]:
    """Check, run and run again on two new hosts: the first reached as root, the second as a user with sudo."""
    predicted, real = _both(hosts)
    return predicted, real, play(hosts, _PLAYBOOK, **_options(hosts))


def _options(lab: Lab, host: Host | None = None, **more: Any) -> dict[str, Any]:
    sources = [f"{lab.controller}/32", f"{lab.controller6}/128"]
    variables = {"host_firewall_management_sources": sources, "host_firewall_rollback_seconds": 20, **more}
    users = {lab.hosts[1].name: base.SUDO_USER}
    return {"host": host.name if host else "", "users": users, "variables": variables}


def _names(tasks: list[str]) -> list[str]:
    return [task.rpartition(" | ")[2] for task in tasks]


def _nft(host: Host) -> str:
    return host.ssh("nft -s list table inet sopti").stdout


def _both(lab: Lab, host: Host | None = None, **more: Any) -> tuple[Played, Played]:
    """Run in check mode, see that nothing moved, then run for real."""
    options = _options(lab, host, **more)
    before = [each.ssh(_SHOWN).stdout for each in lab.hosts]
    predicted = play(lab, _PLAYBOOK, check=True, **options)
    assert predicted.returncode == 0, predicted.stdout
    assert [each.ssh(_SHOWN).stdout for each in lab.hosts] == before
    real = play(lab, _PLAYBOOK, **options)
    assert real.returncode == 0, real.stdout
    return predicted, real


@pytest.mark.parametrize("index", [0, 1], ids=["root", "sudo user"])
def test_role_on_a_new_host_does_what_check_mode_predicts_and_nothing_twice(
    hosts: Lab, first: tuple[Played, Played, Played], index: int
) -> None:
    host, (predicted, real, again) = hosts.hosts[index], first
    assert _names(predicted.changed(host.name)) == _names(real.changed(host.name)) == _NEW
    assert predicted.sections.keys() == real.sections.keys()
    assert predicted.diff(_RULES[0]) == real.diff(_RULES[0])
    assert "+\t\ttype filter hook input priority filter; policy drop;" in real.diff(_RULES[0])
    assert again.returncode == 0
    assert again.changed(host.name) == []
    assert host.ssh("nft list tables").stdout == "table ip other\ntable inet sopti\n"
    assert host.ssh("ls /run/systemd/transient").stdout == "listen.service\n"


@pytest.mark.usefixtures("first")
def test_rules_let_in_what_is_named_and_nothing_else(hosts: Lab) -> None:
    host = hosts.hosts[0]
    for address in (host.address, host.address6):
        assert not host.reachable(_PORT, address=address)
        assert host.reachable(22, address=address)
    assert host.ssh(f"python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {_PORT}))'").returncode == 0
    named = [{"port": _PORT, "proto": "tcp", "sources": [hosts.controller6], "comment": "uji – é"}]
    predicted, real = _both(hosts, host, host_firewall_allow=named)
    assert _names(predicted.changed(host.name)) == _names(real.changed(host.name)) == _RULES
    assert predicted.diff(_RULES[0]) == real.diff(_RULES[0])
    assert host.reachable(_PORT, address=host.address6)
    assert not host.reachable(_PORT, address=host.address)


@pytest.mark.usefixtures("first")
def test_management_sources_that_overlap_are_accepted(hosts: Lab) -> None:
    host = hosts.hosts[1]
    sources = ["10.0.0.0/8", "10.0.0.0/8", f"{hosts.controller}/32", "172.16.0.0/12", "2001:db8::/32", "fd00::/8"]
    real = play(hosts, _PLAYBOOK, **_options(hosts, host, host_firewall_management_sources=sources))
    assert real.returncode == 0, real.stdout
    assert host.reachable(22)


@pytest.mark.usefixtures("first")
def test_rules_changed_by_hand_are_seen_and_put_back(hosts: Lab, tmp_path: Path) -> None:
    host = hosts.hosts[0]
    proven = _nft(host)
    host.ssh("nft insert rule inet sopti input tcp dport 4444 accept")
    predicted = play(hosts, _PLAYBOOK, check=True, **_options(hosts, host))
    assert _names(predicted.changed(host.name))[0] == _RULES[0]
    assert "-\t\ttcp dport 4444 accept" in predicted.diff(_RULES[0])
    rollback = tmp_path / "rollback.yml"
    rollback.write_text(
        "- hosts: servers\n  gather_facts: false\n  tasks:\n"
        "    - ansible.builtin.import_role: {name: host_firewall, tasks_from: rollback}\n"
    )
    done = play(hosts, rollback, host=host.name)
    assert _names(done.changed(host.name)) == ["The rules proven last are in force, proven by a new connection"]
    assert _nft(host) == proven


@pytest.mark.usefixtures("first")
def test_proven_rules_are_in_force_after_a_reboot(hosts: Lab) -> None:
    host = hosts.hosts[1]
    before = _nft(host)
    host.reboot()
    assert _nft(host) == before
    assert host.ssh("systemctl is-active sopti-firewall.service").stdout == "active\n"
    assert not host.reachable(_PORT)
