"""The acts of a bad night on a real host: changing nothing twice, each taken back as check mode says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Host, Lab
from tests.lab.fixtures import skip_where_impossible
from tests.lab.playbook import Played, play

pytestmark = pytest.mark.lab

_REPO = Path(__file__).resolve().parents[2]
_ROOT = "/var/www/html"
_PORT = 8080
_OPAQUE = ("processes of the account are ended", "laid over the site now", "taken away now")
"""Commands: plain check mode leaves them out, and a plan shows them as opaque."""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    skip_where_impossible()
    with Lab.up(1) as running:
        host = running.hosts[0]
        host.ssh(f"mkdir -p {_ROOT}; echo defaced >{_ROOT}/index.html; echo planted >{_ROOT}/shell.php")
        host.ssh(f"systemd-run --quiet --unit=site python3 -m http.server {_PORT} --bind :: --directory {_ROOT}")
        host.ssh("useradd --create-home --shell /bin/bash web")
        yield running


def run(lab: Lab, playbook: str, *, check: bool = False, **variables: Any) -> Played:
    return play(lab, _REPO / f"playbooks/{playbook}.yml", check=check, variables=variables)


def done(lab: Lab, playbook: str, **variables: Any) -> list[str]:
    """Run for real, and again, which changes nothing; gives the changes. ``test_predictions.py`` has them foretold."""
    name = lab.hosts[0].name
    real = run(lab, playbook, **variables)
    assert real.returncode == 0, real.stdout
    again = run(lab, playbook, **variables)
    assert (again.returncode, again.changed(name)) == (0, []), again.stdout
    return real.changed(name)


def undone(lab: Lab, playbook: str, **variables: Any) -> None:
    """Run the way back in check mode and as ``done``: they agree."""
    predicted = run(lab, playbook, check=True, **variables)
    assert predicted.returncode == 0, predicted.stdout
    changed = [task for task in done(lab, playbook, **variables) if not task.endswith(_OPAQUE)]
    assert predicted.changed(lab.hosts[0].name) == changed


def ran(lab: Lab, playbook: str, **variables: Any) -> None:
    """Run for real only: what check mode says of this is tried elsewhere."""
    real = run(lab, playbook, **variables)
    assert real.returncode == 0, real.stdout


def refused(lab: Lab, playbook: str, **variables: Any) -> str:
    """Give what check mode and the real run both say no with."""
    played = [run(lab, playbook, check=check, **variables) for check in (True, False)]
    assert [p.returncode != 0 for p in played] == [True, True]
    assert [p.changed(lab.hosts[0].name) for p in played] == [[], []]
    return played[1].text


def site(host: Host) -> str:
    return host.ssh(
        f"python3 -c \"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{_PORT}/').read())\""
    ).stdout


def test_evidence_is_kept_for_root_alone_with_true_digests(lab: Lab) -> None:
    host, folder = lab.hosts[0], "/var/lib/sopti-evidence/a"
    done(lab, "preserve-evidence", incident_evidence_label="a", incident_evidence_paths=[_ROOT])
    host.ssh(f"cd {folder} && sha256sum --check --quiet manifest.sha256")
    assert host.ssh(f"stat -c %a:%U {folder} /var/lib/sopti-evidence").stdout.split() == ["700:root", "700:root"]
    assert "planted" in host.ssh(f"tar -xzOf {folder}/24-named.tar.gz {_ROOT}/shell.php --absolute-names").stdout
    listed = set(host.ssh(f"cut -c67- {folder}/manifest.sha256").stdout.split())
    assert {"./04-processes", "./05-sockets", "./21-journal.export.gz", "./23-logs.tar.gz", "./collect.sh"} <= listed


def test_evidence_that_could_not_be_kept_whole_is_a_failure(lab: Lab) -> None:
    host, folder = lab.hosts[0], "/var/lib/sopti-evidence/b"
    real = run(lab, "preserve-evidence", incident_evidence_label="b", incident_evidence_paths=["/nowhere", _ROOT])
    assert (real.returncode != 0, "Not copied whole: /nowhere." in real.text) == (True, True), real.stdout
    host.ssh(f"cd {folder} && sha256sum --check --quiet manifest.sha256")
    assert "planted" in host.ssh(f"tar -xzOf {folder}/25-named.tar.gz {_ROOT}/shell.php --absolute-names").stdout
    other = run(lab, "preserve-evidence", incident_evidence_label="b", incident_evidence_paths=[_ROOT])
    assert (other.returncode != 0, "give another label" in other.text) == (True, True), other.stdout


def test_maintenance_page_hides_the_site_and_gives_it_back_as_it_was(lab: Lab) -> None:
    host = lab.hosts[0]
    before = host.ssh(f"sha256sum {_ROOT}/*").stdout
    done(lab, "show-maintenance-page", incident_page_root=_ROOT, incident_page_message="Kembali <besok>")
    assert "Kembali &lt;besok&gt;" in site(host)
    host.reboot()
    host.ssh(f"systemd-run --quiet --unit=site python3 -m http.server {_PORT} --bind :: --directory {_ROOT}; sleep 1")
    assert "Pemeliharaan" in site(host)
    undone(lab, "show-maintenance-page", incident_page_root=_ROOT, incident_page_state="removed")
    assert host.ssh(f"sha256sum {_ROOT}/*").stdout == before
    assert host.ssh("ls /etc/systemd/system/*.mount", check=False).returncode != 0


def test_maintenance_page_over_a_folder_that_is_not_there_is_refused(lab: Lab) -> None:
    assert "expected a folder" in refused(lab, "show-maintenance-page", incident_page_root="/srv/none")


def test_account_is_shut_and_let_in_again(lab: Lab) -> None:
    host = lab.hosts[0]
    host.ssh("echo web:rahasia | chpasswd; systemd-run --quiet --uid=web sleep 9999")
    shadow = "getent shadow web | cut -d: -f2,8"
    before = host.ssh(shadow).stdout
    run_names = done(lab, "disable-account", incident_account_name="web")
    assert any("processes of the account are ended" in name for name in run_names)
    assert host.ssh(shadow).stdout == "!" + before.strip().removesuffix(":") + ":1\n"
    assert host.ssh("pgrep -u web", check=False).returncode == 1
    undone(lab, "disable-account", incident_account_name="web", incident_account_state="enabled")
    assert host.ssh(shadow).stdout == before


@pytest.mark.parametrize("name", ["root", "nobody-there"])
def test_account_that_everybody_needs_or_nobody_has_is_not_disabled(lab: Lab, name: str) -> None:
    assert "incident_account_name: expected an account" in refused(lab, "disable-account", incident_account_name=name)


def test_last_administrator_is_never_disabled(lab: Lab) -> None:
    host = lab.hosts[0]
    conf, keys = "/etc/ssh/sshd_config.d/0.conf", "/root/.ssh/authorized_keys"
    host.ssh(
        f"usermod -aG sudo admin; cp {keys} /etc/ssh/root_keys; echo 'AuthorizedKeysFile /etc/ssh/root_keys' >{conf}"
    )
    host.ssh(f"systemctl reload ssh; rm {keys}")
    try:
        assert "another administrator" in refused(lab, "disable-account", incident_account_name="admin")
    finally:
        host.ssh(f"cp /etc/ssh/root_keys {keys}; rm {conf}; systemctl reload ssh")
    ran(lab, "disable-account", incident_account_name="admin")
    ran(lab, "disable-account", incident_account_name="admin", incident_account_state="enabled")


def test_blocked_address_is_shut_out_and_the_management_never(lab: Lab) -> None:
    host = lab.hosts[0]
    done(
        lab,
        "block-address",
        incident_block_addresses=["203.0.113.7", "2001:db8::/64"],
        incident_block_rollback_seconds=20,
    )
    rules = host.ssh("nft list table inet sopti_block").stdout
    assert "ip saddr 203.0.113.7 drop" in rules
    assert "ip6 daddr 2001:db8::/64 drop" in rules
    assert host.ssh("ping -c1 -W1 203.0.113.7", check=False).returncode != 0
    for address in (lab.controller, "0.0.0.0/0"):
        said = refused(lab, "block-address", incident_block_addresses=[address], incident_block_rollback_seconds=20)
        assert "expected no address of the management" in said
    undone(lab, "block-address", incident_block_addresses=[], incident_block_rollback_seconds=20)
    assert "drop" not in host.ssh("nft list table inet sopti_block").stdout


def test_isolated_host_answers_the_management_alone_and_is_released(lab: Lab) -> None:
    host, settings = lab.hosts[0], {"incident_isolate_rollback_seconds": 20}
    assert host.reachable(_PORT)
    management = {"incident_isolate_management_sources": [f"{lab.controller}/32", f"{lab.controller6}/128"]}
    done(lab, "isolate-host", **settings, **management)
    assert not host.reachable(_PORT)
    host.reboot()
    assert not host.reachable(_PORT)
    assert "policy drop" in host.ssh("nft list table inet sopti_isolate").stdout
    said = refused(lab, "isolate-host", **settings, incident_isolate_management_sources=["192.0.2.1"])
    assert "expected a network that holds the controller" in said
    undone(lab, "isolate-host", **settings, **management, incident_isolate_state="released")
    host.ssh(f"systemd-run --quiet --unit=site python3 -m http.server {_PORT} --bind :: --directory {_ROOT}; sleep 1")
    assert host.reachable(_PORT)


def test_site_is_restored_below_a_maintenance_page_and_the_restore_undone(lab: Lab) -> None:
    host = lab.hosts[0]
    host.ssh(
        f"echo defaced >{_ROOT}/index.html; mkdir -p /tmp/good; echo good >/tmp/good/index.html; chmod 644 /tmp/good/*"
    )
    host.ssh("tar -C /tmp/good -czf /root/good.tar.gz .")
    digest = host.ssh("sha256sum /root/good.tar.gz").stdout.split()[0]
    wanted = {"incident_site_root": _ROOT, "incident_site_archive": "/root/good.tar.gz", "incident_site_label": "a"}
    ran(lab, "show-maintenance-page", incident_page_root=_ROOT)
    assert "no file" in refused(
        lab, "restore-site", **{**wanted, "incident_site_archive": "/root/x"}, incident_site_sha256=digest
    )
    wrong = hashlib.sha256(b"").hexdigest()
    assert wrong in refused(lab, "restore-site", **wanted, incident_site_sha256=wrong)
    done(lab, "restore-site", **wanted, incident_site_sha256=digest)
    assert "Pemeliharaan" in site(host)
    ran(lab, "show-maintenance-page", incident_page_root=_ROOT, incident_page_state="removed")
    assert "good" in site(host)
    assert host.ssh(f"ls {_ROOT}").stdout.split() == ["index.html"]
    assert "planted" in host.ssh("cat /var/lib/sopti-aside/a/shell.php").stdout
    undone(lab, "restore-site", **wanted, incident_site_sha256=digest, incident_site_state="undone")
    assert "defaced" in site(host)
