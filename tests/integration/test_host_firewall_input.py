"""Settings that are malformed, or would shut the controller out, are refused before a host is touched."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab import Lab
from tests.lab.fixtures import skip_where_impossible
from tests.lab.playbook import play

_REPO = Path(__file__).resolve().parents[2]
_PLAYBOOK = _REPO / "playbooks/configure-firewall.yml"
_ROLE = _REPO / "roles/host_firewall"
_SEEN = "10.20.0.5 51234 10.20.0.9 22"
_GOOD: dict[str, Any] = {"management_sources": ["10.20.0.0/24"], "ssh_port": 22, "allow": [], "rollback_seconds": 60}


def _problems(seen: str = _SEEN, **changed: Any) -> list[str]:
    file = _REPO / "collections/ansible_collections/sopti/core/plugins/action/firewall_validate.py"
    spec = importlib.util.spec_from_file_location("firewall_validate", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: list[str] = module.problems({**_GOOD, **changed}, seen)
    return found


def _allow(**changed: Any) -> list[dict[str, Any]]:
    return [{"port": 80, "proto": "tcp"}, {"port": 443, "proto": "tcp", **changed}]


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({}, _SEEN),
        ({"management_sources": ["10.20.0.5"]}, _SEEN),
        ({"management_sources": ["2001:db8::/32"]}, "2001:db8::5 51234 2001:db8::9 22"),
        ({"management_sources": ["fe80::/10"]}, "fe80::5%host0 51234 fe80::9%host0 22"),
        ({"ssh_port": 2222}, "10.20.0.5 51234 10.20.0.9 2222"),
        ({"allow": _allow(sources=["192.0.2.0/24", "2001:db8::1"], comment="layanan – é")}, _SEEN),
        ({"rollback_seconds": 20}, _SEEN),
        ({"rollback_seconds": 600}, _SEEN),
    ],
)
def test_settings_that_are_well_formed_are_accepted(changed: dict[str, Any], seen: str) -> None:
    assert _problems(seen, **changed) == []


@pytest.mark.parametrize(
    ("changed", "variable"),
    [
        ({"management_sources": []}, "host_firewall_management_sources:"),
        ({"management_sources": ["10.20.0.0/24", "not-an-ip"]}, "host_firewall_management_sources[1]:"),
        ({"management_sources": ["10.20.0.0/33"]}, "host_firewall_management_sources[0]:"),
        ({"management_sources": ["10.20.0.5/24"]}, "host_firewall_management_sources[0]:"),
        ({"management_sources": ["10.20.0.0/24; drop"]}, "host_firewall_management_sources[0]:"),
        ({"management_sources": [""]}, "host_firewall_management_sources[0]:"),
        ({"management_sources": ["192.0.2.0/24"]}, "host_firewall_management_sources: expected a network that holds"),
        ({"ssh_port": 2222}, "host_firewall_ssh_port: expected 22"),
        ({"ssh_port": 0}, "host_firewall_ssh_port:"),
        ({"allow": _allow(port="abc")}, "host_firewall_allow[1].port:"),
        ({"allow": _allow(port=65536)}, "host_firewall_allow[1].port:"),
        ({"allow": _allow(port=True)}, "host_firewall_allow[1].port:"),
        ({"allow": _allow(port=None)}, "host_firewall_allow[1].port:"),
        ({"allow": _allow(proto="sctp")}, "host_firewall_allow[1].proto:"),
        ({"allow": _allow(sources=["example.com"])}, "host_firewall_allow[1].sources[0]:"),
        ({"allow": _allow(comment='x" ; accept')}, "host_firewall_allow[1].comment:"),
        ({"allow": _allow(comment="a\nb")}, "host_firewall_allow[1].comment:"),
        ({"allow": _allow(comment="é" * 51)}, "host_firewall_allow[1].comment:"),
        ({"allow": _allow(prot="tcp")}, "host_firewall_allow[1].prot:"),
        ({"rollback_seconds": 19}, "host_firewall_rollback_seconds:"),
        ({"rollback_seconds": 601}, "host_firewall_rollback_seconds:"),
    ],
)
def test_settings_that_are_wrong_are_refused_naming_the_variable(changed: dict[str, Any], variable: str) -> None:
    found = _problems(**changed)
    assert len(found) == 1
    assert found[0].startswith(variable)
    assert "found" in found[0]


@pytest.mark.parametrize("seen", ["", "10.20.0.5"])
def test_settings_when_the_host_does_not_say_how_it_sees_us_are_refused(seen: str) -> None:
    assert "does not say which address it sees the controller by" in _problems(seen)[0]


def test_several_problems_are_all_named() -> None:
    assert len(_problems(management_sources=["x"], ssh_port=0, allow=_allow(port=0, proto="x"))) == 4


def test_defaults_equal_what_the_argument_specification_says() -> None:
    spec = yaml.safe_load((_ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    described = {name: option["default"] for name, option in spec.items() if "default" in option}
    assert described == yaml.safe_load((_ROLE / "defaults/main.yml").read_text())


@pytest.fixture(scope="module")
def hosts() -> Iterator[Lab]:
    skip_where_impossible()
    with Lab.up(1) as lab:
        yield lab


@pytest.mark.lab
@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "missing required arguments: host_firewall_management_sources"),
        ({"host_firewall_management_sources": ["192.0.2.0/24"]}, "expected a network that holds the controller"),
        ({"host_firewall_management_sources": []}, "host_firewall_management_sources: expected at least one"),
        ({"host_firewall_ssh_port": "abc"}, "host_firewall_ssh_port"),
        ({"host_firewall_allow": [{"port": 80, "proto": "sctp"}]}, "found in host_firewall_allow"),
        ({"host_firewall_allow": [{"port": 80, "proto": "tcp", "prot": "x"}]}, "host_firewall_allow.prot"),
        ({"__host_firewall_ruleset": "table inet sopti { nonsense }"}, "nonsense"),
    ],
    ids=["missing", "without the controller", "empty", "port", "protocol", "unknown key", "ruleset"],
)
def test_role_when_given_bad_input_refuses_and_leaves_the_host_untouched(
    hosts: Lab, variables: dict[str, Any], message: str
) -> None:
    host = hosts.hosts[0]
    given = {"host_firewall_management_sources": [f"{hosts.controller}/32"], **variables} if variables else {}
    untouched = "nft list ruleset; ls /run/sopti 2>&1; tar --create /etc | sha256sum"
    before = host.ssh(untouched).stdout
    both = "SOPTI_SOAK" in os.environ or message in ("nonsense", "expected a network that holds the controller")
    for check in (True, False) if both else (False,):
        done = play(hosts, _PLAYBOOK, check=check, variables=given)
        assert done.returncode == 2, done.stdout
        assert message in done.text
        assert done.changed(host.name) == []
    assert host.ssh(untouched).stdout == before
