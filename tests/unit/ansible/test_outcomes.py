from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sopti_runner.adapters.ansible.outcomes import Outcomes
from sopti_runner.adapters.ansible.runs import PhaseEnd
from sopti_runner.ports import TaskOutcome, Veto

OK = {"ok": 1, "changed": 0, "failures": 0, "dark": 0}
END = {"e": "end", "code": 0}


def intent() -> dict[str, Any]:
    return {"e": "intent", "host": "web1"}


def result(outcome: str, **more: Any) -> dict[str, Any]:
    return {
        "e": "result", "host": "web1", "task": "a.yml:1", "name": "A", "module": "ansible.builtin.copy", "item": "",
        "args": "00", "predicted": "change", "before": "", "after": "", "objects": ["file:/x"], "outcome": outcome,
        "forgiven": False, "answered": True, "detail": "why", "started": 1.0, "ended": 2.0, **more,
    }  # fmt: skip


PASSED = {"e": "passed", "host": "web1"}
VETOED = {"e": "vetoed", "host": "web1", "task": "a.yml:1", "reason": "task_other_state", "object": "file:/x",
          "expected": "01", "found": "02", "at": 3.0}  # fmt: skip
STOPPED = {"e": "stopped", "host": "web1", "task": "a.yml:2"}
WHY = "the run was stopped, because a task was not what was approved"


@pytest.mark.parametrize(
    ("lines", "end", "outcome", "reason"),
    [
        ([intent(), result("changed"), END], PhaseEnd(0, {"web1": OK}), "changed", ""),
        ([intent(), result("ok"), END], PhaseEnd(0, {"web1": OK}), "unchanged", ""),
        ([PASSED, END], PhaseEnd(0, {"web1": OK}), "unchanged", ""),
        ([intent(), result("failed"), END], PhaseEnd(2, {"web1": OK}), "failed", "a.yml:1: why"),
        ([intent(), result("failed", forgiven=True), END], PhaseEnd(0, {"web1": OK}), "unchanged", ""),
        ([intent(), result("failed"), intent(), result("changed"), END], PhaseEnd(0, {"web1": OK}), "changed", ""),
        ([intent(), result("failed"), intent(), result("changed"), END], PhaseEnd(2, {"web1": {**OK, "failures": 1}}),
         "failed", ""),
        ([VETOED, result("failed", forgiven=True), intent(), result("changed"), END], PhaseEnd(0, {"web1": OK}),
         "failed", "a.yml:1: a task was stopped: it is not what was approved (task_other_state)"),
        ([PASSED, STOPPED, END], PhaseEnd(2, {"web1": {**OK, "failures": 1}}), "not_started", WHY),
        ([intent(), result("changed"), STOPPED, END], PhaseEnd(0, {"web1": OK}), "failed", WHY),
        ([intent(), result("failed"), VETOED, STOPPED, END], PhaseEnd(0, {"web1": OK}), "failed",
         "a.yml:1: a task was stopped: it is not what was approved (task_other_state)"),
        ([intent(), result("unreachable"), END], PhaseEnd(4, {"web1": {**OK, "dark": 1}}), "unreachable",
         "the host did not answer"),
        ([intent(), result("changed"), intent(), result("unreachable"), END], PhaseEnd(4, {"web1": {**OK, "dark": 1}}),
         "unknown", "the host stopped answering after the run had begun on it"),
        ([intent(), result("unreachable", answered=False), END], PhaseEnd(4, {"web1": {**OK, "dark": 1}}), "unknown",
         "the answer to a task was lost; it may have come to its end all the same"),
        ([intent(), result("failed", answered=False), intent(), result("ok"), END], PhaseEnd(0, {"web1": OK}),
         "unknown", "the answer to a task was lost; it may have come to its end all the same"),
        ([intent(), result("changed"), intent()], PhaseEnd(None, interrupted=True), "unknown",
         "a task began and nobody saw its end"),
        ([intent(), result("changed")], PhaseEnd(143, interrupted=True), "failed",
         "stopped by a person before its end"),
        ([], PhaseEnd(143, interrupted=True), "not_started", "stopped by a person before its end"),
        ([], PhaseEnd(None), "not_started", "the run ended before its time"),
        ([END], PhaseEnd(1), "not_started", "no task reached this host"),
        ([{"e": "refused", "reason": "swapped"}], PhaseEnd(97), "not_started", "swapped"),
    ],
)  # fmt: skip
def test_close_gives_the_truth_about_a_host(
    lines: list[dict[str, Any]], end: PhaseEnd, outcome: str, reason: str
) -> None:
    outcomes = Outcomes(["web1"])
    for line in lines:
        outcomes.take(line)
    (host,) = outcomes.close(end, [])
    assert (host.host, host.outcome, host.reason) == ("web1", outcome, reason)


def test_close_copy_altered_while_running_leaves_nothing_known() -> None:
    outcomes = Outcomes(["web1"])
    for line in (intent(), result("changed"), END):
        outcomes.take(line)
    (host,) = outcomes.close(PhaseEnd(0, {"web1": OK}), ["roles/x/tasks/main.yml"])
    assert host.outcome == "unknown"
    assert "roles/x/tasks/main.yml" in host.reason


def test_take_results_are_numbered_by_host_in_order() -> None:
    outcomes = Outcomes(["web1"])
    tasks = [outcomes.take(line) for line in (intent(), result("ok"), PASSED, intent(), result("changed"))]
    assert [(task.ordinal, task.kind) for task in tasks if isinstance(task, TaskOutcome)] == [(0, "ok"), (1, "changed")]


def test_take_a_veto_names_task_object_expected_and_found() -> None:
    veto = Outcomes(["web1"]).take(VETOED)
    assert veto == Veto("web1", "a.yml:1", "task_other_state", "file:/x", "01", "02", datetime.fromtimestamp(3, UTC))


def test_close_of_a_run_whose_runner_died_after_the_play_had_ended_well_is_done() -> None:
    outcomes = Outcomes(["web1", "web2"], recalled=True)
    for line in (intent(), result("changed"), END):
        outcomes.take(line)
    assert [(o.host, o.outcome) for o in outcomes.close(PhaseEnd(), ())] == [
        ("web1", "changed"), ("web2", "not_started"),
    ]  # fmt: skip


@pytest.mark.parametrize("lines", [[intent(), result("changed")], [intent(), result("changed"), {**END, "code": 2}]])
def test_close_of_a_run_whose_runner_died_before_a_good_end_is_not_done(lines: list[dict[str, Any]]) -> None:
    outcomes = Outcomes(["web1"], recalled=True)
    for line in lines:
        outcomes.take(line)
    assert [o.outcome for o in outcomes.close(PhaseEnd(), ())] == ["failed"]


def test_close_of_evidence_that_tells_of_another_host_believes_nothing() -> None:
    outcomes = Outcomes(["web1"])
    for line in (intent(), result("changed"), {**intent(), "host": "db9"}, END):
        outcomes.take(line)
    (outcome,) = outcomes.close(PhaseEnd(0, {"web1": OK}), ())
    assert (outcome.outcome, outcome.reason) == ("unknown", "what the run wrote down tells of another host")
