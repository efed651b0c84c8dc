"""The gate inside Ansible's workers: every task, loop item, handler and included role passes here before it acts.

While planning, a task runs in check mode and its effect is written down. While applying, each item is checked just in
time: check mode once more, on a handler of its own, or a look where that tells the same (``foreseen``); what it would
do is looked up in the plan; it runs, or is vetoed; what it did is compared with what was said. A veto stops the run on
every host: no rescue, ``ignore_errors`` or ``failed_when`` takes it back. Runs in forked workers; must not write to
their stderr.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from sopti_runner.adapters.ansible.approved import (
    Deviation,
    Progress,
    Seen,
    deviation_after,
    deviation_before,
    progress,
)
from sopti_runner.adapters.ansible.effects import (
    COMMANDS,
    NO_EFFECT,
    Effect,
    acts_unseen,
    canonical,
    effect_of,
    short_name,
)
from sopti_runner.adapters.ansible.evidence import EvidenceFile, keyed_digest, task_key
from sopti_runner.adapters.ansible.foreseen import decided, stands_as_planned
from sopti_runner.adapters.ansible.gate_step import NO_ANSWER, Step, copied, result_line, veto_line
from sopti_runner.adapters.ansible.observation import ask
from sopti_runner.adapters.ansible.sealed_files import SealedFiles
from sopti_runner.adapters.ansible.stop_mark import StopMark
from sopti_runner.adapters.ansible.task_rules import READERS, READING_COMMANDS
from sopti_runner.adapters.ansible.unsafe_tasks import become_user, deviations

VETOED = "sopti: vetoed, this is not what was approved"
STOPPED = "sopti: not run, the run was stopped"
UNPROVEN = "sopti: not run, the gate has not been proven yet"
Run = Callable[..., Any]


class TaskGate:
    """Judges each action of one run and writes its evidence.

    Args:
        evidence: Where lines go.
        key: HMAC key of the installation.
        copy: The sealed copy that is run.
        mark: Stands while the run may go on.
        approved: Task key → what the plan holds, one for each occurrence in order; None while planning.
        compared: Every object of the plan was found as planned right before this run.
    """

    def __init__(
        self,
        evidence: EvidenceFile,
        key: bytes,
        copy: SealedFiles,
        mark: StopMark,
        approved: Mapping[str, list[Seen]] | None,
        *,
        compared: bool = False,
    ) -> None:
        self._evidence, self._key, self._copy, self._mark, self._approved = evidence, key, copy, mark, approved
        self._compared = compared
        self._step: Step | None = None
        self.proven = False
        self.passed: set[str] = set()

    def begin(self) -> None:
        """Take note that a task, or an item of its loop, begins; attempts of one (``until``) count as one."""
        self._step = None

    def enter(self, executor: Any, handler: Any, variables: Mapping[str, Any], another: Callable[[], Any]) -> None:
        """Stand before one action: name it, refuse what may not act, and take its ``run`` and ``cleanup`` in hand.

        Args:
            executor: Ansible's ``TaskExecutor``.
            handler: The action that is about to run.
            variables: The task's variables.
            another: Gives a fresh handler of the same action; one that has run has altered its arguments.
        """
        if not self.proven:
            self.passed.add("enter")
            handler.run = lambda task_vars=None: {"failed": True, "msg": UNPROVEN}
            return
        before = self._step
        self._step = step = self._name(executor, handler, variables)
        if before is not None and before.identity == step.identity:
            step.started = before.started
        if self._mark.stopped:
            self._refuse(step)
        deviation = self._unsafe(step, variables)
        if deviation:
            self._veto(step, deviation)
        step.task.diff = True
        run, cleanup = handler.run, handler.cleanup

        def gated_run(task_vars: Any = None) -> Any:
            return self._act(step, run, another, task_vars)

        def gated_cleanup(*args: Any, **kwargs: Any) -> Any:
            with self._admitted(step):
                return cleanup(*args, **kwargs)

        handler.run, handler.cleanup = gated_run, gated_cleanup

    def note_source(self, path: str) -> bool:
        """Take the digest of a file on this machine that an action is about to send; True: its diff is known."""
        self.passed.add("note_source")
        step = self._step
        if step is None:
            return False
        step.sources.append(hashlib.sha256(Path(path).read_bytes()).hexdigest())
        found = self._side("\n".join(step.sources))
        if step.expected and step.module == "template" and found != step.expected:
            self._veto(step, Deviation("task_other_content", f"template:{Path(path).name}", step.expected, found))
        if not self._copy.as_sealed(Path(path)):
            self._veto(step, Deviation("task_file_changed", f"content:{Path(path).name}"))
        return step.known_before is not None

    def leave(self, result: dict[str, Any]) -> None:
        """Stand after it: Ansible has judged ``failed_when`` and ``changed_when``; write what came of it."""
        self.passed.add("leave")
        step, self._step = self._step, None
        if step is None:
            return
        if not step.shows_diff:
            result.pop("diff", None)
        host, bad = step.identity["host"], bool(result.get("failed") or result.get("unreachable"))
        if step.stopped:
            self._write({"e": "stopped", "host": host, "task": step.identity["task"]})
        elif step.module in NO_EFFECT and not bad and not step.deviation:
            self._write({"e": "passed", "host": host}, sync=False)
        else:
            self._write(result_line(step, result, self._seen(step), shown=self._approved is None))

    def _name(self, executor: Any, handler: Any, variables: Mapping[str, Any]) -> Step:
        task = executor._task
        root = bool(getattr(handler._connection, "become", None))
        loop_variable = variables.get("ansible_loop_var")
        label = canonical(variables.get(loop_variable)) if task.loop is not None and loop_variable else ""
        acts = {
            "args": task.args,
            "become": root,
            "become_user": become_user(handler) or None,
            "remote_user": task.remote_user,
            "environment": task.environment,
        }
        written = task.get_ds() or {}
        identity = {
            "host": str(executor._host.get_name()),
            "task": self._copy.place(str(task.get_path())),
            "name": str(task.name or ""),
            "module": str(task.resolved_action or task.action),
            "item": keyed_digest(self._key, "item", label) if label else "",
            "args": keyed_digest(self._key, "args", canonical(acts)),
        }
        hidden = "(hidden: no_log)\n" if task.no_log else "" if task.diff else "(hidden: diff is off)\n"
        reads = written.get("check_mode") is False and short_name(str(task.action)) in READERS | READING_COMMANDS
        done = progress(self._evidence.results_of(identity["host"]) if self._approved is not None else ())
        approved = self._planned(task_key(identity), done)
        return Step(identity, approved, done, reads, task, handler, copied(task.args), bool(task.diff), hidden)

    def _planned(self, key: str, done: Progress) -> Seen | None:
        """Give what the plan holds for this occurrence, None when it holds nothing."""
        planned = (self._approved or {}).get(key, [])
        times = done.times.get(key, 0)
        return planned[times] if times < len(planned) else None

    def _act(self, step: Step, run: Run, another: Callable[[], Any], task_vars: Any) -> Any:
        """Let one action run as far as it may."""
        if self._approved is None or step.module in NO_EFFECT:
            return self._perform(step, run, task_vars)
        approved = step.approved
        reading = step.reads and step.module not in COMMANDS
        if not reading and (approved is None or approved.kind == "failed"):
            self._veto(step, Deviation("task_not_planned", found=approved.kind if approved else ""))
        if approved is None or step.reads or approved.kind == "opaque":
            step.expected = approved.after if approved else ""
            self._intend(step)
            return self._perform(step, run, task_vars)
        if self._settled(step, approved):
            step.effect = Effect("same", "", "", approved.objects, "")
            return {"changed": False}
        unseen = acts_unseen(step.identity["module"], step.args)
        if approved.kind == "change" and self._foreseen(step, approved, rendered=True):
            checked, step.known_before = approved, approved.before
        else:
            result, checked = self._check(step, run, task_vars)
            deviation = deviation_before(step.module, approved, checked, step.done)
            if deviation:
                self._veto(step, deviation)
            if checked.kind == "failed" or (checked.kind == "same" and not unseen):
                return result
        step.expected = checked.after
        self._intend(step)
        fresh = another()
        try:
            result = self._perform(step, fresh.run, task_vars)
        finally:
            with self._admitted(step):
                fresh.cleanup()
        return self._compare(step, checked, result, unseen=unseen)

    def _settled(self, step: Step, approved: Seen) -> bool:
        """Tell whether a task need not be asked: it had nothing to do, and its objects were just seen unchanged.

        The comparison before the run has seen them, as long as the run has touched nothing on this host; after that a
        look does, where it tells all. A task whose answer is used is asked.
        """
        idle = approved.kind == "same" and not acts_unseen(step.identity["module"], step.args)
        if not idle or step.answer_used:
            return False
        compared = self._compared and bool(approved.objects) and step.done.untouched
        return compared or self._foreseen(step, approved, rendered=False)

    def _foreseen(self, step: Step, approved: Seen, *, rendered: bool) -> bool:
        """Tell whether a look at its file shows that a task will do just what is planned."""
        host, module = step.identity["host"], step.identity["module"]
        if not decided(module, step.args, approved.objects, rendered=rendered):
            return False
        with self._admitted(step):
            seen = ask(step.handler._connection, str(self._copy.python(host) or ""), approved.objects)
        return stands_as_planned(self._key, host, approved, seen)

    def _check(self, step: Step, run: Run, task_vars: Any) -> tuple[Any, Seen]:
        """Say what the task would do now."""
        checked_before = step.task.check_mode
        step.task.check_mode = True
        try:
            result = self._perform(step, run, task_vars)
        finally:
            step.task.check_mode = checked_before
            step.handler.cleanup()
        return result, self._seen(step)

    def _perform(self, step: Step, run: Run, task_vars: Any) -> Any:
        """Run one action, admitted to its host, and take its effect; actions alter arguments, which are put back."""
        step.sources.clear()
        step.effect = None
        try:
            with self._admitted(step):
                result = run(task_vars=task_vars)
        finally:
            step.task.args = copied(step.args)
        step.effect = effect_of(
            step.identity["module"],
            step.args,
            result,
            reads=step.reads,
            hidden=step.hidden,
            sources=tuple(step.sources),
        )
        return result

    def _compare(self, step: Step, checked: Seen, result: Any, *, unseen: bool) -> Any:
        """Hold what was done against what was said; what can't be undone is at least told, and the run ends."""
        deviation = deviation_after(checked, self._seen(step), unseen=unseen)
        if deviation is None:
            return result
        self._tell(step, deviation)
        return {**result, "failed": True, "msg": f"sopti: this did not do what was approved: {deviation}"}

    @contextmanager
    def _admitted(self, step: Step) -> Iterator[None]:
        """Open the interlock for this item's host, and close it again."""
        connection = step.handler._connection
        connection.admit(self._copy.address(step.identity["host"]))
        try:
            yield
        finally:
            connection.admit(None)

    def _unsafe(self, step: Step, variables: Mapping[str, Any]) -> Deviation | None:
        if self._approved is None and not step.task.check_mode and not step.reads:
            return Deviation("task_check_mode", "", "check mode", "check_mode: false")
        return next(deviations(self._copy, step.task, step.handler, step.identity["host"], variables), None)

    def _refuse(self, step: Step) -> NoReturn:
        from ansible.errors import AnsibleError  # noqa: PLC0415  only there inside the launcher

        step.stopped = True
        raise AnsibleError(STOPPED)

    def _veto(self, step: Step, deviation: Deviation) -> NoReturn:
        from ansible.errors import AnsibleError  # noqa: PLC0415  only there inside the launcher

        if self._approved is not None:
            self._tell(step, deviation)
        raise AnsibleError(f"{VETOED}: {deviation}")

    def _tell(self, step: Step, deviation: Deviation) -> None:
        """Stop the run on every host, then write why."""
        self._mark.stop()
        step.deviation = deviation
        self._write(veto_line(step, deviation))

    def _intend(self, step: Step) -> None:
        """Write that the task is about to act; from here on nobody knows what it did until its result stands."""
        if self._mark.stopped:
            self._refuse(step)
        identity, predicted = step.identity, step.approved.kind if step.approved else ""
        self._write({"e": "intent", **identity, "predicted": predicted, "reads": step.reads})

    def _write(self, line: Mapping[str, Any], *, sync: bool = True) -> None:
        """Write one line; where that can't be done, nothing may be done any more."""
        try:
            self._evidence.append(line, sync=sync)
        except OSError as error:
            from ansible.errors import AnsibleError  # noqa: PLC0415  only there inside the launcher

            self._mark.stop()
            raise AnsibleError(f"sopti: evidence can't be written, the run is stopped: {error}") from error

    def _seen(self, step: Step) -> Seen:
        effect = step.effect or NO_ANSWER
        known = step.known_before if step.sources else None
        before = self._side(effect.before) if known is None else known
        return Seen(effect.kind, before, self._side(effect.after), effect.objects)

    def _side(self, text: str) -> str:
        return keyed_digest(self._key, "side", text) if text else ""
