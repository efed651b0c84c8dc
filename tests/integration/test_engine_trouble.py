"""Trouble on real hosts: an unusable host, a runner interrupted or killed, a ledger that is down, an altered copy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sopti_runner.adapters.ansible.evidence import EvidenceTail
from sopti_runner.domain.plan import Plan
from sopti_runner.errors import DeviceError, IntegrityError, LedgerError
from sopti_runner.ports import TaskOutcome
from tests.integration.engine_site import CONTENT, FEW, Site, two_hosts
from tests.lab import Lab

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def own_lab() -> Iterator[Lab]:
    with two_hosts() as running:
        yield running


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
        broken.plan(broken.seal(), tags=FEW)
    assert caught.value.on == "srv02"
    assert ("access check" in caught.value.next) is (says == "refuses the login")


def test_apply_unreachable_host_is_unreachable_and_the_other_changes(own_lab: Lab, tmp_path: Path) -> None:
    whole = Site(tmp_path / "whole", own_lab)
    plan = whole.plan(whole.seal("varied"), tags=FEW)
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
