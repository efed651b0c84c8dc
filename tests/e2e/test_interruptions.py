"""Stopped commands: Ctrl-C and kill while planning and applying; the ledger tells the truth and nothing runs again."""

import json
import os
import signal

import pytest

from tests.e2e import notes
from tests.e2e.desk import Desk
from tests.lab import Lab

pytestmark = pytest.mark.lab


@pytest.fixture
def lasting(ready, hosts: Lab):
    """An approved request whose second task lasts until the test lets it go."""
    notes.hold(hosts)
    yield ready
    notes.let_go(hosts)
    for host in hosts.hosts:
        notes.wait_nothing_runs(host)


def begun(desk: Desk, hosts: Lab, *words: str):
    """Start a command and give it once the lasting task has begun on both hosts."""
    process = desk.start(*words)
    for host in hosts.hosts:
        notes.wait_begun(host)
    return process


def run_of(desk: Desk):
    return desk.events("run.finished")[-1].data


def test_ctrl_c_while_applying_tells_each_hosts_truth_and_exits_130(lasting, hosts: Lab):
    desk, number = lasting
    process = begun(desk, hosts, "apply", number, "--json")
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    data = run_of(desk)
    less = json.loads(out)["not_begun"]
    assert set(less) == {host.name for host in hosts.hosts}, "neither was let come to its last task"
    assert (data["outcome"], data["stopped"]) == ("interrupted", True)
    assert set(data["hosts"].values()) <= {"failed", "unknown"}
    tasks = [(e.data["host"], e.data["task"]) for e in desk.events("task.finished")]
    assert {host for host, task in tasks if task.endswith(":1")} == {h.name for h in hosts.hosts}
    assert [notes.there(host) for host in hosts.hosts] == [{notes.FIRST}, {notes.FIRST}]
    assert desk.value("request", "show", number)["state"] == "partial"
    before = desk.counts()
    said = desk.do("apply", number, "--json", code=10)
    assert "wrong_state" in [r["code"] for r in said.error["reasons"]]
    assert (desk.counts() - before)["run.started"] == 0


def test_killed_apply_is_buried_by_the_next_command_and_needs_a_fresh_plan(lasting, hosts: Lab):
    desk, number = lasting
    process = begun(desk, hosts, "apply", number)
    process.kill()
    process.communicate(timeout=60)
    assert desk.value("request", "show", number)["state"] == "running"
    assert desk.counts()["run.finished"] == 0
    notes.let_go(hosts)
    for host in hosts.hosts:
        notes.wait_nothing_runs(host)
    said = desk.do("apply", number, "--json", code=10)
    assert "wrong_state" in [r["code"] for r in said.error["reasons"]]
    data = run_of(desk)
    assert data["outcome"] == "interrupted"
    assert data["hosts"] == {host.name: "unknown" for host in hosts.hosts}
    tasks = {(e.data["host"], e.data["task"]) for e in desk.events("task.finished")}
    assert {task for _host, task in tasks} == {"roles/notes/tasks/main.yml:1"}
    assert [notes.there(host) for host in hosts.hosts] == [{notes.FIRST}, {notes.FIRST}]  # its later tasks died with it
    assert desk.do("request", "show", number, "--json").value["next"] == ["plan", "withdraw"]
    assert desk.do("ledger", "verify").code == 0


def test_cancel_from_another_terminal_ends_the_run_and_names_who_did(lasting, hosts: Lab):
    desk, number = lasting
    process = begun(desk, hosts, "apply", number, "--json")
    refused = desk.do("run", "cancel", number, "--json", who="sari", code=10)
    assert [r["code"] for r in refused.error["reasons"]] == ["not_in_office"]
    assert desk.value("run", "show", number)["outcome"] == "running"
    told = desk.value("run", "cancel", number)
    _out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert (told["outcome"], told["stopped"]) == ("interrupted", True)
    (cancelled,) = desk.events("run.cancelled")
    assert (cancelled.actor.person, cancelled.data["run"]) == (told["cancelled_by"], told["run"])
    for host in hosts.hosts:
        assert told["hosts"][host.name]["done"] == ["The first note"]
        assert told["hosts"][host.name]["not_begun"][-1] == "The last note"
        assert notes.there(host) == {notes.FIRST}
    assert told["next"] == f"sopti plan {number} PLAYBOOK"
    assert "Stopped by Budi Contoh" in desk.do("run", "show", number).out
    assert "Dihentikan oleh Budi Contoh" in desk.do("run", "show", number, "--lang", "id").out
    assert desk.do("run", "cancel", number, code=2).err
    assert desk.do("ledger", "verify").code == 0


def test_ctrl_c_while_planning_leaves_no_plan_and_exits_130(ready, hosts: Lab):
    desk, _number = ready
    fresh = desk.prioritised("Catatan kedua")
    process = desk.start("plan", fresh, notes.PLAYBOOK, "--var", "notes_text=lain")
    assert process.stderr.readline()  # the first task answered
    os.killpg(process.pid, signal.SIGINT)
    _out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert desk.value("request", "show", fresh)["state"] == "prioritised"
    assert desk.events("read.finished")[-1].data["outcome"] == "failed"
    assert [notes.there(host) for host in hosts.hosts] == [set(), set()]


def test_same_approval_applied_twice_at_once_runs_once(lasting, hosts: Lab):
    desk, number = lasting
    first = begun(desk, hosts, "apply", number, "--json")
    second = desk.process("apply", number, "--json", code=10)
    assert {"approval_used", "host_leased", "wrong_state"} == {r["code"] for r in second.error["reasons"]}
    added = desk.process("request", "add", "--what", "Sementara itu", "--unit", "PTSP")  # other work goes on
    assert added.code == 0
    notes.let_go(hosts)
    out, err = first.communicate(timeout=120)
    assert first.returncode == 0, out + err
    counts = desk.counts()
    assert (counts["run.started"], counts["run.finished"]) == (1, 1)
    assert [notes.there(host) for host in hosts.hosts] == [{notes.FIRST, notes.LAST}] * 2
    third = desk.do("apply", number, "--json", code=10)
    assert {"approval_used", "wrong_state"} <= {r["code"] for r in third.error["reasons"]}
    assert desk.counts()["run.started"] == 1


def test_host_that_fails_makes_a_partial_run_and_exit_3(lasting, hosts: Lab):
    desk, number = lasting
    good, broken = hosts.hosts
    process = begun(desk, hosts, "apply", number, "--json")
    broken.ssh(f"mkdir {notes.LAST} && mount -t tmpfs -o ro none {notes.LAST}")
    try:
        notes.let_go(hosts)
        out, err = process.communicate(timeout=120)
    finally:
        broken.ssh(f"umount {notes.LAST}; rmdir {notes.LAST}")
    assert process.returncode == 3, out + err
    assert run_of(desk)["hosts"] == {good.name: "changed", broken.name: "failed"}
    assert desk.value("request", "show", number)["state"] == "partial"
    assert desk.value("request", "show", number)["next"] == ["plan", "withdraw"]
