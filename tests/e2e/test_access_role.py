"""The role ssh_access through the gate: a host is converted and converted back, and it never shuts us out."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from sopti_runner.adapters.ssh_authority import SshAuthority
from tests.e2e import consoles, doors, notes
from tests.e2e.desk import Desk, copied_content
from tests.lab import Host, Lab

pytestmark = pytest.mark.lab

SECONDS = 20
STATE = (
    "sshd -T | grep -E '^(trusted|authorizedprin|revoked)'; cat /root/.ssh/authorized_keys; "
    "find /etc/ssh/sopti /etc/ssh/sshd_config.d -type f -exec sha256sum {} + 2>/dev/null | sort"
)


@pytest.fixture(scope="module")
def host(lone: Lab) -> Host:
    return lone.hosts[0]


@pytest.fixture(scope="module")
def desk(staffed: Desk, lone: Lab, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = staffed.copy(tmp_path_factory.mktemp("role"))
    desk.content = copied_content(notes.write(desk.folder / "content"), ("collections", "reports"))
    doors.provide(desk, doors.PLAYBOOK, "ssh_access")
    doors.inventory(desk, lone)
    desk.do("access", "init")
    consoles.prove(desk, lone.hosts[0])
    return desk


def approved(desk: Desk, **changed: object) -> str:
    """Plan the role and have it approved; gives the request's number."""
    return doors.approved(desk, ssh_access_rollback_seconds=SECONDS, **changed)


def works(desk: Desk) -> None:
    """Plan something else on the host: sopti comes in."""
    desk.do("plan", desk.prioritised("Masuk"), notes.PLAYBOOK)


def test_other_authority_is_not_proven_and_everything_is_put_back(desk: Desk, host: Host) -> None:
    before = host.ssh(STATE).stdout
    stranger = " ".join(Path(desk.public("stranger")).read_text().split()[:2])
    number = approved(desk, ssh_access_authorities=[stranger])
    desk.do("apply", number, code=13)
    assert host.ssh(STATE).stdout == before
    assert host.ssh("systemctl is-active sopti-access-rollback.timer", check=False).stdout.strip() == "inactive"
    tried = desk.events("access.checked")[-1].data
    assert (tried["host"], tried["certificate"], tried["plain"]) == (host.name, False, True)
    works(desk)


def test_runner_killed_while_the_proof_waits_leaves_the_host_as_it_was(desk: Desk, host: Host) -> None:
    before = host.ssh(STATE).stdout
    number = approved(desk)
    # once the host is armed a new login takes a while, so that the proof is still waiting when the runner dies
    host.ssh(
        "rm -rf /run/sopti/access; cat > /etc/ssh/sshrc", stdin="[ ! -e /run/sopti/access/rollback.sh ] || sleep 8\n"
    )
    with desk.start("apply", number) as runner:
        host.ssh("until systemctl is-active --quiet sopti-access-rollback.timer; do sleep 0.1; done", timeout=60)
        os.killpg(runner.pid, signal.SIGKILL)
    host.ssh("rm /etc/ssh/sshrc")
    host.ssh("while systemctl is-active --quiet sopti-access-rollback.timer; do sleep 0.2; done", timeout=SECONDS + 30)
    host.ssh("while systemctl is-active --quiet sopti-access-rollback.service; do sleep 0.2; done", timeout=30)
    assert host.ssh(STATE).stdout == before
    works(desk)


def test_host_is_converted_and_every_login_is_told_for(desk: Desk, host: Host) -> None:
    admins = host.ssh("grep -v ' runner$' /root/.ssh/authorized_keys").stdout
    desk.do("apply", approved(desk))
    assert desk.value("access", "show")["weaker"] == []
    assert host.ssh("cat /root/.ssh/authorized_keys").stdout == admins
    since = doors.cursor(host)
    works(desk)
    found = doors.logins(host, since)
    assert found
    assert all(" ID sopti " in line for line in found), found
    again = desk.prioritised("Lagi")
    desk.do("plan", again, doors.PLAYBOOK, "--vars-file", str(desk.folder / "access.yml"))
    assert desk.value("plan", again)["counts"]["change"] == 0


def test_revocation_and_a_new_authority_reach_the_host_by_runs_and_the_old_ones_certificates_open_it_no_more(
    desk: Desk, host: Host
) -> None:
    """The role rolls out what ``revoke`` and ``rotate`` wrote down; each time a host that certificates alone open."""
    authority, serial = SshAuthority(desk.state), max(doors.issued(desk))
    with authority.errand() as key:
        private = Path(key.folder) / "key"

        def signed(number: int) -> tuple[str, ...]:
            """Give the certificates of a serial, one for each authority in use, the newest first."""
            lasting = replace(doors.issued(desk)[serial].certificate, serial=number)
            return tuple(key.certify([lasting], frozenset()).certificates[host.name])

        (lost,), (old,) = signed(serial), signed(serial + 1000)
        assert [doors.log_in(host, private, each).returncode for each in (lost, old)] == [0, 0]
        desk.do("access", "revoke", "--serial", str(serial), "--reason", "Hilang")
        first = desk.value("access", "show")["authorities"]
        desk.do("access", "rotate")
        desk.do("apply", approved(desk))
        since = doors.cursor(host)
        new, _ = signed(serial + 1001)
        assert [doors.log_in(host, private, each).returncode for each in (lost, old, new)] == [255, 0, 0]
        assert "revoked" in doors.said(host, since)
        assert desk.value("access", "rotate", "--finish")["retired"] == first[0]
        desk.do("apply", approved(desk))
        assert [doors.log_in(host, private, each).returncode for each in (lost, old, new)] == [255, 255, 0]
    works(desk)
    assert desk.value("access", "check")[host.name] == {"certificate": True, "plain": False}


def test_host_comes_back_to_its_standing_key(desk: Desk, host: Host) -> None:
    desk.do("apply", approved(desk, ssh_access_way="plain"))
    assert desk.value("access", "show")["weaker"] == [host.name]
    assert host.ssh(
        "ls /etc/ssh/sopti/authorities.pub /etc/ssh/sshd_config.d/00-sopti-access.conf", check=False
    ).returncode
    works(desk)
    assert desk.do("ledger", "verify").code == 0
