"""What may differ between a plan and the moment of the run, and what never may."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sopti_runner.adapters.ansible.approved import Progress, Seen, deviation_after, deviation_before, progress

CHANGE = Seen("change", "b1", "a1", ("file:/x",))
SAME, FAILED = Seen("same", objects=("file:/x",)), Seen("failed")
NOTHING, OWN = Progress({}), Progress({}, frozenset({"file:/x"}))
WILD = Progress({}, unforeseeable=True)


def code(module: str, approved: Seen, checked: Seen, done: Progress = NOTHING) -> str:
    deviation = deviation_before(module, approved, checked, done)
    return deviation.code if deviation else ""


@pytest.mark.parametrize(
    ("module", "approved", "checked", "done", "expected"),
    [
        ("copy", CHANGE, CHANGE, NOTHING, ""),
        ("copy", CHANGE, SAME, NOTHING, ""),
        ("copy", SAME, SAME, NOTHING, ""),
        ("copy", CHANGE, FAILED, NOTHING, ""),
        ("copy", SAME, CHANGE, NOTHING, "task_other_kind"),
        ("copy", SAME, CHANGE, WILD, "task_other_kind"),
        ("apt", CHANGE, replace(CHANGE, kind="opaque"), NOTHING, "task_other_kind"),
        ("copy", CHANGE, replace(CHANGE, objects=("file:/y",)), OWN, "task_other_object"),
        ("copy", CHANGE, replace(CHANGE, before="b2"), NOTHING, "task_other_state"),
        ("copy", CHANGE, replace(CHANGE, before="b2"), OWN, ""),
        ("copy", CHANGE, replace(CHANGE, before="b2"), WILD, ""),
        ("copy", CHANGE, replace(CHANGE, after="a2"), WILD, "task_other_content"),
        ("copy", CHANGE, replace(CHANGE, before="b2", after="a2"), OWN, "task_other_content"),
        ("lineinfile", CHANGE, replace(CHANGE, before="b2", after="a2"), OWN, ""),
        ("lineinfile", CHANGE, replace(CHANGE, after="a2"), OWN, "task_other_content"),
        ("lineinfile", CHANGE, replace(CHANGE, before="b2", after="a2"), NOTHING, "task_other_state"),
    ],
)
def test_deviation_before_is_found_unless_the_run_itself_explains_it(
    module: str, approved: Seen, checked: Seen, done: Progress, expected: str
) -> None:
    assert code(module, approved, checked, done) == expected


def test_deviation_names_object_expected_and_found() -> None:
    deviation = deviation_before("copy", CHANGE, replace(CHANGE, before="b2"), NOTHING)
    assert str(deviation) == "task_other_state (file:/x, expected b1, found b2)"


@pytest.mark.parametrize(
    ("real", "unseen", "deviates"),
    [
        (CHANGE, False, False),
        (SAME, False, False),
        (FAILED, False, False),
        (replace(CHANGE, kind="opaque"), False, True),
        (replace(CHANGE, kind="opaque"), True, False),
        (replace(CHANGE, after="a2"), False, True),
        (replace(CHANGE, before="b2"), False, True),
        (replace(CHANGE, objects=("file:/x", "file:/y")), False, True),
    ],
)
def test_deviation_after_is_found_when_more_or_else_was_done(real: Seen, unseen: bool, deviates: bool) -> None:
    assert (deviation_after(CHANGE, real, unseen=unseen) is not None) is deviates


def test_deviation_after_nothing_said_of_the_content_is_no_promise() -> None:
    said = Seen("change", objects=("package:x",))
    assert deviation_after(said, replace(said, after="a"), unseen=False) is None


def line(**more: Any) -> dict[str, Any]:
    return {"host": "h", "task": "t", "module": "m", "args": "a", "item": "", "outcome": "changed", "reads": False,
            "class": "change", "objects": ["file:/x"], **more}  # fmt: skip


@pytest.mark.parametrize(
    ("results", "changed", "unforeseeable"),
    [
        ([], set(), False),
        ([line()], {"file:/x"}, False),
        ([line(outcome="ok")], set(), False),
        ([line(outcome="failed", objects=["user:u"])], {"user:u"}, False),
        ([line(objects=["package:p"])], {"package:p"}, True),
        ([line(**{"class": "opaque"}, objects=[])], set(), True),
        ([line(**{"class": "opaque"}, objects=[], reads=True)], set(), False),
    ],
)
def test_progress_tells_what_the_run_itself_has_done(
    results: list[dict[str, Any]], changed: set[str], unforeseeable: bool
) -> None:
    found = progress(results)
    assert (found.changed, found.unforeseeable) == (changed, unforeseeable)


def test_progress_counts_each_occurrence() -> None:
    assert progress([line(), line(), line(task="u")]).times == {"h|t|m|a|": 2, "h|u|m|a|": 1}
