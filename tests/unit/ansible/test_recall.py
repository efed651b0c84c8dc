"""What is told of a run whose runner died: by what lies in its folder, and never more than that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sopti_runner.adapters.ansible.engine import AnsibleEngine
from sopti_runner.ports import TaskOutcome
from tests.unit.ansible.test_outcomes import END, intent, result

HOSTS = ("db1", "web1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "runs/run-1"
    folder.mkdir(parents=True)
    return folder


def recalled(folder: Path, tasks: list[TaskOutcome] | None = None) -> dict[str, str]:
    engine = AnsibleEngine(folder.parents[1], b"k" * 32)
    told = [] if tasks is None else tasks
    return {each.host: each.outcome for each in engine.recall(HOSTS, "run-1", told.append)}


def write(folder: Path, *lines: dict[str, Any], torn: str = "") -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "evidence.jsonl").write_text(text + torn)


def test_recall_tells_tasks_and_hosts_as_they_were_written_down(folder: Path) -> None:
    tasks: list[TaskOutcome] = []
    write(folder, intent(), result("changed"), intent())
    assert recalled(folder, tasks) == {"db1": "not_started", "web1": "unknown"}
    assert [(task.host, task.ordinal, task.kind) for task in tasks] == [("web1", 0, "changed")]


def test_recall_of_a_play_that_had_ended_tells_what_was_done(folder: Path) -> None:
    write(folder, intent(), result("changed"), END)
    assert recalled(folder) == {"db1": "not_started", "web1": "changed"}


def test_recall_of_a_result_that_is_half_written_is_unknown(folder: Path) -> None:
    write(folder, intent(), torn=json.dumps(result("changed"))[:40])
    assert recalled(folder)["web1"] == "unknown"


def test_recall_without_folder_or_evidence_knows_nothing(folder: Path) -> None:
    unknown = dict.fromkeys(HOSTS, "unknown")
    assert recalled(folder) == unknown
    folder.rmdir()
    assert recalled(folder) == unknown


def test_recall_of_a_run_that_died_before_anything_began_is_not_started(folder: Path) -> None:
    lock = folder.with_name("run-1.lock")
    lock.touch()
    folder.rmdir()
    assert recalled(folder) == dict.fromkeys(HOSTS, "not_started")


def test_recall_with_a_lock_file_but_without_its_evidence_knows_nothing(folder: Path) -> None:
    folder.with_name("run-1.lock").touch()
    assert recalled(folder) == dict.fromkeys(HOSTS, "unknown")


def test_recall_of_evidence_that_tells_of_another_host_knows_nothing(folder: Path) -> None:
    write(folder, intent(), result("changed"), {**intent(), "host": "srv99"}, END)
    assert recalled(folder) == dict.fromkeys(HOSTS, "unknown")


def test_stop_asks_a_run_that_goes_on_and_no_other(folder: Path) -> None:
    engine = AnsibleEngine(folder.parents[1], b"k" * 32)
    engine.stop("run-1")
    engine.stop("run-2")
    assert [path.name for path in folder.iterdir()] == ["cancel"]
    assert [path.name for path in folder.parent.iterdir()] == ["run-1"]
