"""What static rules could not see of a task, found right before it acts: a way past its host, or another file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible.approved import Deviation
from sopti_runner.adapters.ansible.closure import DATA_FOLDERS, is_yaml
from sopti_runner.adapters.ansible.connection_rules import USER
from sopti_runner.adapters.ansible.effects import NO_EFFECT, short_name
from sopti_runner.adapters.ansible.sealed_files import OUTSIDE, SealedFiles, local_source
from sopti_runner.adapters.ansible.task_rules import CHOOSES_PROGRAMS, STARTERS

_TELLS_NOTHING_RAW = ("copy", "template")
"""Actions that say of a file sent as ``raw`` that nothing changed. Of a folder with one file ``copy`` says what became
of its folders or links, and nothing of the file."""


def deviations(
    copy: SealedFiles, task: Any, handler: Any, host: str, variables: Mapping[str, Any]
) -> Iterator[Deviation]:
    """Give what is wrong with a task, the first of it first.

    Args:
        copy: The copy that is run.
        task: Ansible's task, its arguments rendered.
        handler: The action that is about to run.
        host: The host that the task is for.
        variables: The task's variables.
    """
    place, module, source = copy.place(str(task.get_path())), short_name(str(task.action)), local_source(task)
    if place == OUTSIDE and module not in NO_EFFECT:
        yield Deviation("task_outside", f"content:{task.get_path()}")
    *folders, name = place.rpartition(":")[0].split("/")
    if place != OUTSIDE and (DATA_FOLDERS & set(folders) or not is_yaml(name)):
        yield Deviation("task_outside", f"content:{place}")
    yield from _unseen(copy, task, handler, host, variables)
    if task.delegate_to is not None:
        yield Deviation("task_elsewhere", f"host:{task.delegate_to}", host, "delegated")
    if task.async_val:
        yield Deviation("task_unwatched", "", "a task that is waited for", f"async {task.async_val}")
    if not hasattr(handler._connection, "admit"):
        transport = str(getattr(handler._connection, "transport", ""))
        yield Deviation("task_elsewhere", f"connection:{transport}", "sopti_gated", transport)
    if source and copy.is_outside(source):
        yield Deviation("task_outside", f"content:{source}")
    if source and module == "template" and not source.endswith(".j2"):
        yield Deviation("task_outside", f"content:{source}", "*.j2", source)
    used = [] if place == OUTSIDE else [Path(str(task.get_path()).rpartition(":")[0])]
    if source:
        used.append(Path(handler._find_needle("templates" if module == "template" else "files", source)))
    for path in used:
        if not copy.as_sealed(path):
            yield Deviation("task_file_changed", f"content:{path.name}")
        elif module == "copy" and path.is_dir() and sum(each.is_file() for each in path.rglob("*")) == 1:
            yield Deviation("task_untold", f"content:{path.name}", "a file", "a folder of one file")
    if module in _TELLS_NOTHING_RAW and "raw" in task.args:
        yield Deviation("task_untold", "", "", "raw")


def _unseen(copy: SealedFiles, task: Any, handler: Any, host: str, variables: Mapping[str, Any]) -> Iterator[Deviation]:
    """Give what would start a program that no task names: these act in check mode and in modules that read, too."""
    python, expected = variables.get("ansible_python_interpreter"), copy.python(host)
    if python != expected:
        yield Deviation("task_unseen", "", f"interpreter {expected or 'found on the host'}", str(python))
    user = become_user(handler)
    if user and not USER.fullmatch(user):
        yield Deviation("task_unseen", "", "the name of a user", user)
    for name in (*(STARTERS & set(task.args)), *filter(CHOOSES_PROGRAMS.fullmatch, map(str, task.environment or ()))):
        yield Deviation("task_unseen", "", "", name)


def become_user(handler: Any) -> str:
    """Give the user that an action acts as on its host, by keyword or variable; empty for the one that ssh logs in."""
    become = getattr(handler._connection, "become", None)
    return str(become.get_option("become_user") or "") if become else ""
