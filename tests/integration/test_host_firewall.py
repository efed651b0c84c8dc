"""The role host_firewall on real hosts: what check mode predicts is what happens, and what happens is what packets meet."""

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
_SHOWN = (
    "nft list ruleset; systemctl list-unit-files --no-legend; tar --create --file=- /etc /var/lib/systemd | sha256sum"
)


@pytest.fixture(scope="module")
def hosts() -> Iterator[Lab]:
    skip_where_impossible()
    with Lab.up(2) as lab:
        for host in lab.hosts:
            host.ssh("nft add table ip other")
            host.ssh(f"systemd-run --quiet --unit=listen python3 -m http.server {_PORT} --bind ::")
        yield lab


def _variables(lab: Lab, **more: Any) -> dict[str, Any]:
    sources = [f"{lab.controller}/32", f"{lab.controller6}/128"]
    return {"host_firewall_management_sources": sources, "host_firewall_rollback_seconds": 20, **more}


def _names(tasks: list[str]) -> list[str]:
    return [task.rpartition(" | ")[2] for task in tasks]


def _nft(host: Host) -> str:
    return host.ssh("nft -s list table inet sopti").stdout


def _both(lab: Lab, host: Host, user: str, **more: Any) -> tuple[Played, Played]:
    """Run in check mode, see that nothing moved, then run for real."""
    options: dict[str, Any] = {"host": host.name, "user": user, "variables": _variables(lab, **more)}
    before = host.ssh(_SHOWN).stdout
    predicted = play(lab, _PLAYBOOK, check=True, **options)
    assert predicted.returncode == 0, predicted.stdout
    assert host.ssh(_SHOWN).stdout == before
    real = play(lab, _PLAYBOOK, **options)
    assert real.returncode == 0, real.stdout
    return predicted, real


@pytest.mark.parametrize(("index", "user"), [(0, "root"), (1, base.SUDO_USER)])
def test_role_on_a_new_host_does_what_check_mode_predicts_and_nothing_twice(hosts: Lab, index: int, user: str) -> None:
    host = hosts.hosts[index]
    predicted, real = _both(hosts, host, user)
    assert _names(predicted.changed(host.name)) == _names(real.changed(host.name)) == _NEW
    assert predicted.diff(_RULES[0]) == real.diff(_RULES[0])
    assert "+\t\ttype filter hook input priority filter; policy drop;" in real.diff(_RULES[0])
    assert predicted.sections.keys() == real.sections.keys()
    again = play(hosts, _PLAYBOOK, host=host.name, user=user, variables=_variables(hosts))
    assert again.changed(host.name) == []
    assert host.ssh("nft list tables").stdout == "table ip other\ntable inet sopti\n"
    assert host.ssh("ls /run/systemd/transient").stdout == "listen.service\n"


def test_rules_let_in_what_is_named_and_nothing_else(hosts: Lab) -> None:
    host = hosts.hosts[0]
    play(hosts, _PLAYBOOK, variables=_variables(hosts))
    for address in (host.address, host.address6):
        assert not host.reachable(_PORT, address=address)
        assert host.reachable(22, address=address)
    assert host.ssh(f"python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {_PORT}))'").returncode == 0
    named = [{"port": _PORT, "proto": "tcp", "sources": [f"{hosts.controller6}/64"], "comment": "uji – é"}]
    named[0]["sources"] = [hosts.controller6]
    predicted, real = _both(hosts, host, "root", host_firewall_allow=named)
    assert _names(predicted.changed(host.name)) == _names(real.changed(host.name)) == _RULES
    assert predicted.diff(_RULES[0]) == real.diff(_RULES[0])
    assert host.reachable(_PORT, address=host.address6)
    assert not host.reachable(_PORT, address=host.address)


def test_management_sources_that_overlap_are_accepted(hosts: Lab) -> None:
    host = hosts.hosts[1]
    sources = ["10.0.0.0/8", "10.0.0.0/8", f"{hosts.controller}/32", "172.16.0.0/12", "2001:db8::/32", "fd00::/8"]
    real = play(hosts, _PLAYBOOK, host=host.name, variables=_variables(hosts, host_firewall_management_sources=sources))
    assert real.returncode == 0, real.stdout
    assert host.reachable(22)


def test_rules_changed_by_hand_are_seen_and_put_back(hosts: Lab, tmp_path: Path) -> None:
    host = hosts.hosts[0]
    play(hosts, _PLAYBOOK, host=host.name, variables=_variables(hosts))
    good = _nft(host)
    host.ssh(f"nft insert rule inet sopti input tcp dport {_PORT} accept")
    predicted = play(hosts, _PLAYBOOK, host=host.name, check=True, variables=_variables(hosts))
    assert _names(predicted.changed(host.name)) == _RULES[:1]
    assert f"-\t\ttcp dport {_PORT} accept" in predicted.diff(_RULES[0])
    rollback = tmp_path / "rollback.yml"
    rollback.write_text(
        "- hosts: servers\n  gather_facts: false\n  tasks:\n"
        "    - ansible.builtin.import_role: {name: host_firewall, tasks_from: rollback}\n"
    )
    done = play(hosts, rollback, host=host.name)
    assert _names(done.changed(host.name)) == ["The rules proven last are in force, proven by a new connection"]
    assert _nft(host) == good


def test_proven_rules_are_in_force_after_a_reboot(hosts: Lab) -> None:
    host = hosts.hosts[1]
    play(hosts, _PLAYBOOK, host=host.name, variables=_variables(hosts))
    before = _nft(host)
    host.reboot()
    assert _nft(host) == before
    assert host.ssh("systemctl is-active sopti-firewall.service").stdout == "active\n"
    again = play(hosts, _PLAYBOOK, host=host.name, variables=_variables(hosts))
    assert again.changed(host.name) == []
