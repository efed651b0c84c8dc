"""Tasks whose file alone decides what they do: looked at right before they act, and asked where it stands otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sopti_runner.adapters.ansible.approved import Seen
from sopti_runner.adapters.ansible.evidence import task_key
from sopti_runner.adapters.ansible.foreseen import decided, stands_as_planned
from sopti_runner.adapters.ansible.observation import state_digest
from tests.unit.ansible.gate_desk import ADDRESS, CHANGED, FACTS, SAME, STATE, Desk


def planned(folder: Path, **given: Any) -> tuple[str, Seen]:
    """Give the key and the record of the one task, of a plan that looked at its file."""
    desk = Desk(folder, None)
    desk.says = given.pop("says", CHANGED)
    desk.pass_task(**given)
    (line,) = desk.lines("result")
    return task_key(line), Seen(line["class"], line["before"], line["after"], tuple(line["objects"]), (STATE,))


def at_run(folder: Path, **given: Any) -> Desk:
    """Give a run of that plan, right before its task."""
    key, seen = planned(folder / "plan", **given)
    desk = Desk(folder / "run", [])
    desk.gate._approved = {key: [seen]}
    return desk


def reasons(desk: Desk) -> list[str]:
    return [line["reason"] for line in desk.lines("vetoed")]


def test_task_whose_file_stands_as_planned_is_looked_at_and_run_once(tmp_path: Path) -> None:
    desk = at_run(tmp_path)
    assert desk.pass_task() == CHANGED
    assert ([how for how, *_ in desk.ran], desk.connection.looked) == (["real"], [ADDRESS])
    assert (desk.kinds(), desk.connection.admitted) == (["intent", "result"], None)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({**FACTS, "sha256": "1" * 64}, 0),
        ({**FACTS, "mode": "0600"}, 0),
        ({"type": "absent"}, 0),
        ({"error": "Permission denied"}, 0),
        (FACTS, 1),
    ],
)
def test_task_whose_file_stands_otherwise_is_asked_and_vetoed(tmp_path: Path, facts: dict[str, str], code: int) -> None:
    desk = at_run(tmp_path)
    desk.connection.facts, desk.connection.code = facts, code
    desk.says = {"changed": True, "diff": {"before": "other", "after": "b"}}
    desk.pass_task()
    assert ([how for how, *_ in desk.ran], reasons(desk)) == (["check"], ["task_other_state"])


def test_task_that_did_otherwise_than_foreseen_ends_the_run(tmp_path: Path) -> None:
    desk = at_run(tmp_path)
    desk.does = {"changed": True, "diff": {"before": "a", "after": "other"}}
    assert desk.pass_task()["failed"]
    assert (reasons(desk), desk.mark.stopped) == (["task_did_otherwise"], True)


def test_task_with_nothing_to_do_is_looked_at_and_not_asked_after_the_run_changed_something(tmp_path: Path) -> None:
    desk = at_run(tmp_path)
    key, seen = planned(tmp_path / "same", says=SAME)
    desk.gate._approved = {key: [planned(tmp_path / "first")[1], replace(seen, kind="same", before="", after="")]}
    desk.pass_task()
    assert desk.pass_task() == SAME
    assert [how for how, *_ in desk.ran] == ["real"]
    assert [line["outcome"] for line in desk.lines("result")] == ["changed", "ok"]


def test_template_with_nothing_to_do_is_asked_for_its_variables_may_have_changed(tmp_path: Path) -> None:
    desk = at_run(tmp_path, module="ansible.builtin.template", says=SAME)
    desk.says = SAME
    desk.pass_task(module="ansible.builtin.template")
    assert ([how for how, *_ in desk.ran], desk.connection.looked) == (["check"], [])


def test_content_of_a_template_is_held_against_the_plan_before_it_is_sent(tmp_path: Path) -> None:
    desk, source = at_run(tmp_path, module="ansible.builtin.template"), tmp_path / "rendered"
    source.write_text("other")
    desk.sends = source
    desk.pass_task(module="ansible.builtin.template")
    assert reasons(desk) == ["task_other_content"]


@pytest.mark.parametrize("before", ["a", ""], ids=["changed", "made"])
def test_diff_of_a_file_that_was_looked_at_is_not_asked_for_and_the_evidence_is_whole(
    tmp_path: Path, before: str
) -> None:
    source = tmp_path / "sent"
    source.write_text("b")
    plan = Desk(tmp_path / "plan", None)
    plan.says, plan.sends = {"changed": True, "diff": {"before": before, "after": "b"}}, source
    plan.pass_task()
    (line,) = plan.lines("result")
    desk = Desk(tmp_path / "run", [])
    seen = Seen(line["class"], line["before"], line["after"], tuple(line["objects"]), (STATE,))
    desk.gate._approved = {task_key(line): [seen]}
    desk.sends, desk.does = source, {"changed": True, "diff": [{}]}
    desk.pass_task()
    (done,) = desk.lines("result")
    assert (plan.knew, desk.knew) == ([False], [True])
    assert (done["before"], done["after"], reasons(desk)) == (line["before"], line["after"], [])


@pytest.mark.parametrize(
    ("module", "args", "objects"),
    [
        ("ansible.builtin.command", {}, ("file:/x",)),
        ("ansible.builtin.get_url", {}, ("file:/x",)),
        ("ansible.builtin.copy", {}, ()),
        ("ansible.builtin.copy", {}, ("file:/x", "file:/y")),
        ("ansible.builtin.copy", {}, ("unit:x.service",)),
        ("ansible.builtin.copy", {"remote_src": True}, ("file:/x",)),
        ("ansible.builtin.copy", {"attributes": "+i"}, ("file:/x",)),
        ("ansible.builtin.copy", {"setype": "etc_t"}, ("file:/x",)),
        ("ansible.builtin.lineinfile", {"backup": True}, ("file:/x",)),
        ("ansible.builtin.template", {"validate": "visudo -cf %s"}, ("file:/x",)),
        ("ansible.builtin.file", {"state": "directory"}, ("file:/x",)),
        ("ansible.builtin.file", {"state": "touch"}, ("file:/x",)),
        ("ansible.builtin.file", {"state": "link"}, ("file:/x",)),
    ],
)
def test_task_that_more_than_its_file_decides_is_not_foreseen(
    module: str, args: dict[str, Any], objects: tuple[str, ...]
) -> None:
    assert not decided(module, args, objects, rendered=True)


@pytest.mark.parametrize(
    ("facts", "stands"), [({"type": "file"}, True), ({"type": "absent"}, True), ({"type": "link"}, False)]
)
def test_only_a_plain_file_or_none_is_told_by_a_look(facts: dict[str, str], stands: bool) -> None:
    key, name = b"k" * 32, "file:/x"
    approved = Seen("change", objects=(name,), states=(state_digest(key, "web1", name, facts),))
    assert stands_as_planned(key, "web1", approved, {name: {"facts": facts}}) == stands
