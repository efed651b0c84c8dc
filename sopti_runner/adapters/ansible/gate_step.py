"""One task on one host between standing before it and after it, and the line of evidence that it leaves."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sopti_runner.adapters.ansible.approved import Deviation, Progress, Seen
from sopti_runner.adapters.ansible.effects import Effect, mask, short_name

NO_ANSWER = Effect("failed", "", "", (), "")
"""The effect of an action that gave no result."""

_NEVER_IN = re.compile(
    "ssh: connect to host|could not resolve hostname|permission denied|host key verification failed|sopti", re.I
)
"""What ssh, or our own connection plugin, says before anything was sent."""


@dataclass(slots=True)
class Step:
    """One task on one host, loop item included.

    Attributes:
        identity: ``host, task, name, module, item, args`` as in a plan's record.
        approved: What the plan holds for this occurrence, or None.
        done: What the run had done on this host before it.
        reads: The task says that it only reads.
        task: Ansible's task; its arguments are altered while an action runs.
        handler: The action that Ansible made.
        args: The rendered arguments as they were.
        shows_diff: The content allows its diff to be shown.
        hidden: Why the diff may not be shown, or empty.
        started: Seconds since the epoch.
        sources: SHA-256 (hex) of each file that was about to be sent.
        effect: What the action's last run said.
        expected: Keyed digest of what a template must send, or empty.
        known_before: Keyed digest of what stands before it, told by a look: no diff need be asked for. None: not known.
        deviation: Why it was vetoed, or what it did otherwise.
        stopped: The run was stopped before it.
    """

    identity: Mapping[str, str]
    approved: Seen | None
    done: Progress
    reads: bool
    task: Any
    handler: Any
    args: Mapping[str, Any]
    shows_diff: bool
    hidden: str
    started: float = field(default_factory=time.time)
    sources: list[str] = field(default_factory=list)
    effect: Effect | None = None
    expected: str = ""
    known_before: str | None = None
    deviation: Deviation | None = None
    stopped: bool = False

    @property
    def module(self) -> str:
        """The action without Ansible's own prefix."""
        return short_name(self.identity["module"])

    @property
    def answer_used(self) -> bool:
        """Whether the content makes something of the result, so that it must be the task's own."""
        return any((self.task.register, self.task.until, self.task.failed_when, self.task.changed_when))


def result_line(step: Step, result: Mapping[str, Any], seen: Seen, *, shown: bool) -> dict[str, Any]:
    """Give the line for a task that has ended.

    Args:
        step: The task.
        result: As Ansible judged it: ``failed_when`` and ``changed_when`` have been applied.
        seen: Its effect, keyed.
        shown: Whether the readable diff belongs in it: in a plan, which people read.
    """
    failed, unreachable = bool(result.get("failed")), bool(result.get("unreachable"))
    effect = step.effect or NO_ANSWER
    forgives = bool(step.task.ignore_errors) and not step.deviation
    return {
        "e": "result",
        **step.identity,
        "predicted": step.approved.kind if step.approved else "",
        "reads": step.reads,
        "class": _class(step, effect, failed=failed or unreachable, forgives=forgives),
        "outcome": _outcome(step, effect, result),
        "forgiven": failed and forgives,
        "answered": _answered(result),
        "before": seen.before,
        "after": seen.after,
        "objects": list(seen.objects),
        "diff": effect.diff if shown else "",
        "detail": _detail(result),
        "started": step.started,
        "ended": time.time(),
    }


def _class(step: Step, effect: Effect, *, failed: bool, forgives: bool) -> str:
    """Give the class after ``failed_when``; a raw failure that is accepted is known to be harmless only if it reads."""
    if failed and not (step.reads and forgives):
        return "failed"
    if effect.kind == "failed":
        return "same" if step.reads else "opaque"
    return effect.kind


def _outcome(step: Step, effect: Effect, result: Mapping[str, Any]) -> str:
    acted = bool(result.get("changed")) or effect.kind == "opaque"
    if result.get("unreachable"):
        return "unreachable"
    if result.get("failed") and not (step.deviation and acted):
        return "failed"
    return "skipped" if result.get("skipped") else "changed" if acted else "ok"


def _answered(result: Mapping[str, Any]) -> bool:
    """Tell whether the host's own answer came, or ssh never got in; a connection that broke tells nothing."""
    if result.get("unreachable"):
        return bool(_NEVER_IN.search(str(result.get("msg", ""))))
    code = result.get("rc")
    return "module_stdout" not in result and not (isinstance(code, int) and code < 0)


def _detail(result: Mapping[str, Any]) -> str:
    """Give the message, and the end of what the program said, for a person; secrets masked."""
    if result.get("_ansible_no_log"):
        return "(hidden: no_log)"
    said = str(result.get("stderr") or result.get("module_stderr") or "").strip()[-1000:]
    return mask("\n".join(filter(None, (str(result.get("msg", ""))[:2000], said))))


def veto_line(step: Step, deviation: Deviation) -> dict[str, Any]:
    """Give the line for a task that is not what was approved."""
    return {
        "e": "vetoed",
        "host": step.identity["host"],
        "task": step.identity["task"],
        "reason": deviation.code,
        "object": deviation.object,
        "expected": deviation.expected,
        "found": deviation.found,
        "at": time.time(),
    }


def copied(value: Any) -> Any:
    """Copy the containers of rendered arguments; what stands in them can't be altered."""
    if isinstance(value, Mapping):
        return {key: copied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [copied(each) for each in value]
    return value
