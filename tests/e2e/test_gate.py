"""Every way the gate says no, through the command line and on real hosts: an event each time, no host touched."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e import notes
from tests.e2e.desk import Desk
from tests.lab import Lab

pytestmark = pytest.mark.lab


def refused(desk: Desk, number: str, who: str = "budi") -> dict:
    """Try to apply; gives the error, having checked that the refusal is an event and that nothing started."""
    before = desk.counts()
    said = desk.do("apply", number, "--json", who=who, code=10)
    new = desk.counts() - before
    assert (new["gate.refused"], new["run.started"], new["task.finished"]) == (1, 0, 0)
    assert [r["code"] for r in said.error["reasons"]] == desk.refusals()[-1]
    return said.error


def codes(error: dict) -> list[str]:
    return [r["code"] for r in error["reasons"]]


@pytest.fixture(autouse=True)
def untouched(hosts: Lab):
    """No refusal leaves anything on a host."""
    yield
    assert [notes.there(host) for host in hosts.hosts] == [set(), set()]


def test_apply_without_approval_is_refused(ready):
    desk, number = ready
    desk.do("revoke", number, "--reason", "Ditunda", who="sari")
    assert desk.value("request", "show", number)["state"] == "planned"
    error = refused(desk, number)
    assert "no_approval" in codes(error)
    assert ["secretary"] in [r["who"] for r in error["reasons"]]


def test_revocation_is_exported_and_signed_by_the_official(ready):
    desk, number = ready
    statement = desk.folder / "cabut.json"
    desk.do("revoke", number, "--reason", "Ditunda", "--by", "Sari", "--export", str(statement))
    assert "Ditunda" in statement.with_suffix(".txt").read_text()
    desk.do("revoke", "--import", str(desk.sign(statement, "sari")))
    assert "no_approval" in codes(refused(desk, number))


@pytest.mark.parametrize(
    ("name", "named"),
    [
        (f"playbooks/{notes.PLAYBOOK}.yml", f"playbooks/{notes.PLAYBOOK}.yml"),
        ("roles/notes/templates/note.j2", "roles/notes/templates/note.j2"),
        ("roles/notes/defaults/main.yml", "roles/notes/defaults/main.yml"),
        (f"playbooks/{notes.PLAYBOOK}.change.yml", f"playbooks/{notes.PLAYBOOK}.change.yml"),
    ],
)
def test_edited_input_is_refused_and_named(ready, name, named):
    desk, number = ready
    path = desk.content / name
    path.write_text(path.read_text() + "# diubah\n")
    error = refused(desk, number)
    assert set(codes(error)) == {"input_changed"}
    assert any(named in r["message"] for r in error["reasons"])
    path.write_text(path.read_text().removesuffix("# diubah\n"))


def test_edited_host_variable_is_refused_and_named(ready):
    desk, number = ready
    desk.inventory.write_text(desk.inventory.read_text().replace("/usr/bin/python3", "/usr/bin/env python3"))
    assert "input_changed" in codes(refused(desk, number))


def test_sealed_copy_that_was_touched_is_refused(ready):
    desk, number = ready
    copy = next(desk.state.glob("snapshots/*/roles/notes/templates/note.j2"))
    copy.chmod(0o600)
    copy.write_text("lain\n")
    assert "copy_tampered" in codes(refused(desk, number))


@pytest.mark.parametrize(("opens", "closes", "code"), [(-1, 1, "approval_expired"), (3600, 7200, "approval_too_early")])
def test_approval_outside_its_time_is_refused(ready, opens, closes, code):
    desk, number = ready
    desk.do("revoke", number, "--reason", "Waktu lain", who="sari")
    desk.do("consider", number, "--advice", "approve", who="dewi")
    house = desk.house()
    sari = house.books.court().register.owner(house.signer(str(desk.key("sari"))).fingerprint).id
    now = datetime.now(UTC)
    first, last = now + timedelta(seconds=opens), now + timedelta(seconds=closes)
    request = house.books.court().find_request(number)
    data = {"plan": request.plan.digest, "hosts": list(request.plan.hosts), "uses": 1}
    data |= {"not_before": first.isoformat(), "expires": last.isoformat()}
    waiting = house.acts.prepare("approve", person=sari, subjects=[request.id], data=data)
    house.acts.sign(waiting, house.signer(str(desk.key("sari"))))
    while code == "approval_expired" and datetime.now(UTC) < last:
        pass
    assert codes(refused(desk, number)) == [code]


def test_approver_never_carries_out(ready):
    desk, number = ready
    desk.governed("office", "appoint", "Sari", "operator", confirmed_by="dewi")
    assert "executor_is_approver" in codes(refused(desk, number, who="sari"))


def test_person_without_the_office_is_refused(ready):
    desk, number = ready
    assert "executor_no_office" in codes(refused(desk, number, who="rina"))


def test_key_nobody_enrolled_is_refused(ready):
    desk, number = ready
    before = desk.counts()
    said = desk.do("apply", number, "--json", who="tono", code=None)
    assert said.code in (2, 10)
    assert desk.counts() - before in ({}, {"gate.refused": 1})


def test_signature_by_another_persons_key_is_refused(ready):
    """Sari's statement, signed with Dewi's key: she vouches for nothing in Sari's name."""
    desk, number = ready
    desk.do("revoke", number, "--reason", "Ulang", who="sari")
    desk.do("consider", number, "--advice", "approve", who="dewi")
    statement = desk.folder / "setuju.json"
    desk.do("approve", number, "--by", "Sari", "--export", str(statement))
    before = desk.counts()
    said = desk.do("approve", "--import", str(desk.sign(statement, "dewi")), "--json", code=10)
    assert "signer_differs" in codes(said.error)
    assert desk.counts() - before == {"gate.refused": 1}
    statement.with_name("setuju.json.sig").unlink()
    statement.write_bytes(statement.read_bytes().replace(b'"uses":1', b'"uses":9'))
    desk.do("approve", "--import", str(desk.sign(statement, "sari")), code=2)  # not what was exported
    assert desk.value("request", "show", number)["state"] == "considered"


def test_host_changed_by_hand_is_refused_and_named(ready, hosts: Lab):
    desk, number = ready
    host = hosts.hosts[0]
    host.ssh(f"echo lain > {notes.FIRST}")
    error = refused(desk, number)
    host.ssh(f"rm {notes.FIRST}")
    assert set(codes(error)) == {"drift"}
    assert any(host.name in r["message"] and notes.FIRST in r["message"] for r in error["reasons"])
    assert desk.value("request", "show", number)["state"] == "approved"  # it stays usable


def test_host_that_shows_another_key_is_refused(ready, hosts: Lab):
    desk, number = ready
    host, key = hosts.hosts[0], "/etc/ssh/ssh_host_ed25519_key"
    new = f"cp -a {key} {key}.kept; cp -a {key}.pub {key}.pub.kept; rm {key}; ssh-keygen -q -t ed25519 -N '' -f {key}"
    host.ssh(f"{new}; systemctl restart ssh")
    try:
        error = refused(desk, number)
    finally:
        blind = [word.replace("StrictHostKeyChecking=yes", "StrictHostKeyChecking=no") for word in host.ssh_command()]
        blind = [word.replace(str(host.known_hosts), "/dev/null") for word in blind]
        back = f"mv {key}.kept {key}; mv {key}.pub.kept {key}.pub; systemctl restart ssh"
        subprocess.run([*blind, back], check=True, capture_output=True, timeout=30)
    host.wait_ready()
    assert codes(error) == ["host_not_checked"]
    assert host.name in error["reasons"][0]["message"]


def test_plan_for_a_host_with_another_key_is_an_error_and_makes_no_plan(ready, hosts: Lab):
    desk, _number = ready
    other = desk.key("lain").with_suffix(".pub").read_text().split()[:2]
    desk.inventory.write_text(desk.inventory.read_text().replace(hosts.hosts[0].host_key, " ".join(other)))
    fresh = desk.prioritised("Lain lagi")
    said = desk.do("plan", fresh, notes.PLAYBOOK, "--json", code=14)
    assert hosts.hosts[0].name in said.error["on"] + said.error["message"]
    assert desk.value("request", "show", fresh)["state"] == "prioritised"


def test_plan_made_again_keeps_the_approval_when_it_is_equal(ready):
    desk, number = ready
    said = desk.do("plan", number, notes.PLAYBOOK)
    assert "stay" in said.out
    assert desk.value("request", "show", number)["state"] == "approved"
    shutil.rmtree(desk.state / "runs", ignore_errors=True)
