"""The gate over one task: checked, looked up, run or vetoed, compared; without Ansible and without a host."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sopti_runner.adapters.ansible.approved import Seen
from sopti_runner.adapters.ansible.evidence import EvidenceFile
from sopti_runner.adapters.ansible.unsafe_tasks import deviations
from tests.unit.ansible.gate_desk import ADDRESS, CHANGED, HOST, OTHER, SAME, TASK_FILE, Desk


@pytest.fixture
def plan(tmp_path: Path) -> Seen:
    """The plan's record of the task."""
    desk = Desk(tmp_path / "plan", None)
    desk.pass_task()
    (line,) = desk.lines("result")
    return Seen(line["class"], line["before"], line["after"], tuple(line["objects"]))


@pytest.fixture
def desk(tmp_path: Path, plan: Seen) -> Desk:
    return Desk(tmp_path / "apply", [plan])


def reasons(desk: Desk) -> list[str]:
    return [line["reason"] for line in desk.lines("vetoed")]


def test_planned_task_is_checked_then_run_on_a_fresh_handler_with_its_own_arguments(desk: Desk) -> None:
    result = desk.pass_task()
    args = {"dest": "/x", "nested": ["a"]}
    assert result == CHANGED
    assert desk.ran == [("check", ADDRESS, args), ("real", ADDRESS, args)]
    assert desk.kinds() == ["intent", "result"]
    assert [line["outcome"] for line in desk.lines("result")] == ["changed"]


def test_connection_is_admitted_while_an_action_runs_or_cleans_up_and_shut_after_it(desk: Desk) -> None:
    desk.pass_task()
    assert set(desk.cleaned) == {ADDRESS}
    assert desk.connection.admitted is None


def test_task_that_has_nothing_to_do_is_not_run_and_leaves_no_intent(desk: Desk) -> None:
    desk.says = SAME
    desk.pass_task()
    assert ([how for how, *_ in desk.ran], desk.kinds()) == (["check"], ["result"])


def test_task_with_nothing_to_do_on_a_host_just_compared_is_not_asked_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [Seen("same", objects=("file:/x",))], compared=True)
    assert desk.pass_task() == SAME
    assert (desk.ran, desk.kinds()) == ([], ["result"])
    (line,) = desk.lines("result")
    assert (line["class"], line["outcome"], line["objects"]) == ("same", "ok", ["file:/x"])


@pytest.mark.parametrize(
    "used", [{"register": "said"}, {"until": ["x"]}, {"failed_when": ["x"]}, {"changed_when": ["x"]}]
)
def test_task_whose_answer_is_used_is_asked_even_on_a_host_just_compared(tmp_path: Path, used: dict[str, Any]) -> None:
    desk = Desk(tmp_path, [Seen("same", objects=("file:/x",))], compared=True)
    desk.says = SAME
    desk.pass_task(**used)
    assert [how for how, *_ in desk.ran] == ["check"]


def test_task_without_an_observed_object_is_asked_even_on_a_host_just_compared(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [Seen("same")], compared=True)
    desk.says = SAME
    desk.pass_task()
    assert [how for how, *_ in desk.ran] == ["check"]


def test_task_after_a_change_of_the_run_is_asked_on_that_host_again(tmp_path: Path, plan: Seen) -> None:
    desk = Desk(tmp_path / "apply", [plan, Seen("same", objects=("file:/x",))], compared=True)
    desk.pass_task()
    desk.says = SAME
    desk.pass_task()
    assert [how for how, *_ in desk.ran] == ["check", "real", "check"]


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("ansible.builtin.systemd_service", {"daemon_reload": True}),
        ("ansible.builtin.apt", {"update_cache": "yes"}),
        ("sopti.core.firewall_apply", {}),
    ],
)
def test_task_that_acts_without_saying_so_is_really_run(tmp_path: Path, module: str, args: dict[str, Any]) -> None:
    desk = Desk(tmp_path, [Seen("same")])
    desk.says = SAME
    plan = Desk(tmp_path / "plan", None)
    plan.pass_task(module=module, args=args)
    (line,) = plan.lines("result")
    key = "|".join(line[part] for part in ("host", "task", "module", "args", "item"))
    desk.gate._approved = {key: [Seen("same")]}
    desk.pass_task(module=module, args=args)
    assert [how for how, *_ in desk.ran] == ["check", "real"]
    assert reasons(desk) == []


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ({"changed": True, "diff": {"before": "other", "after": "b"}}, "task_other_state"),
        ({"changed": True, "diff": {"before": "a", "after": "other"}}, "task_other_content"),
        ({"changed": True, "dest": "/y", "diff": CHANGED["diff"]}, "task_other_object"),
    ],
)
def test_task_that_would_do_something_else_is_vetoed_before_it_acts(
    desk: Desk, says: dict[str, Any], reason: str
) -> None:
    desk.says = says
    result = desk.pass_task()
    assert result["failed"]
    assert ([how for how, *_ in desk.ran], reasons(desk)) == (["check"], [reason])
    assert desk.kinds() == ["vetoed", "result"]
    assert desk.mark.stopped


def test_task_that_did_something_else_is_told_as_what_it_is_and_stops_the_run(desk: Desk) -> None:
    desk.does = {"changed": True, "diff": {"before": "a", "after": "surprise"}}
    result = desk.pass_task()
    assert result["failed"]
    assert (desk.kinds(), reasons(desk)) == (["intent", "vetoed", "result"], ["task_did_otherwise"])
    assert [line["outcome"] for line in desk.lines("result")] == ["changed"]
    assert desk.mark.stopped


def test_veto_holds_every_later_task_on_every_host_whatever_the_task_forgives(desk: Desk) -> None:
    desk.pass_task(args={"dest": "/y"}, ignore_errors=True)
    ran = len(desk.ran)
    for host in (HOST, OTHER):
        assert desk.pass_task(host=host, ignore_errors=True)["failed"]
        assert desk.pass_task(host=host, module="ansible.builtin.debug")["failed"]
    assert len(desk.ran) == ran
    assert desk.kinds() == ["vetoed", "result", *["stopped"] * 4]
    assert [line["forgiven"] for line in desk.lines("result")] == [False]


def test_task_of_the_plan_runs_as_often_as_the_plan_says(desk: Desk) -> None:
    desk.pass_task()
    desk.pass_task()
    assert reasons(desk) == ["task_not_planned"]


def test_attempts_of_one_task_count_as_one(desk: Desk) -> None:
    desk.pass_task(attempts=3)
    assert reasons(desk) == []
    assert desk.kinds() == ["intent", "intent", "intent", "result"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"delegate_to": OTHER}, "task_elsewhere"),
        ({"delegate_to": HOST}, "task_elsewhere"),
        ({"async_val": 60}, "task_unwatched"),
        ({"line": "/tmp/evil.yml:1"}, "task_outside"),
        ({"args": {"src": "/etc/shadow"}}, "task_outside"),
        ({"args": {"raw": True}}, "task_untold"),
        ({"module": "ansible.builtin.template", "args": {"raw": True}}, "task_untold"),
        ({"args": {"src": "../../key"}}, "task_outside"),
        ({"host": OTHER}, "task_not_planned"),
        ({"module": "ansible.builtin.command"}, "task_not_planned"),
        ({"module": "ansible.builtin.command", "reads": True}, "task_not_planned"),
        ({"args": {"mode": "0666"}}, "task_not_planned"),
        ({"environment": {"NAME": "x"}}, "task_not_planned"),
        ({"environment": {"LD_PRELOAD": "/tmp/x"}}, "task_unseen"),
        ({"remote_user": "root"}, "task_not_planned"),
        ({"reads": True, "args": {"mode": "0666"}}, "task_not_planned"),
        ({"module": "ansible.builtin.setup", "args": {"fact_path": "/tmp"}}, "task_unseen"),
        ({"variables": {"ansible_python_interpreter": "/tmp/x"}}, "task_unseen"),
        ({"line": "{root}/roles/x/files/more.yml:1"}, "task_outside"),
        ({"line": "{root}/roles/x/tasks/more.txt:1"}, "task_outside"),
        ({"args": {"src": "/etc/shadow", "remote_src": "no"}}, "task_outside"),
        ({"module": "ansible.builtin.template", "args": {"src": "/etc/x.j2", "remote_src": True}}, "task_outside"),
    ],
)
def test_task_that_is_not_the_plans_never_runs(desk: Desk, given: dict[str, Any], reason: str) -> None:
    placed = {"line": str(given["line"]).format(root=desk.root)} if "line" in given else {}
    desk.pass_task(**(given | placed))
    assert (desk.ran, reasons(desk)) == ([], [reason])


@pytest.mark.parametrize(("user", "reason"), [("root id; sudo -u root", "task_unseen"), ("other", "task_not_planned")])
def test_user_that_a_task_acts_as_is_bound_by_what_sudo_is_told(desk: Desk, user: str, reason: str) -> None:
    desk.connection.become = SimpleNamespace(get_option=lambda name: {"become_user": user}[name])
    desk.pass_task()
    assert (desk.ran, reasons(desk)) == ([], [reason])


def test_task_whose_own_file_was_changed_never_runs(desk: Desk) -> None:
    (desk.root / TASK_FILE).write_text("- name: Y\n")
    desk.pass_task()
    assert (desk.ran, reasons(desk)) == ([], ["task_file_changed"])


def test_connection_that_is_not_the_gates_is_refused(desk: Desk) -> None:
    desk.connection = object()  # type: ignore[assignment]  # any other connection
    desk.pass_task()
    assert (desk.ran, reasons(desk)) == ([], ["task_elsewhere"])


@pytest.mark.parametrize("module", ["ansible.builtin.stat", "ansible.builtin.debug"])
def test_module_that_only_reads_runs_without_a_record(desk: Desk, module: str) -> None:
    desk.says = SAME
    desk.pass_task(module=module, reads=True)
    assert ([how for how, *_ in desk.ran], reasons(desk)) == (["real"], [])


def test_opaque_task_is_bound_by_its_exact_arguments_and_not_checked(tmp_path: Path, plan: Seen) -> None:
    desk = Desk(tmp_path / "opaque", [Seen("opaque")])
    desk.pass_task()
    assert ([how for how, *_ in desk.ran], desk.kinds()) == (["real"], ["intent", "result"])


@pytest.mark.parametrize("record", [[], [Seen("failed")]])
def test_task_that_could_not_be_planned_never_runs(tmp_path: Path, record: list[Seen]) -> None:
    desk = Desk(tmp_path, record)
    desk.pass_task()
    assert (desk.ran, reasons(desk)) == ([], ["task_not_planned"])


def test_evidence_that_can_not_be_written_lets_nothing_run(desk: Desk, tmp_path: Path) -> None:
    desk.gate._evidence = EvidenceFile(tmp_path / "gone" / "evidence.jsonl")
    with pytest.raises(Exception, match="evidence can't be written"):
        desk.pass_task()
    assert ([how for how, *_ in desk.ran], desk.mark.stopped) == (["check"], True)


def test_plan_task_that_check_mode_was_switched_off_for_never_runs(tmp_path: Path) -> None:
    desk = Desk(tmp_path, None)
    assert "task_check_mode" in desk.pass_task(check_mode=False)["msg"]
    assert desk.ran == []
    assert [line["class"] for line in desk.lines("result")] == ["failed"]


def test_evidence_of_a_run_holds_no_diff_and_that_of_a_plan_no_hidden_one(tmp_path: Path, desk: Desk) -> None:
    desk.pass_task()
    planned = Desk(tmp_path / "secret", None)
    planned.pass_task(no_log=True)
    assert [line["diff"] for line in desk.lines("result")] == [""]
    assert [line["diff"] for line in planned.lines("result")] == ["(hidden: no_log)\n"]


def test_gate_that_is_not_proven_lets_nothing_run(desk: Desk) -> None:
    desk.gate.proven = False
    assert desk.pass_task()["failed"]
    assert desk.ran == []


def test_text_of_an_opaque_template_is_bound_like_any_other(tmp_path: Path) -> None:
    template = {"module": "ansible.builtin.template", "args": {"dest": "not-absolute"}}
    desk = Desk(tmp_path / "opaque", None)
    desk.sends = tmp_path / "rendered"
    desk.sends.write_text("good")
    desk.pass_task(**template)
    (line,) = desk.lines("result")
    assert line["class"] == "opaque"
    desk.approve(line)
    desk.sends.write_text("other")
    desk.pass_task(**template)
    assert reasons(desk) == ["task_other_content"]


def test_folder_of_one_file_is_not_copied_for_what_becomes_of_the_file_is_not_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, None)
    folder = tmp_path / "files/tree/below"
    folder.mkdir(parents=True)
    (folder / "one").touch()
    desk.pass_task()
    desk.task.args = {"src": "tree", "dest": "/etc"}
    handler = SimpleNamespace(_connection=desk.connection, _find_needle=lambda kind, name: str(tmp_path / kind / name))
    found = [each.code for each in deviations(desk.copy, desk.task, handler, HOST, {})]
    (folder / "two").touch()
    assert (found, list(deviations(desk.copy, desk.task, handler, HOST, {}))) == (["task_untold"], [])
