"""What static rules could not see of a task, found right before it acts: a way past its host, or another file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible.approved import Deviation
from sopti_runner.adapters.ansible.effects import NO_EFFECT, short_name
from sopti_runner.adapters.ansible.sealed_files import OUTSIDE, SealedFiles, local_source


def deviations(copy: SealedFiles, task: Any, handler: Any, host: str) -> Iterator[Deviation]:
    """Give what is wrong with a task, the first of it first.

    Args:
        copy: The copy that is run.
        task: Ansible's task, its arguments rendered.
        handler: The action that is about to run.
        host: The host that the task is for.
    """
    place, module, source = copy.place(str(task.get_path())), short_name(str(task.action)), local_source(task)
    if place == OUTSIDE and module not in NO_EFFECT:
        yield Deviation("task_outside", f"content:{task.get_path()}")
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
