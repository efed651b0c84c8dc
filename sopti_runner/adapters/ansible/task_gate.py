"""The gate inside Ansible's workers: every task, loop item, handler and included role passes here before it acts.

Ansible has no public place to stand before an action, so three private methods are wrapped (``WRAPPED``), and the
launcher refuses to start when one is missing. Runs in forked workers; must not write to their stderr. Longer than other
modules: what stands before a task and what stands after it share one state.
"""

from __future__ import annotations

import ctypes
import hashlib
import shlex
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn

from sopti_runner.adapters.ansible.effects import NO_EFFECT, Effect, canonical, effect_of, mask, short_name
from sopti_runner.adapters.ansible.evidence import EvidenceFile, keyed_digest, task_key
from sopti_runner.adapters.ansible.snapshot import digest_file, digest_tree

PR_SET_PDEATHSIG = 1
OUTSIDE = "(outside)"
VETOED = "sopti: vetoed, this is not what was approved"
WRAPPED = {"TaskExecutor": ("_execute", "_get_action_handler_with_module_context"), "ActionBase": ("_get_diff_data",)}
_LOCAL_SOURCES = frozenset(("copy", "template", "script", "unarchive", "assemble"))


class Verdict(Enum):
    """What the gate says of one task."""

    RUN = "run"
    VETO = "veto"


@dataclass(frozen=True, slots=True)
class Item:
    """One task on one host, loop item included, about to act.

    Attributes:
        identity: ``host, task, name, module, item, args`` as in a plan's record.
        predicted: Class the plan gave this occurrence, or empty when the plan has no such record.
        after: What the plan says it leaves, keyed, or empty.
        reads: The task says that it only reads.
    """

    identity: Mapping[str, str]
    predicted: str
    after: str
    reads: bool


Decide = Callable[[Item], Verdict]


def run_always(item: Item) -> Verdict:
    """Let every task run, as check mode does."""
    return Verdict.RUN


def keep_to_plan(item: Item) -> Verdict:
    """Let run what the plan holds, and what could have run without one: tasks that only read or change no host."""
    harmless = item.reads or short_name(item.identity["module"]) in NO_EFFECT
    return Verdict.RUN if harmless or item.predicted not in ("", "failed") else Verdict.VETO


@dataclass(slots=True)
class _Pending:
    """A task between its intent and its result."""

    item: Item
    shows_diff: bool
    forgives: bool
    started: float
    intended: bool = False
    sources: list[str] = field(default_factory=list)
    effect: Effect | None = None


class TaskGate:
    """Writes the evidence of one run and asks ``decide`` before each action.

    Args:
        evidence: Where lines go.
        key: HMAC key of the installation.
        root: The sealed copy that is run.
        files: What it holds, as ``digest_tree`` gave it when its id was checked.
        planning: Check mode: results only, no intents.
        predicted: Task key → class and ``after``, one for each occurrence in order; empty while planning.
        decide: The verdict on each item.
    """

    def __init__(
        self,
        evidence: EvidenceFile,
        key: bytes,
        root: Path,
        files: Mapping[str, str],
        *,
        planning: bool,
        predicted: Mapping[str, list[list[str]]],
        decide: Decide,
    ) -> None:
        self._evidence, self._key, self._root, self._files = evidence, key, root.resolve(), files
        self._planning, self._predicted, self._decide = planning, predicted, decide
        self._pending: _Pending | None = None

    def enter(self, executor: Any, handler: Any, variables: Mapping[str, Any]) -> None:
        """Stand before one action: name it, refuse what may not act, and wrap its run."""
        die_with_parent()
        task = executor._task
        item = self._item(executor, handler, variables)
        self._pending = pending = _Pending(item, bool(task.diff), bool(task.ignore_errors), time.time())
        self._refuse_unsafe(item, task, handler)
        self._refuse_changed(item, task, handler)
        args = dict(task.args)
        hidden = "(hidden: no_log)\n" if task.no_log else "" if task.diff else "(hidden: diff is off)\n"
        task.diff = True
        run = handler.run

        def gated_run(task_vars: Any = None) -> Any:
            if self._decide(item) is Verdict.VETO:
                self._note_veto(item)
                return {"failed": True, "msg": VETOED}
            self._write_intent(pending)
            result = run(task_vars=task_vars)
            pending.effect = effect_of(
                item.identity["module"], args, result, reads=item.reads, hidden=hidden, sources=pending.sources
            )
            return result

        handler.run = gated_run

    def note_source(self, path: str) -> None:
        """Take the digest of a file on this machine that an action is about to send."""
        pending = self._pending
        if pending is None:
            return
        pending.sources.append(hashlib.sha256(Path(path).read_bytes()).hexdigest())
        item = pending.item
        rendered = not self._planning and short_name(item.identity["module"]) == "template"
        other = rendered and self._side("\n".join(pending.sources)) != item.after
        if other or not self._as_sealed(Path(path)):
            self._veto(item, VETOED)

    def leave(self, result: dict[str, Any]) -> None:
        """Stand after it: Ansible has judged ``failed_when`` and ``changed_when``; write what came of it."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        if not pending.shows_diff:
            result.pop("diff", None)
        failed, unreachable = bool(result.get("failed")), bool(result.get("unreachable"))
        quiet = short_name(pending.item.identity["module"]) in NO_EFFECT
        if quiet and not failed and not unreachable:
            self._evidence.append({"e": "passed", "host": pending.item.identity["host"]}, sync=False)
            return
        effect = pending.effect or Effect("failed", "", "", (), "")
        outcome = "unreachable" if unreachable else "failed" if failed else "skipped" if result.get("skipped") else ""
        outcome = outcome or ("changed" if result.get("changed") or effect.kind == "opaque" else "ok")
        self._evidence.append(
            {
                "e": "result",
                **pending.item.identity,
                "predicted": pending.item.predicted,
                "reads": pending.item.reads,
                "class": _class(pending, effect, failed=failed or unreachable),
                "outcome": outcome,
                "forgiven": failed and pending.forgives,
                "before": self._side(effect.before),
                "after": self._side(effect.after),
                "objects": list(effect.objects),
                "diff": effect.diff,
                "detail": _detail(result),
                "started": pending.started,
                "ended": time.time(),
            }
        )

    def _item(self, executor: Any, handler: Any, variables: Mapping[str, Any]) -> Item:
        task = executor._task
        root = bool(getattr(handler._connection, "become", None))
        loop_variable = variables.get("ansible_loop_var")
        label = canonical(variables.get(loop_variable)) if task.loop is not None and loop_variable else ""
        acts = {
            "args": task.args,
            "become": root,
            "become_user": task.become_user if root else None,
            "environment": task.environment,
        }
        written = task.get_ds() or {}
        identity = {
            "host": str(executor._host.get_name()),
            "task": self._place(str(task.get_path())),
            "name": str(task.name or ""),
            "module": str(task.resolved_action or task.action),
            "item": keyed_digest(self._key, "item", label) if label else "",
            "args": keyed_digest(self._key, "args", canonical(acts)),
        }
        predicted, after = self._prediction(identity)
        return Item(identity, predicted, after, reads=written.get("check_mode") is False)

    def _place(self, path: str) -> str:
        """Give ``file:line`` relative to the copy; a place outside it is marked, and no plan has such a task."""
        file, _, line = path.rpartition(":")
        place = Path(file)
        return f"{place.relative_to(self._root).as_posix()}:{line}" if place.is_relative_to(self._root) else OUTSIDE

    def _prediction(self, identity: Mapping[str, str]) -> tuple[str, str]:
        """Give class and ``after`` of this occurrence, both empty when the plan has none."""
        key = task_key(identity)
        if self._planning or key not in self._predicted:
            return "", ""
        planned = self._predicted[key]
        seen = Counter(task_key(line) for line in self._evidence.lines() if line["e"] == "intent")[key]
        return (planned[seen][0], planned[seen][1]) if seen < len(planned) else ("", "")

    def _refuse_changed(self, item: Item, task: Any, handler: Any) -> None:
        """Veto a task whose own file, or a file that it sends, is no longer what was sealed."""
        used = [] if item.identity["task"] == OUTSIDE else [Path(str(task.get_path()).rpartition(":")[0])]
        source = _local_source(task)
        if source:
            folder = "templates" if short_name(str(task.action)) == "template" else "files"
            used.append(Path(handler._find_needle(folder, source)))
        for path in used:
            if not self._as_sealed(path):
                self._veto(item, f"{VETOED}: {path.name} has changed since it was sealed")

    def _as_sealed(self, path: Path) -> bool:
        """Tell whether a file or folder of the copy is what was sealed; what is not of the copy is not this rule's."""
        if not path.is_relative_to(self._root):
            return True
        place = path.relative_to(self._root)
        inside = {name: digest for name, digest in self._files.items() if Path(name).is_relative_to(place)}
        if path.is_dir():
            return digest_tree(path) == {Path(n).relative_to(place).as_posix(): d for n, d in inside.items()}
        return digest_file(path) == self._files.get(place.as_posix())

    def _veto(self, item: Item, why: str) -> NoReturn:
        from ansible.errors import AnsibleError  # noqa: PLC0415  only there inside the launcher

        self._note_veto(item)
        raise AnsibleError(why)

    def _note_veto(self, item: Item) -> None:
        """Write that a task was not let through; no ``ignore_errors`` and no rescue takes that back."""
        self._evidence.append({"e": "vetoed", "host": item.identity["host"], "task": item.identity["task"]})

    def _write_intent(self, pending: _Pending) -> None:
        identity = pending.item.identity
        if pending.intended:
            return
        pending.intended = True
        if not self._planning and short_name(identity["module"]) not in NO_EFFECT:
            self._evidence.append(
                {"e": "intent", **identity, "predicted": pending.item.predicted, "reads": pending.item.reads}
            )

    def _side(self, text: str) -> str:
        return keyed_digest(self._key, "side", text) if text else ""

    def _refuse_unsafe(self, item: Item, task: Any, handler: Any) -> None:
        """Refuse what static rules could not see: a task or source outside the copy, or another connection."""
        from ansible.errors import AnsibleError  # noqa: PLC0415  only there inside the launcher

        if self._planning and not task.check_mode and not item.reads:
            raise AnsibleError("sopti: check mode was switched off for a task that does not only read")
        if item.identity["task"] == OUTSIDE and short_name(item.identity["module"]) not in NO_EFFECT:
            raise AnsibleError(f"sopti: task {task.get_path()} is outside the sealed copy")
        transport = getattr(handler._connection, "transport", "")
        if transport != "ssh":
            raise AnsibleError(f"sopti: connection {transport!r} is refused, only ssh is allowed")
        module, source = short_name(str(task.action)), _local_source(task)
        if not source:
            return
        outside = source.startswith("/") and not Path(source).resolve().is_relative_to(self._root)
        if outside or ".." in Path(source).parts or source.startswith("~"):
            raise AnsibleError(f"sopti: {source} is outside the sealed copy")
        if module == "template" and not source.endswith(".j2"):
            raise AnsibleError(f"sopti: template {source} does not end in .j2, so it was not checked")


def _local_source(task: Any) -> str:
    """Give the name of the file or folder of this machine that a task sends, empty for none."""
    module = short_name(str(task.action))
    if module not in _LOCAL_SOURCES or task.args.get("remote_src"):
        return ""
    if module == "script":
        words = shlex.split(str(task.args.get("cmd") or task.args.get("_raw_params") or ""))
        return words[0] if words else ""
    source = task.args.get("src")
    return source if isinstance(source, str) else ""


def _class(pending: _Pending, effect: Effect, *, failed: bool) -> str:
    """Give the class after ``failed_when``; a raw failure that is accepted is known to be harmless only if it reads."""
    if failed and not (pending.item.reads and pending.forgives):
        return "failed"
    if effect.kind == "failed":
        return "same" if pending.item.reads else "opaque"
    return effect.kind


def _detail(result: Mapping[str, Any]) -> str:
    """Give the message, and the end of what the program said, for a person; secrets masked."""
    if result.get("_ansible_no_log"):
        return "(hidden: no_log)"
    said = str(result.get("stderr") or result.get("module_stderr") or "").strip()[-1000:]
    return mask("\n".join(filter(None, (str(result.get("msg", ""))[:2000], said))))


def die_with_parent() -> None:
    """Ask Linux to end this process when the one that started it dies; elsewhere this does nothing."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    except (OSError, AttributeError):
        return


def install(gate: TaskGate, executor: Any, action: Any) -> None:
    """Wrap Ansible's classes; RuntimeError when they are not those this gate was proven on.

    Args:
        gate: Stands before and after each task.
        executor: ``TaskExecutor``.
        action: ``ActionBase``.
    """
    for owner in (executor, action):
        for name in WRAPPED[owner.__name__]:
            if not callable(getattr(owner, name, None)):
                raise RuntimeError(
                    f"sopti: ansible-core has no {owner.__name__}.{name}; the gate can't stand before tasks"
                )
    get_diff = action._get_diff_data
    execute = executor._execute
    get_handler = executor._get_action_handler_with_module_context

    def gated_execute(self: Any, templar: Any, variables: Any) -> Any:
        self._sopti_variables = variables
        result = execute(self, templar=templar, variables=variables)
        gate.leave(result)
        return result

    def gated_handler(self: Any, templar: Any) -> Any:
        handler, context = get_handler(self, templar=templar)
        gate.enter(self, handler, self._sopti_variables)
        return handler, context

    def noting_diff(self: Any, destination: Any, source: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("source_file", True) and len(args) < 3:
            gate.note_source(source)
        return get_diff(self, destination, source, *args, **kwargs)

    action._get_diff_data = noting_diff
    executor._execute = gated_execute
    executor._get_action_handler_with_module_context = gated_handler
