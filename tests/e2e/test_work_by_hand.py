"""Work by hand on a real host: one person, one approval, a terminal that is recorded, and what changed told exactly."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.e2e import doors, notes
from tests.e2e.desk import ROOT, SOPTI, Desk, _without_sopti, copied_content
from tests.lab import Host, Lab

pytestmark = pytest.mark.lab

PLAYBOOK = "work-by-hand"
WHAT = "Pasang perbaikan 4.2 dari penyedia aplikasi perkara"
PROMPT = "siap# "


@pytest.fixture(scope="module")
def host(hosts: Lab) -> Host:
    return hosts.hosts[0]


@pytest.fixture(scope="module")
def founded(staffed: Desk, hosts: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A court with an authority and two hosts, of which the first takes certificates; never changed by a test."""
    desk = staffed.copy(tmp_path_factory.mktemp("by-hand"))
    desk.content = copied_content(notes.write(desk.folder / "content"), ("collections",))
    for name in (f"{PLAYBOOK}.yml", f"{PLAYBOOK}.change.yml"):
        shutil.copy2(ROOT / "playbooks" / name, desk.content / "playbooks" / name)
    doors.inventory(desk, hosts)
    desk.do("access", "init")
    doors.convert(desk, hosts.hosts[0])
    desk.do("access", "check")
    yield desk
    for each in hosts.hosts:  # the settings first: a list that sshd can't read shuts out every key
        settings = "rm -f /etc/ssh/sshd_config.d/00-test.conf; systemctl reload ssh; rm -f /etc/ssh/test-*"
        each.ssh(f"{settings}; sed -i '/ runner$/d' /root/.ssh/authorized_keys")


@pytest.fixture
def desk(founded: Desk, tmp_path: Path) -> Desk:
    return founded.copy(tmp_path / "court")


def approved(desk: Desk, host: str, *expected: str) -> str:
    """Plan work by hand on a host and have it approved; gives the request's number."""
    number = desk.prioritised(WHAT)
    given = desk.folder / "given.yml"
    variables = {"work_by_hand_what": WHAT, "work_by_hand_minutes": 10, "work_by_hand_expected": list(expected)}
    given.write_text(json.dumps(variables))
    desk.do("plan", number, PLAYBOOK, "--limit", host, "--vars-file", str(given))
    desk.approved(number)
    return number


def opened(desk: Desk, number: str, host: Host, *words: str, who: str = "budi") -> pexpect.spawn:
    """Open a terminal as a person does and wait for the host's prompt."""
    environment = {**_without_sopti(), **desk.environment(who), "TERM": "dumb"}
    child = pexpect.spawn(
        str(SOPTI), ["session", "open", number, "--host", host.name, *words],
        env=environment, cwd=str(desk.folder), encoding="utf-8", timeout=90, dimensions=(30, 100),
    )  # fmt: skip
    child.expect(r"[#$] ")
    child.sendline(f"PS1='{PROMPT}'; unset HISTFILE")
    child.expect(f"\n{PROMPT}", timeout=20)
    return child


def typed(child: pexpect.spawn, line: str) -> str:
    """Type a line and give what the host showed of it."""
    child.sendline(line)
    child.expect(f"\n{PROMPT}", timeout=20)
    return str(child.before)


def ended(child: pexpect.spawn) -> tuple[int, str]:
    """Wait for the command's end; gives its exit code and what it said."""
    child.expect(pexpect.EOF)
    child.close()
    return int(child.exitstatus if child.exitstatus is not None else -1), str(child.before)


def test_person_works_by_hand_and_everything_is_told(desk: Desk, host: Host) -> None:
    number = approved(desk, host.name, "file:/opt/aplikasi/*")
    (waits,) = desk.value()["waiting"]
    assert waits["command"] == f"sopti session open {number} --host {host.name}"
    desk.process("session", "open", number, "--host", host.name, code=2)  # no terminal
    assert reasons(desk, "apply", number) == ["by_hand"]
    assert refused_at_terminal(desk, number, "srv99") == ["other_host"]
    assert "executor_is_approver" in refused_at_terminal(desk, number, host.name, who="sari")
    since = doors.cursor(host)
    host.ssh("rm -rf /opt/aplikasi /etc/catatan; echo lama > /etc/yang-ada; umask 077")
    child = opened(desk, number, host)
    typed(child, "mkdir -p /opt/aplikasi && echo 4.2 > /opt/aplikasi/versi && chmod 600 /etc/yang-ada")
    assert "SANDI-RAHASIA" not in typed(child, "read -s kata && echo panjang=${#kata}\nSANDI-RAHASIA").split("\n", 1)[1]
    typed(child, "useradd --no-create-home pembaruan && groupdel pembaruan 2>/dev/null; printf 'selesai \\xc3\\xa9\\n'")
    child.sendline("exit")
    code, said = ended(child)
    assert code == 0, said
    shown = desk.value("session", "show", number)
    changed = {each["object"]: each["expected"] for each in shown["changes"]}
    assert changed.pop("file:/opt/aplikasi") is False
    assert changed.pop("file:/opt/aplikasi/versi") is True
    own = {"file:/etc/yang-ada", "user:pembaruan", "group:pembaruan"}
    accounts = {
        f"file:/etc/{name}{old}"
        for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")
        for old in ("", "-")
    }
    assert own <= changed.keys()
    assert changed.keys() - own <= accounts, changed
    (recorded,) = desk.events("session.recorded")
    recording = (desk.state / "sessions" / f"{shown['run']}.cast").read_bytes()
    assert recorded.data["recording"] == hashlib.sha256(recording).hexdigest()
    assert oct((desk.state / "sessions" / f"{shown['run']}.cast").stat().st_mode)[-3:] == "600"
    assert (recorded.data["end"], recorded.data["exit"], shown["recording_kept"]) == ("left", 0, True)
    logins = [
        line for line in doors.logins(host, since) if f"sopti {number} session {shown['run']} host {host.name}" in line
    ]
    assert len(logins) == 1
    (told,) = desk.do("access", "reconcile", host.name, "--json", code=4).value  # the test came in by a key of its own
    ours = {login["key_id"]: login["finding"] for login in told["logins"] if number in login["key_id"]}
    assert ours[f"sopti {number} session {shown['run']} host {host.name}"] == ""
    assert set(ours.values()) == {""}
    assert "approval_used" in refused_at_terminal(desk, number, host.name)
    assert desk.counts()["run.started"] == 1
    assert [line["event"] for line in desk.value("trace", f"{host.name}:/opt/aplikasi/versi")["events"]] == [
        "session.recorded"
    ]
    assert desk.do("ledger", "verify").code == 0


def test_plan_for_two_hosts_cannot_be_approved(desk: Desk) -> None:
    number = desk.prioritised("Dua server")
    desk.do(
        "plan",
        number,
        PLAYBOOK,
        *(w for v in ("what=Pasang sesuatu", "minutes=10") for w in ("--var", f"work_by_hand_{v}")),
    )
    assert desk.value("plan", number)["counts"]["failed"] == 2


def test_killed_runner_leaves_an_unknown_host_and_the_recording_so_far(desk: Desk, host: Host) -> None:
    number = approved(desk, host.name)
    child = opened(desk, number, host)
    typed(child, "echo sampai-di-sini; echo $$ > /run/pid-kerja")
    os.kill(child.pid, signal.SIGKILL)
    child.close(force=True)
    host.ssh("while kill -0 $(cat /run/pid-kerja) 2>/dev/null; do sleep 0.1; done", timeout=30)
    (run,) = desk.value("run", "list")
    assert (run["outcome"], run["hosts"]) == ("interrupted", {host.name: "unknown"})
    shown = desk.value("session", "show", number)
    assert (shown["end"], shown["changes"], shown["recording_kept"]) == ("cut", None, True)
    assert "sampai-di-sini" in desk.do("session", "replay", number, "--speed", "1000").out
    (desk.state / "sessions" / f"{run['run']}.cast").unlink()
    assert desk.do("session", "show", number, "--json", code=4).value["recording_kept"] is None
    desk.do("session", "replay", number, code=12)
    assert desk.do("ledger", "verify").code == 0


def test_work_that_goes_on_is_stopped_by_another_terminal(desk: Desk, host: Host) -> None:
    number = approved(desk, host.name)
    child = opened(desk, number, host)
    desk.process("run", "cancel", number, "--json", code=None)
    code, said = ended(child)
    assert code == 130, said
    assert desk.value("session", "show", number)["end"] == "stopped"
    assert desk.value("run", "show", number)["outcome"] == "interrupted"


def reasons(desk: Desk, *words: str, who: str = "budi") -> list[str]:
    """Run a command that the gate refuses and give its reasons."""
    return [each["code"] for each in desk.do(*words, "--json", who=who, code=10).error["reasons"]]


def refused_at_terminal(desk: Desk, number: str, host: str, who: str = "budi") -> list[str]:
    """Try to open a terminal, be refused, and give the reasons, which the ledger has too."""
    child = pexpect.spawn(
        str(SOPTI), ["session", "open", number, "--host", host, "--json"],
        env={**_without_sopti(), **desk.environment(who)}, cwd=str(desk.folder), encoding="utf-8", timeout=90,
    )  # fmt: skip
    code, said = ended(child)
    assert code == 10, said
    told = [each["code"] for each in json.loads(said.strip().splitlines()[-1])["reasons"]]
    assert desk.refusals()[-1] == told
    return told
