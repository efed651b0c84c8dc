"""Plan, drift and apply on real hosts: what was planned is what happens, and nothing else is believed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sopti_runner.adapters.ansible.engine import AnsibleEngine
from sopti_runner.domain.plan import Plan, PlanRecord, RecordClass, decode_plan, encode_plan, plan_digest
from sopti_runner.errors import DeviceError, IntegrityError
from sopti_runner.ports import HostOutcome, Sealed, TaskOutcome
from tests.integration.engine_site import FEW, GIVEN, SECRET, Site, two_hosts
from tests.lab import Host, Lab

pytestmark = pytest.mark.lab

REPEATS = 8 if os.environ.get("SOPTI_SOAK") == "1" else 2
ETC = "cd / && find etc usr/local -xdev -printf '%p %m %u %g %l %s\\n' -type f -exec sha256sum {} + | sort"


@pytest.fixture(scope="module")
def own_lab() -> Iterator[Lab]:
    with two_hosts() as running:
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
    assert records["Template"][0].task == "roles/varied/tasks/main.yml:26"
    assert records["Template"][0].module == "ansible.builtin.template"
    assert "+Selamat pagi from srv01" in records["Template"][0].diff


def test_plan_leaves_no_task_in_files_of_ansible_runner(site: Site, first: tuple[Plan, list[str], list[str]]) -> None:
    assert site.written == {"command"}


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
    assert SECRET.encode() not in encode_plan(first[0])
    records = named(first[0], "srv01")
    assert records["Copy with no_log"][0].diff == "(hidden: no_log)\n"
    assert records["Copy without a diff"][0].diff == "(hidden: no_log)\n", "it holds a secret"
    site.secrets.put("varied-other", "kata-yang-lain")
    other = {**GIVEN, "varied_secret": "varied-other"}
    changed = named(site.plan(site.seal(given=other, limit=["srv01"]), given=other), "srv01")
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
        assert ordinals, "the run told of tasks on this host"
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
    given = {**GIVEN, "varied_greeting": "Selamat sore", "varied_breaks": True}
    sealed = site.seal(given=given)
    tasks, hosts = site.apply(site.plan(sealed, given=given, tags=FEW), sealed, "run-breaks")
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
    assert site.plan(sealed, tags=FEW).failed == ()


def test_drift_changed_host_key_is_refused(
    own_lab: Lab, tmp_path: Path, first: tuple[Plan, list[str], list[str]]
) -> None:
    broken = Site(tmp_path, own_lab, srv02={"sopti_host_key": own_lab.hosts[0].host_key})
    with pytest.raises(DeviceError, match="another key than the pinned one") as caught:
        broken.engine.drift(first[0], broken.seal())
    assert caught.value.on == "srv02"
