"""Plan, drift and apply on real hosts: what was planned is what happens, and nothing else is believed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sopti_runner.adapters.ansible.content import AnsibleContent
from sopti_runner.adapters.ansible.engine import AnsibleEngine
from sopti_runner.adapters.ansible.evidence import EvidenceTail
from sopti_runner.domain.plan import Plan, PlanRecord, RecordClass, decode_plan, encode_plan, plan_digest
from sopti_runner.errors import DeviceError, IntegrityError, LedgerError
from sopti_runner.ports import HostOutcome, Sealed, TaskOutcome
from tests.lab import Host, Lab, base

pytestmark = pytest.mark.lab

CONTENT = Path(__file__).with_name("engine_content")
REPEATS = 20 if os.environ.get("SOPTI_SOAK") == "1" else 3
SECRET = "rahasia-Kj83hQ"
GIVEN = {"varied_greeting": "Selamat pagi", "varied_secret": SECRET}
ETC = "cd / && find etc usr/local -xdev -printf '%p %m %u %g %l %s\\n' -type f -exec sha256sum {} + | sort"


def inventory(lab: Lab, **changes: Mapping[str, Any]) -> dict[str, Any]:
    """The lab's inventory with the second host reached as an ordinary user who has sudo, and changed variables."""
    value = lab.inventory()
    hosts = value["all"]["children"]["servers"]["hosts"]
    hosts[lab.hosts[1].name]["ansible_user"] = base.SUDO_USER
    for host, variables in changes.items():
        hosts[host] |= variables
    return value


class Site:
    """Content, engine and state in one folder, over the hosts of a lab."""

    def __init__(self, folder: Path, lab: Lab, **changes: Mapping[str, Any]) -> None:
        self.state = folder / "state"
        hosts = folder / "hosts.yml"
        folder.mkdir(parents=True, exist_ok=True)
        hosts.write_text(yaml.safe_dump(inventory(lab, **changes)))
        self.content = AnsibleContent(CONTENT, hosts, self.state)
        self.engine = AnsibleEngine(self.state, b"k" * 32)

    def seal(self, playbook: str = "varied", given: Mapping[str, Any] = GIVEN) -> Sealed:
        return self.content.seal(playbook, limit=[], variables=given)

    def plan(self, sealed: Sealed, playbook: str = "varied", given: Mapping[str, Any] = GIVEN) -> Plan:
        return self.engine.plan(sealed, playbook, given, [], lambda host, what: None)

    def apply(self, plan: Plan, sealed: Sealed, run: str) -> tuple[list[TaskOutcome], list[HostOutcome]]:
        tasks: list[TaskOutcome] = []
        hosts = self.engine.apply(plan, sealed, run, tasks.append, lambda host, what: None)
        return tasks, list(hosts)


@pytest.fixture(scope="module")
def own_lab() -> Iterator[Lab]:
    with Lab.up(2) as running:
        for host in running.hosts:
            host.ssh("apt-get -qq update", timeout=60)
        yield running


@pytest.fixture(scope="module")
def site(own_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"), own_lab)


@pytest.fixture(scope="module")
def sealed(site: Site) -> Sealed:
    return site.seal()


@pytest.fixture(scope="module")
def first(site: Site, sealed: Sealed, own_lab: Lab) -> tuple[Plan, list[str], list[str]]:
    """The plan of untouched hosts, with what the hosts held before and after it."""
    before = [etc(host) for host in own_lab.hosts]
    plan = site.plan(sealed)
    return plan, before, [etc(host) for host in own_lab.hosts]


@pytest.fixture(scope="module")
def applied(
    site: Site, sealed: Sealed, first: tuple[Plan, list[str], list[str]]
) -> tuple[list[TaskOutcome], list[HostOutcome]]:
    return site.apply(first[0], sealed, "run-1")


def etc(host: Host) -> str:
    return host.ssh(ETC, timeout=60).stdout


def named(plan: Plan, host: str) -> dict[str, list[PlanRecord]]:
    found: dict[str, list[PlanRecord]] = {}
    for record in plan.records:
        if record.host == host:
            found.setdefault(record.name, []).append(record)
    return found


def test_plan_leaves_hosts_byte_identical(first: tuple[Plan, list[str], list[str]]) -> None:
    _, before, after = first
    assert before == after


def test_plan_of_untouched_hosts_predicts_each_kind(first: tuple[Plan, list[str], list[str]]) -> None:
    records = named(first[0], "srv01")
    kinds = {name: [record.kind.value for record in found] for name, found in records.items()}
    changes = ["Group", "Folder", "Template", "Copy with no_log", "Copy without a diff", "Large copy", "Binary copy",
               "Line", "Block", "Unit", "Existing unit", "Cron", "Package", "Link"]  # fmt: skip
    assert kinds == {
        **{name: ["change"] for name in changes},
        "Users": ["change", "change"],
        "Restart the journal": ["change"],
        "Reload units": ["same"],
        "Read": ["same"],
        "Read what is not there": ["same"],
        "Command with creates": ["opaque"],
        "Command": ["opaque"],
    }
    assert [record.name for record in first[0].records if record.reads and record.host == "srv01"] == [
        "Read", "Read what is not there",
    ]  # fmt: skip
    assert [state.object for state in records["Package"][0].objects] == ["package:sopti-lab-sample"]
    assert [state.object for state in records["Users"][1].objects] == ["user:siti"]
    assert records["Users"][0].item != records["Users"][1].item
    assert records["Template"][0].task == "roles/varied/tasks/main.yml:25"
    assert records["Template"][0].module == "ansible.builtin.template"
    assert "+Selamat pagi from srv01" in records["Template"][0].diff


def test_plan_of_both_hosts_covers_the_same_tasks(first: tuple[Plan, list[str], list[str]]) -> None:
    tasks = [[(r.ordinal, r.task, r.kind) for r in first[0].records if r.host == host] for host in first[0].hosts]
    assert tasks[0] == tasks[1]


def test_plan_repeated_gives_the_same_digest(
    site: Site,
    sealed: Sealed,
    first: tuple[Plan, list[str], list[str]],
    record_property: Callable[[str, object], None],
) -> None:
    record_property("plans of unchanged hosts", REPEATS)
    digests = {plan_digest(site.plan(site.seal())).hex() for _ in range(REPEATS - 1)}
    assert digests == {plan_digest(first[0]).hex()}
    assert decode_plan(encode_plan(first[0])) == first[0]


def test_plan_shows_no_secret_but_binds_it(site: Site, first: tuple[Plan, list[str], list[str]]) -> None:
    assert SECRET.encode() not in encode_plan(replace(first[0], variables={}))
    records = named(first[0], "srv01")
    assert records["Copy with no_log"][0].diff == "(hidden: no_log)\n"
    assert records["Copy without a diff"][0].diff == "(hidden: diff is off)\n"
    other = {**GIVEN, "varied_secret": "yang-lain"}
    changed = named(site.plan(site.seal(given=other), given=other), "srv01")
    for name in ("Copy with no_log", "Copy without a diff", "Template"):
        assert changed[name][0].after != records[name][0].after


def test_drift_of_untouched_hosts_is_empty(
    site: Site, sealed: Sealed, first: tuple[Plan, list[str], list[str]]
) -> None:
    assert site.engine.drift(first[0], sealed) == []


def test_drift_hand_change_names_host_object_expected_and_found(
    site: Site, sealed: Sealed, own_lab: Lab, first: tuple[Plan, list[str], list[str]]
) -> None:
    own_lab.hosts[1].ssh("install -m 0600 /etc/hostname /etc/cron.d/varied && useradd budi")
    try:
        found = site.engine.drift(first[0], sealed)
    finally:
        own_lab.hosts[1].ssh("rm /etc/cron.d/varied && userdel budi")
    assert [(host, name, expected) for host, name, expected, _ in found] == [
        ("srv02", "file:/etc/cron.d/varied", "absent"),
        ("srv02", "user:budi", "absent"),
    ]
    assert found[0][3].startswith("file root:root 0600 sha256:")


def test_drift_with_another_hmac_key_is_refused(
    site: Site, sealed: Sealed, first: tuple[Plan, list[str], list[str]]
) -> None:
    with pytest.raises(IntegrityError, match="another HMAC key"):
        AnsibleEngine(site.state, b"other" * 8).drift(first[0], sealed)


def test_apply_does_exactly_what_was_predicted(
    first: tuple[Plan, list[str], list[str]], applied: tuple[list[TaskOutcome], list[HostOutcome]]
) -> None:
    tasks, hosts = applied
    assert [(each.host, each.outcome) for each in hosts] == [("srv01", "changed"), ("srv02", "changed")]
    planned = {(r.host, r.task, r.item, r.args): r for r in first[0].records}
    done = {(t.host, t.task, t.item, t.args): t for t in tasks}
    assert set(done) == set(planned)
    for key, task in done.items():
        record = planned[key]
        assert task.predicted is record.kind
        assert task.objects == tuple(state.object for state in record.objects)
        if record.kind in (RecordClass.SAME, RecordClass.CHANGE):
            assert task.kind == ("changed" if record.kind is RecordClass.CHANGE else "ok"), record.name
            assert (task.before, task.after) == (record.before, record.after), record.name


def test_apply_task_times_are_aware_and_ordered(applied: tuple[list[TaskOutcome], list[HostOutcome]]) -> None:
    for task in applied[0]:
        assert task.started_at.tzinfo is not None
        assert task.started_at <= task.ended_at
    for host in ("srv01", "srv02"):
        ordinals = [task.ordinal for task in applied[0] if task.host == host]
        assert ordinals == list(range(len(ordinals)))


def test_apply_leaves_no_secret_process_or_folder_behind(
    site: Site, applied: tuple[list[TaskOutcome], list[HostOutcome]]
) -> None:
    assert [path.name for path in (site.state / "runs").iterdir()] == ["run-1"]
    assert [path.name for path in (site.state / "runs/run-1").iterdir()] == ["evidence.jsonl"]
    assert SECRET.encode() not in (site.state / "runs/run-1/evidence.jsonl").read_bytes()
    assert subprocess.run(["pgrep", "-f", str(site.state)], check=False, capture_output=True).stdout == b""


def test_plan_after_apply_predicts_no_change_and_drift_is_clean(
    site: Site, sealed: Sealed, applied: tuple[list[TaskOutcome], list[HostOutcome]]
) -> None:
    plan = site.plan(sealed)
    assert [(r.host, r.name) for r in plan.of(RecordClass.CHANGE)] == []
    assert {r.name for r in plan.of(RecordClass.OPAQUE)} == {"Command"}
    assert site.engine.drift(plan, sealed) == []


def test_drift_after_apply_of_the_old_plan_names_what_was_changed(
    site: Site, sealed: Sealed, first: tuple[Plan, list[str], list[str]],
    applied: tuple[list[TaskOutcome], list[HostOutcome]],
) -> None:  # fmt: skip
    found = {name for host, name, *_ in site.engine.drift(first[0], sealed) if host == "srv01"}
    assert {"file:/etc/varied/greeting", "package:sopti-lab-sample", "user:siti", "file:/etc/varied/link"} <= found


def test_apply_same_run_twice_is_refused(
    site: Site, sealed: Sealed, first: tuple[Plan, list[str], list[str]],
    applied: tuple[list[TaskOutcome], list[HostOutcome]],
) -> None:  # fmt: skip
    with pytest.raises(Exception, match="started before"):
        site.apply(first[0], sealed, "run-1")


def test_apply_one_failing_host_is_failed_and_the_other_finishes(site: Site) -> None:
    given = {**GIVEN, "varied_breaks": True}
    sealed = site.seal(given=given)
    tasks, hosts = site.apply(site.plan(sealed, given=given), sealed, "run-breaks")
    assert [(each.host, each.outcome) for each in hosts] == [("srv01", "failed"), ("srv02", "changed")]
    assert "roles/varied/tasks/main.yml:" in hosts[0].reason
    assert [task.host for task in tasks if task.kind == "failed"] == ["srv01"]


def test_plan_ignores_the_environment_of_the_person(
    site: Site, sealed: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evil.py").write_text("raise SystemExit('loaded')\n")
    (tmp_path / ".ansible.cfg").write_text("[defaults]\nforks = nonsense\n")
    for name in ("ANSIBLE_CALLBACK_PLUGINS", "ANSIBLE_LIBRARY", "ANSIBLE_FILTER_PLUGINS", "PYTHONPATH", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    for name, value in {
        "ANSIBLE_CALLBACKS_ENABLED": "evil",
        "ANSIBLE_STRATEGY": "free",
        "ANSIBLE_CHECK_MODE": "0",
    }.items():
        monkeypatch.setenv(name, value)
    assert site.plan(sealed).failed == ()


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"sopti_host_key": "OTHER"}, "another key than the pinned one"),
        ({"ansible_user": "nobody-here"}, "refuses the login"),
        ({"ansible_port": 9}, "does not answer"),
    ],
)
def test_plan_host_that_can_not_be_used_is_named_with_the_reason(
    own_lab: Lab, tmp_path: Path, variables: dict[str, Any], says: str
) -> None:
    if "sopti_host_key" in variables:
        variables = {"sopti_host_key": own_lab.hosts[0].host_key}
    broken = Site(tmp_path, own_lab, srv02=variables)
    with pytest.raises(DeviceError, match=says) as caught:
        broken.plan(broken.seal())
    assert caught.value.on == "srv02"


def test_drift_changed_host_key_is_refused(
    own_lab: Lab, tmp_path: Path, first: tuple[Plan, list[str], list[str]]
) -> None:
    broken = Site(tmp_path, own_lab, srv02={"sopti_host_key": own_lab.hosts[0].host_key})
    with pytest.raises(DeviceError, match="another key than the pinned one") as caught:
        broken.engine.drift(first[0], broken.seal())
    assert caught.value.on == "srv02"


def test_apply_unreachable_host_is_unreachable_and_the_other_changes(own_lab: Lab, tmp_path: Path) -> None:
    whole = Site(tmp_path / "whole", own_lab)
    plan = whole.plan(whole.seal("varied"))
    broken = Site(tmp_path / "broken", own_lab, srv02={"ansible_port": 9})
    _, hosts = broken.apply(plan, broken.seal(), "run-x")
    assert [(each.host, each.outcome) for each in hosts] == [("srv01", "changed"), ("srv02", "unreachable")]


def test_apply_interrupted_tells_what_is_done_unknown_and_never_goes_on(own_lab: Lab, tmp_path: Path) -> None:
    slow = Site(tmp_path, own_lab)
    sealed = slow.seal("slow", {})
    plan = slow.plan(sealed, "slow", {})
    begun = "ls /etc/slow-1-begun"

    def interrupt() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if all(host.ssh(begun, check=False).returncode == 0 for host in own_lab.hosts):
                break
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    tasks, hosts = slow.apply(plan, sealed, "run-slow")
    thread.join()
    assert [(each.host, each.outcome) for each in hosts] == [("srv01", "unknown"), ("srv02", "unknown")]
    assert {task.task for task in tasks} == {"roles/slow/tasks/main.yml:1"}
    for host in own_lab.hosts:
        left = host.ssh(
            "while pgrep -f slow-1-[e]nded >/dev/null; do sleep 0.1; done; ls -d /etc/slow-*", timeout=20
        ).stdout
        assert "slow-2-begun" not in left
        assert "slow-late" not in left
        host.ssh("rm -f /etc/slow-*")


APPLY_ALONE = """
import sys
from pathlib import Path
from sopti_runner.adapters.ansible.content import AnsibleContent
from sopti_runner.adapters.ansible.engine import AnsibleEngine
content, hosts, state = map(Path, sys.argv[1:])
source, engine = AnsibleContent(content, hosts, state), AnsibleEngine(state, b"k" * 32)
sealed = source.seal("slow", limit=[], variables={})
plan = engine.plan(sealed, "slow", {}, [], lambda host, what: None)
engine.apply(plan, sealed, "run-killed", lambda task: None, lambda host, what: None)
"""


def test_apply_killed_runner_starts_nothing_more_and_leaves_its_evidence(own_lab: Lab, tmp_path: Path) -> None:
    site = Site(tmp_path, own_lab)
    words = [sys.executable, "-c", APPLY_ALONE, str(CONTENT), str(tmp_path / "hosts.yml"), str(site.state)]
    runner = subprocess.Popen(words)
    for host in own_lab.hosts:
        host.ssh("until test -e /etc/slow-1-begun; do sleep 0.1; done", timeout=120)
    runner.kill()
    runner.wait()
    for host in own_lab.hosts:
        left = host.ssh(
            "while pgrep -f slow-1-[e]nded >/dev/null; do sleep 0.1; done; ls -d /etc/slow-*; rm /etc/slow-*",
            timeout=30,
        ).stdout
        assert "slow-2-begun" not in left
    assert subprocess.run(["pgrep", "-f", f"launcher {site.state}"], check=False, capture_output=True).stdout == b""
    lines = list(EvidenceTail(site.state / "runs/run-killed/evidence.jsonl").take())
    opened = [line["host"] for line in lines if line["e"] == "intent" and line["name"] == "Slow"]
    assert sorted(opened) == ["srv01", "srv02"]
    assert not any(line["e"] == "result" and line["name"] == "Slow" for line in lines)


def test_apply_outcome_that_can_not_be_recorded_stops_the_run(own_lab: Lab, tmp_path: Path) -> None:
    slow = Site(tmp_path, own_lab)
    sealed = slow.seal("slow", {})
    plan = slow.plan(sealed, "slow", {})

    def down(outcome: TaskOutcome) -> None:
        raise LedgerError("The ledger is down")

    started = time.monotonic()
    with pytest.raises(LedgerError, match="down"):
        slow.engine.apply(plan, sealed, "run-down", down, lambda host, what: None)
    assert time.monotonic() - started < 25
    for host in own_lab.hosts:
        assert "late" not in host.ssh("ls -d /etc/slow-*").stdout


def test_apply_altered_copy_runs_nothing(own_lab: Lab, tmp_path: Path) -> None:
    site = Site(tmp_path, own_lab)
    sealed = site.seal("slow", {})
    plan = Plan("slow", {}, "", {}, sealed.hosts, (), {}, {}, "0" * 16, ())
    with pytest.raises(IntegrityError, match="another HMAC key"):
        site.apply(plan, sealed, "run-key")
    (site.state / "snapshots" / sealed.id / "roles/slow/tasks/main.yml").write_text("[]\n")
    with pytest.raises(IntegrityError, match="does not match its digests") as caught:
        site.apply(plan, sealed, "run-altered")
    assert caught.value.found == "roles/slow/tasks/main.yml"
