"""The sealed console: proven before a host's last standing key is taken, shut to ssh, open when the runner is dead."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sopti_runner.domain.period import Zone
from tests.e2e import consoles, doors, fences, notes
from tests.e2e.desk import ROOT, Desk, copied_content
from tests.lab import Host, Lab

pytestmark = pytest.mark.lab

RUNBOOK = ROOT / "docs/runbooks/runner-dead.md"
CONVERT, CONSOLE = "set-ssh-access", "set-console-access"


@pytest.fixture(scope="module")
def host(lone: Lab) -> Host:
    return lone.hosts[0]


@pytest.fixture(scope="module")
def desk(staffed: Desk, lone: Lab, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = staffed.copy(tmp_path_factory.mktemp("console"))
    desk.content = copied_content(notes.write(desk.folder / "content"), ("collections", "reports"))
    doors.provide(desk, CONVERT, "ssh_access")
    doors.provide(desk, CONSOLE, "console_access")
    doors.inventory(desk, lone)
    desk.do("access", "init")
    return desk


@pytest.fixture(scope="module")
def slip(desk: Desk, host: Host) -> str:
    """Seal the console and have the role set it up through the gate; gives the password on the slip."""
    password, said = consoles.sealed(desk, host)
    assert f"{CONSOLE} --limit {host.name} --var console_access_password=console-{host.name}\n" in said
    number = desk.prioritised("Pasang jalan konsol")
    given = ("--limit", host.name, "--var", f"console_access_password=console-{host.name}")
    desk.do("plan", number, CONSOLE, *given)
    assert desk.value("plan", number)["counts"]["failed"] == 0
    desk.approved(number)
    desk.do("apply", number)
    again = desk.prioritised("Sekali lagi")
    desk.do("plan", again, CONSOLE, *given)
    assert desk.value("plan", again)["counts"]["change"] == 0
    return password


def not_proven(desk: Desk, host: Host) -> str:
    """Give why the host's own word proves nothing."""
    return str(desk.do("access", "prove", host.name, "--json", code=4).error["found"])


def test_host_without_a_proven_console_keeps_its_standing_key(desk: Desk, host: Host) -> None:
    desk.do("access", "prove", host.name, code=2)
    refused = doors.planned(desk, code=10)[1]
    assert "sopti access seal" in refused.err
    assert desk.refusals()[-1] == ["console_unproven"]
    assert not desk.events("request.planned")


def test_console_is_proven_by_a_login_that_the_hosts_own_log_shows(desk: Desk, host: Host, slip: str) -> None:
    assert "no new login" in not_proven(desk, host)
    consoles.log_in(host, slip, "id")
    assert "become root" in not_proven(desk, host)
    consoles.log_in(host, slip, consoles.ROOT_THERE)
    assert desk.value("access", "prove", host.name)["host"] == host.name
    assert desk.value("access", "show")["consoles"] == {host.name: True}
    for each in (p for p in desk.folder.rglob("*") if p.is_file()):
        assert slip.encode() not in each.read_bytes(), each
    desk.do("apply", doors.approved(desk, ssh_access_rollback_seconds=20))
    assert desk.value("access", "show")["weaker"] == []


def test_account_is_shut_out_by_sshd_whatever_else_its_settings_say(
    desk: Desk, host: Host, slip: str, tmp_path: Path
) -> None:
    others = "PasswordAuthentication yes\nMatch User sopti-console\n DenyUsers nobody\n PasswordAuthentication yes\n"
    host.ssh("cat > /etc/ssh/sshd_config.d/zz-other.conf", stdin=others)
    host.ssh("cat > /etc/ssh/sshd_config.d/00-a.conf", stdin=others)
    since = doors.cursor(host)
    host.ssh(f"useradd -m witness; chpasswd; {doors.RELOADED}", stdin="witness:abcd-efgh\n")
    assert by_password(tmp_path / "asker", host, "witness", "abcd-efgh").returncode == 0
    assert by_password(tmp_path / "asker", host, consoles.ACCOUNT, slip).returncode == 255
    assert "listed in DenyUsers" in doors.said(host, since)
    host.ssh(f"rm /etc/ssh/sshd_config.d/zz-other.conf /etc/ssh/sshd_config.d/00-a.conf; {doors.RELOADED}")


def test_console_opens_when_the_authority_is_destroyed_and_its_use_is_an_exception_until_ratified(
    desk: Desk, host: Host, slip: str
) -> None:
    desk.do("access", "reconcile", "--json", code=4)
    authority = desk.state / "ssh-ca.key"
    kept = authority.read_bytes()
    authority.unlink()
    assert desk.do("access", "check", "--json", code=None).code in (11, 12)
    (rescue,) = fences.blocks(RUNBOOK, run_by="tests/e2e/test_console.py")
    key = desk.key("administrator")
    public = " ".join(Path(desk.public("administrator")).read_text().split()[:2])
    typed = rescue.commands.replace("ssh-ed25519 AAAA-KEY-OF-THE-ADMINISTRATOR", public)
    consoles.log_in(host, slip, *typed.splitlines())
    assert replace(host, private_key=key).ssh("id -un").stdout == "root\n"
    authority.write_bytes(kept)
    authority.chmod(0o600)

    desk.do("access", "reconcile", "--json", code=4)
    (read,) = desk.do("access", "reconcile", "--all", "--json", code=4).value
    assert "console_opened" in {login["finding"] for login in read["logins"]}
    assert len(desk.events("console.used")) == 1
    assert verdict(desk)[0] == "warning"
    assert f"--console {host.name}" in verdict(desk)[1]
    assert exceptions(desk) == [("", host.name)]
    number = desk.value("emergency", "record", "--console", host.name, "--did", "Komputer sopti mati", "--who", "Budi")[
        "request"
    ]
    assert exceptions(desk) == [(number, None)]
    desk.do("emergency", "ratify", number, who="budi", code=10)
    desk.do("emergency", "ratify", number, who="sari")
    assert exceptions(desk) == []
    assert "seal" in verdict(desk)[1]
    assert desk.value("access", "show")["consoles"] == {host.name: False}
    assert desk.do("ledger", "verify").code == 0


def verdict(desk: Desk) -> tuple[str, str]:
    """Give what the doctor says of consoles, and what to do."""
    (row,) = [each for each in desk.do("doctor", "--json", code=None).value if each["check"] == "Consoles"]
    return row["verdict"], row["next"]


def exceptions(desk: Desk) -> list[tuple[str, str | None]]:
    """Give the exceptions of this month's recap: number of the request, and host of a console."""
    month = f"{desk.events()[-1].time.astimezone(Zone.JAKARTA.tz):%Y-%m}"
    page = desk.value("recap", month, "--output", str(desk.folder / "recap.pdf"))
    return [(each["number"], each.get("console")) for each in page["emergencies"]["exceptions"]]


def by_password(asker: Path, host: Host, user: str, password: str) -> subprocess.CompletedProcess[str]:
    """Try a login by ssh with a password alone."""
    asker.write_text(f"#!/bin/sh\necho '{password}'\n")
    asker.chmod(0o700)
    told = {**os.environ, "SSH_ASKPASS": str(asker), "SSH_ASKPASS_REQUIRE": "force"}
    words = [word.replace("BatchMode=yes", "PubkeyAuthentication=no") for word in host.ssh_command(user=user)]
    words[-1:] = ["-o", "NumberOfPasswordPrompts=1", words[-1], "true"]
    return subprocess.run(words, env=told, capture_output=True, text=True, timeout=60, check=False)
