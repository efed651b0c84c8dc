"""What a plan lets one task do on one host, and whether what it would do, or has done, is that.

Effects in, a deviation or nothing out. Sides are compared as keyed digests, so that content under ``no_log`` is
compared like any other.

- Doing less than approved is no deviation: what is as it should be already needs no change.
- What stands before a task may differ from the plan only where the run itself has changed it since: the same object, or
  anything once a command or a package has done what no plan can foretell. That is the room which remains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sopti_runner.adapters.ansible.evidence import task_key
from sopti_runner.adapters.ansible.rules import words

WHOLE = words("copy template assemble get_url deb822_repository")
"""Modules that write a whole file, whatever stood there before."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An effect, approved or found.

    Attributes:
        kind: ``same | change | opaque | failed``.
        before: Keyed digest of the state before, or empty.
        after: The same for after.
        objects: ``kind:key``, sorted.
        states: Keyed digest of each object's state when the plan was made; of what is found none.
    """

    kind: str
    before: str = ""
    after: str = ""
    objects: tuple[str, ...] = ()
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deviation:
    """How something is not what was approved.

    Attributes:
        code: Stable word: ``task_`` and what is other.
        object: ``kind:key`` of what it is about, a file of the content, or empty.
        expected: A class, or a keyed digest.
        found: The same.
    """

    code: str
    object: str = ""
    expected: str = ""
    found: str = ""

    def __str__(self) -> str:
        parts = (self.object, f"expected {self.expected or 'nothing'}", f"found {self.found or 'nothing'}")
        return f"{self.code} ({', '.join(filter(None, parts))})"


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run has done on one host so far.

    Attributes:
        times: Task key → how often it has passed.
        changed: Objects that were changed.
        unforeseeable: A command or a package has changed what no plan could foretell.
    """

    times: Mapping[str, int]
    changed: frozenset[str] = frozenset()
    unforeseeable: bool = False

    @property
    def untouched(self) -> bool:
        """True while the run has left the host as it found it."""
        return not self.changed and not self.unforeseeable


def progress(results: Iterable[Mapping[str, Any]]) -> Progress:
    """Fold the ``result`` lines of one host."""
    times: Counter[str] = Counter()
    changed: set[str] = set()
    unforeseeable = False
    for line in results:
        times[task_key(line)] += 1
        if line["outcome"] in ("changed", "failed") and not line["reads"]:
            changed.update(line["objects"])
            packages = any(name.startswith("package:") for name in line["objects"])
            unforeseeable = unforeseeable or packages or line["class"] == "opaque"
    return Progress(times, frozenset(changed), unforeseeable)


def deviation_before(module: str, approved: Seen, checked: Seen, done: Progress) -> Deviation | None:
    """Judge what check mode says right before the task.

    Args:
        module: Short name.
        approved: What the plan holds, ``same`` or ``change``.
        checked: What the task would do now.
        done: What the run has done on this host so far.
    """
    if checked.kind in ("same", "failed"):
        return None
    name = next(iter(checked.objects or approved.objects), "")
    if checked.kind != approved.kind:
        return Deviation("task_other_kind", name, approved.kind, checked.kind)
    if checked.objects != approved.objects:
        return Deviation("task_other_object", name, ", ".join(approved.objects), ", ".join(checked.objects))
    own_doing = done.unforeseeable or set(checked.objects) <= done.changed
    if checked.before != approved.before and not own_doing:
        return Deviation("task_other_state", name, approved.before, checked.before)
    follows = checked.before != approved.before and module not in WHOLE
    if checked.after != approved.after and not follows:
        return Deviation("task_other_content", name, approved.after, checked.after)
    return None


def deviation_after(checked: Seen, real: Seen, *, unseen: bool) -> Deviation | None:
    """Judge what a task did against what check mode had said right before.

    Args:
        checked: What was said.
        real: What came of it.
        unseen: The task acts without saying so in check mode.
    """
    if real.kind in ("same", "failed") or (unseen and real.kind == "opaque"):
        return None
    name = next(iter(real.objects or checked.objects), "")
    if real.kind != checked.kind:
        return Deviation("task_did_otherwise", name, checked.kind, real.kind)
    if real.objects != checked.objects:
        return Deviation("task_did_otherwise", name, ", ".join(checked.objects), ", ".join(real.objects))
    told = checked.before or checked.after
    if told and (real.before, real.after) != (checked.before, checked.after):
        expected, found = (f"{side.before or 'nothing'} to {side.after or 'nothing'}" for side in (checked, real))
        return Deviation("task_did_otherwise", name, expected, found)
    return None
