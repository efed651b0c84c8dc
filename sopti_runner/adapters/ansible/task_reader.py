"""Plays and tasks as they are written: which module, which arguments, on which line; nothing is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sopti_runner.adapters.ansible.rules import words
from sopti_runner.adapters.ansible.strict_yaml import Located

TASK_KEYWORDS = words(
    """
    action any_errors_fatal args async become become_exe become_flags become_method become_user changed_when
    check_mode collections connection debugger delay delegate_facts delegate_to diff environment failed_when
    ignore_errors ignore_unreachable listen local_action loop loop_control module_defaults name no_log notify poll port
    register remote_user retries run_once tags throttle timeout until vars when
    """
)
FREE_FORM = words("command shell raw script meta include_tasks import_tasks include_vars import_playbook")
TASK_SECTIONS = ("pre_tasks", "tasks", "post_tasks", "handlers")


@dataclass(frozen=True, slots=True)
class WrittenTask:
    """One task, or block when ``module`` is ``block``.

    Attributes:
        line: Where it begins.
        module: As written, with ``ansible.builtin.`` and ``ansible.legacy.`` taken off; empty when unclear.
        args: Its arguments as keys; free-form text is under ``_raw``.
        raw: The whole mapping.
    """

    line: int
    module: str
    args: dict[Any, Any]
    raw: Located


def is_templated(value: Any) -> bool:
    """True when a text holds template marks."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def written_tasks(tasks: Any) -> Iterator[WrittenTask]:
    """Give each task and block of a task list, nested ones after their block; what is no mapping is passed over."""
    for raw in tasks if isinstance(tasks, list) else ():
        if not isinstance(raw, Located):
            continue
        if "block" in raw:
            yield WrittenTask(raw.line, "block", {}, raw)
            for section in ("block", "rescue", "always"):
                yield from written_tasks(raw.get(section))
        else:
            yield _task(raw)


def _task(raw: Located) -> WrittenTask:
    names = [key for key in raw if key not in TASK_KEYWORDS and not str(key).startswith("with_")]
    if len(names) != 1:
        return WrittenTask(raw.line, "", {}, raw)
    module = str(names[0]).removeprefix("ansible.builtin.").removeprefix("ansible.legacy.")
    given = raw[names[0]]
    args: dict[Any, Any] = dict(raw["args"]) if isinstance(raw.get("args"), dict) else {}
    if isinstance(given, dict):
        args |= given
    elif given is not None:
        args["_raw"] = given
    return WrittenTask(raw.line, module, args, raw)


def play_tasks(play: Located) -> Iterator[WrittenTask]:
    """Give the tasks written in a play itself."""
    for section in TASK_SECTIONS:
        yield from written_tasks(play.get(section))


def named_roles(play: Located) -> Iterator[tuple[int, Any]]:
    """Give (line, role name) of ``roles:``; a name may be of any type, as written."""
    for entry in play.get("roles") or ():
        if isinstance(entry, Located):
            yield entry.line, entry.get("role", entry.get("name"))
        else:
            yield play.at("roles"), entry


def role_of(task: WrittenTask) -> Any:
    """Give the role a task imports or includes, as written, or None when it is no such task."""
    return task.args.get("name", "") if task.module in ("include_role", "import_role") else None


def file_of(task: WrittenTask) -> Any:
    """Give the task file a task imports or includes, as written, or None when it is no such task."""
    if task.module not in ("include_tasks", "import_tasks", "import_playbook"):
        return None
    return task.args.get("_raw", task.args.get("file", ""))
