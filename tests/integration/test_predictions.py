"""Predicted against actual: what each playbook's plan says is what applying it does; the page says how much of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sopti_runner.domain import hand_work
from sopti_runner.domain.plan import Plan, PlanRecord, RecordClass
from sopti_runner.ports import TaskOutcome
from tests.integration.predictions import CASES, ROOT, Ground, compare, ground, measure
from tests.lab import Lab
from tests.lab.fixtures import skip_where_impossible

PAGE = ROOT / "docs" / "predictions.md"
BY_HAND = {hand_work.PLAYBOOK}
"""Playbooks that a person carries out at a terminal, so that nothing is foretold."""
PLAYBOOKS = sorted({path.name.removesuffix(".change.yml") for path in ROOT.glob("playbooks/*.change.yml")} - BY_HAND)
HOW = "a playbook needs a Case in tests/integration/predictions.py, and the row that its test then names in {page}"
NOW = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    skip_where_impossible()
    with Lab.up(2) as lab, ground(lab, tmp_path_factory.mktemp("predictions")) as made:
        yield made


@pytest.mark.lab
@pytest.mark.parametrize("playbook", sorted(CASES))
def test_plan_of_fresh_hosts_is_what_happens(
    playbook: str, hosts: Ground, record_property: Callable[[str, object], None]
) -> None:
    found = measure(playbook, hosts)
    row = found.row(playbook)
    record_property(f"predictions of {playbook}", row)
    assert found.wrong == (), "the plan did not foretell it"
    assert row in PAGE.read_text("utf-8").splitlines(), f"{PAGE} needs this row: {row}"


def test_page_has_a_row_for_each_playbook() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert sorted(CASES) == PLAYBOOKS, HOW.format(page=PAGE)
    assert [row.split("`")[1] for row in rows] == PLAYBOOKS, HOW.format(page=PAGE)
    tasks, exact = (sum(int(row.split("|")[column].split()[0]) for row in rows) for column in (2, 3))
    whole = f"Of {tasks} tasks {exact} are exact ({100 * exact // tasks} %)."
    assert whole in PAGE.read_text("utf-8"), f"{PAGE} needs this sentence: {whole}"


RECORD = PlanRecord("web1", 0, "a.yml:1", "a | One", "copy", "", "a", RecordClass.CHANGE, (), "b", "c")
TASK = TaskOutcome(
    "web1", 0, "a.yml:1", "copy", "", "a", "changed", RecordClass.CHANGE, "b", "c", (), started_at=NOW, ended_at=NOW
)


@pytest.mark.parametrize(
    ("done", "exact", "wrong"),
    [
        ([TASK], 1, ()),
        ([replace(TASK, after="x")], 0, ("a | One (changed)",)),
        ([replace(TASK, kind="ok")], 0, ("a | One (ok)",)),
        ([], 0, ("a | One (not reached)",)),
        ([TASK, replace(TASK, task="a.yml:7")], 1, ("a.yml:7 (not in the plan)",)),
        ([replace(TASK, args="other")], 0, ("a | One (not reached)", "a.yml:1 (not in the plan)")),
    ],
)
def test_comparison_names_each_task_that_did_something_else(
    done: list[TaskOutcome], exact: int, wrong: tuple[str, ...]
) -> None:
    found = compare(plan_of(RECORD), done)
    assert (found.records, found.exact, found.wrong) == (1, exact, wrong)


def test_comparison_names_what_the_plan_could_not_foretell() -> None:
    opaque = plan_of(replace(RECORD, kind=RecordClass.OPAQUE))
    assert compare(opaque, [TASK]).row("p") == "| `p` | 1 | 0 (0 %) | One |"
    assert compare(opaque, [replace(TASK, kind="failed")]).wrong == ("a | One (failed)",)
    broken = plan_of(replace(RECORD, kind=RecordClass.FAILED, detail="no such folder"))
    assert compare(broken, []).wrong == ("a | One (failed while planning: no such folder)",)


def plan_of(record: PlanRecord) -> Plan:
    return Plan("p", {}, "", {}, ("web1",), (), {}, {}, "k", (record,))
