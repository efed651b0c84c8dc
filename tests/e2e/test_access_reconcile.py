"""What sshd itself refuses and writes down: certificates of the wrong kind, and logins that nobody explains."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sopti_runner.adapters.ssh_authority import SshAuthority
from sopti_runner.domain.access import Certificate
from tests.e2e import doors, notes
from tests.e2e.desk import Desk
from tests.lab import Host, Lab
from tests.lab.fixtures import skip_where_impossible

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    skip_where_impossible()
    with Lab.up(2) as running:
        yield running


@pytest.fixture(scope="module")
def host(lab: Lab) -> Host:
    return lab.hosts[0]


@pytest.fixture(scope="module")
def desk(staffed: Desk, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = staffed.copy(tmp_path_factory.mktemp("reconcile"))
    desk.content = notes.write(desk.folder / "content")
    doors.inventory(desk, lab)
    desk.do("access", "init")
    for host in lab.hosts:
        doors.convert(desk, host)
    desk.do("access", "check")
    return desk


def test_logins_of_a_whole_request_are_explained_and_a_planted_key_is_named(desk: Desk, lab: Lab, host: Host) -> None:
    desk.do("access", "reconcile", "--json", code=4)  # what the test itself did by its own key
    notes.let_go(lab)
    desk.do("access", "reconcile", "--json", code=4)
    number = desk.prioritised("Tulis catatan")
    desk.do("plan", number, notes.PLAYBOOK)
    desk.approved(number)
    desk.do("apply", number)
    found = desk.value("access", "reconcile")
    logins = [login for each in found for login in each["logins"]]
    assert len([login for login in logins if number in login["key_id"]]) >= 8
    assert {login["finding"] for login in logins} == {""}
    assert all(number in login["key_id"] or login["key_id"].startswith("sopti - read ") for login in logins)
    run = desk.events("run.started")[-1].id
    assert {f"sopti {number} run {run} host {h.name}" for h in lab.hosts} <= {login["key_id"] for login in logins}

    planted = desk.key("planted")
    host.ssh("cat >> /root/.ssh/authorized_keys", stdin=Path(f"{planted}.pub").read_text())
    assert doors.log_in(host, planted).returncode == 0
    said = desk.do("access", "reconcile", "--json", code=4)
    (told,) = [each for each in said.value if each["host"] == host.name]
    fingerprint = subprocess.run(["ssh-keygen", "-lf", f"{planted}.pub"], capture_output=True, text=True, check=True)
    findings = {login["key"]: login["finding"] for login in told["logins"] if login["finding"]}
    assert findings.pop(fingerprint.stdout.split()[1]) == "unknown_key"
    assert len(findings) == 1  # the test's own key, by which it planted the other
    assert host.name in said.error["on"]
    assert said.error["code"] == 4


def test_host_that_cannot_be_read_is_named_and_the_others_are_read(desk: Desk, lab: Lab) -> None:
    kept = desk.inventory.read_text()
    desk.inventory.write_text(kept.replace(lab.hosts[0].address, "127.0.0.1"))
    said = desk.do("access", "reconcile", "--json", code=4)
    desk.inventory.write_text(kept)
    assert [bool(each["trouble"]) for each in said.value] == [True, False]
    assert lab.hosts[0].name in said.error["on"]


def test_expired_and_foreign_certificates_are_refused_by_sshd(desk: Desk, lab: Lab, host: Host) -> None:
    authority, now = SshAuthority(desk.state), datetime.now(UTC)
    good = Certificate(900001, host.name, "sopti test", now - timedelta(minutes=1), now + timedelta(minutes=5))
    since = doors.cursor(host)
    with authority.errand() as key:
        for wrong, said in {
            replace(good, last=now - timedelta(seconds=5)): "expired",
            replace(good, first=now + timedelta(minutes=2)): "not yet valid",
            replace(good, host=lab.hosts[1].name): "does not contain an authorized principal",
        }.items():
            (file,) = key.certify([wrong], frozenset()).certificates[wrong.host]
            assert doors.log_in(host, Path(key.folder) / "key", file).returncode == 255
            assert said in doors.said(host, since).splitlines()[-2] + doors.said(host, since)
        (file,) = key.certify([good], frozenset()).certificates[host.name]
        assert doors.log_in(host, Path(key.folder) / "key", file).returncode == 0
    found = desk.do("access", "reconcile", host.name, "--json", code=4).value[0]["logins"]
    assert [login["finding"] for login in found if login["serial"] == 900001] == ["unknown_certificate"]


def test_certificate_of_another_run_has_no_key_any_more(desk: Desk, host: Host) -> None:
    """A run's certificate is of use to nobody after it: its private key went with the errand."""
    assert not list((desk.state / "errands").iterdir())
    authority = SshAuthority(desk.state)
    (serial, issued), *_ = [(n, i) for n, i in doors.issued(desk).items() if i.certificate.host == host.name]
    with authority.errand() as other, authority.errand() as key:
        (file,) = key.certify([issued.certificate], frozenset()).certificates[host.name]
        assert doors.log_in(host, Path(other.folder) / "key", file).returncode == 255
        assert serial


def test_revoked_certificate_is_refused_by_sshd_once_the_host_has_the_list(desk: Desk, host: Host) -> None:
    authority = SshAuthority(desk.state)
    number = max(doors.issued(desk))
    issued = doors.issued(desk)[number]
    certificate = replace(issued.certificate, host=host.name)
    with authority.errand() as key:
        (file,) = key.certify([certificate], frozenset()).certificates[host.name]
        assert doors.log_in(host, Path(key.folder) / "key", file).returncode == 0
        desk.do("access", "revoke", "--serial", str(number), "--reason", "Hilang")
        given = desk.value("access", "variables", str(desk.folder / "access.yml"))
        host.ssh("base64 -d > /etc/ssh/test-krl", stdin=given["ssh_access_revoked"])
        since = doors.cursor(host)
        assert doors.log_in(host, Path(key.folder) / "key", file).returncode == 255
        assert "revoked" in doors.said(host, since)
    desk.do("access", "revoke", "--serial", str(number), code=2)
    desk.do("access", "revoke", "--serial", "999999", code=2)
    assert doors.issued(desk)[number].revoked_at is not None
    assert desk.do("ledger", "verify").code == 0


def test_authority_is_rotated_while_hosts_learn_of_it(desk: Desk, lab: Lab) -> None:
    old = desk.value("access", "show")["authorities"]
    new = desk.value("access", "rotate")["authority"]
    assert desk.value("access", "show")["authorities"] == [new, *old]
    desk.do("access", "rotate", code=11)
    desk.do("access", "rotate", "--finish", code=2)  # no host has shown yet that it takes the new one
    assert all(each["certificate"] for each in desk.value("access", "check").values())  # by the old one
    desk.do("access", "rotate", "--finish", code=2)
    for host in lab.hosts:
        host.ssh("cat > /etc/ssh/test-ca.pub", stdin=(desk.state / "ssh-ca.key.pub").read_text())
    assert all(each["certificate"] for each in desk.value("access", "check").values())
    assert desk.value("access", "rotate", "--finish")["retired"] == old[0]
    assert desk.value("access", "show")["authorities"] == [new]
    assert not (desk.state / "ssh-ca.old.key").exists()
    assert all(each["certificate"] for each in desk.value("access", "check").values())
    assert desk.do("ledger", "verify").code == 0
