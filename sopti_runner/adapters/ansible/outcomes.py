"""What a run did, read from its evidence: each task as it ends, and at the end the truth about each host.

``unknown`` is said whenever nobody can know: an intent without a result, or an answer that never came from a host that
had begun to change. Ansible's counters only add what evidence can't show (a failure followed by an ``always`` section).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sopti_runner.adapters.ansible.evidence import Line
from sopti_runner.adapters.ansible.runs import PhaseEnd
from sopti_runner.domain.plan import RecordClass
from sopti_runner.errors import N_
from sopti_runner.ports import HostOutcome, TaskOutcome, Veto

INTERRUPTED = N_("stopped by a person before its end")
DIED = N_("the run ended before its time")
CUT = N_("a task began and nobody saw its end")
LOST = N_("the host stopped answering after the run had begun on it")
UNANSWERED = N_("the answer to a task was lost; it may have come to its end all the same")
NEVER = N_("the host did not answer")
ALTERED = N_("the sealed copy changed while it ran")
LOST_EVIDENCE = N_("what the run wrote down is gone")
FOREIGN = N_("what the run wrote down tells of another host")
UNTOUCHED = N_("no task reached this host")
VETOED = N_("a task was stopped: it is not what was approved")
STOPPED = N_("the run was stopped, because a task was not what was approved")


@dataclass(slots=True)
class _Host:
    tasks: int = 0
    seen: bool = False
    changed: bool = False
    open: bool = False
    last_failure: str = ""
    veto: Veto | None = None
    stopped: bool = False
    unreachable: bool = False
    unanswered: bool = False


@dataclass(slots=True)
class Outcomes:
    """Collects one run.

    Args:
        hosts: Every host of the plan.
        recalled: The runner died: Ansible's counters are lost, and the launcher's own last line must do.
    """

    hosts: Sequence[str]
    recalled: bool = False
    _state: dict[str, _Host] = field(default_factory=dict)
    _ended: bool = False
    _refused: str = ""
    _good: bool = False
    _foreign: bool = False

    def __post_init__(self) -> None:
        self._state = {host: _Host() for host in self.hosts}

    def take(self, line: Line) -> TaskOutcome | Veto | None:
        """Take one line of evidence; gives the task's outcome, or its veto, when the line is one."""
        if line["e"] == "end":
            self._ended, self._good = True, line["code"] == 0
        if line["e"] == "refused":
            self._refused = str(line["reason"])
        host = str(line.get("host", ""))
        state = self._state.get(host)
        if state is None:
            self._foreign = self._foreign or "host" in line
            return None
        if line["e"] == "intent":
            state.open = True
        elif line["e"] == "vetoed":
            state.veto = _veto(host, line)
            return state.veto
        elif line["e"] == "stopped":
            state.stopped = True
        elif line["e"] == "passed":
            state.seen, state.last_failure = True, ""
        elif line["e"] == "result":
            ordinal = state.tasks
            _note(state, line)
            return _task(line, ordinal)
        return None

    def close(self, end: PhaseEnd, altered: Sequence[str]) -> Sequence[HostOutcome]:
        """Give one outcome for each host, in the order of ``hosts``."""
        if self._refused:
            names = f": {', '.join(altered)}" if altered else ""
            return [HostOutcome(host, "not_started", f"{self._refused}{names}") for host in self.hosts]
        outcomes = [self._host(host, end) for host in self.hosts]
        if end.interrupted:
            outcomes = [replace(each, stopped=each.outcome not in ("changed", "unchanged")) for each in outcomes]
        if self._foreign:
            return [replace(each, outcome="unknown", reason=FOREIGN) for each in outcomes]
        if altered:
            why = f"{ALTERED}: {', '.join(altered)}"
            return [replace(each, outcome="unknown", reason=why) for each in outcomes]
        return outcomes

    def _host(self, host: str, end: PhaseEnd) -> HostOutcome:
        state, counted = self._state[host], end.stats.get(host, {})
        if state.open or state.unanswered:
            return HostOutcome(host, "unknown", CUT if state.open else UNANSWERED)
        if state.unreachable or counted.get("dark"):
            return HostOutcome(host, *(("unknown", LOST) if state.seen else ("unreachable", NEVER)))
        if state.veto or state.stopped:
            return _held(host, state)
        counted_in = self._good and state.seen if self.recalled else host in end.stats
        finished = self._ended and counted_in and not end.interrupted
        if state.last_failure or counted.get("failures"):
            return HostOutcome(host, "failed", state.last_failure)
        if not finished:
            why = INTERRUPTED if end.interrupted else UNTOUCHED if self._ended else DIED
            return HostOutcome(host, "failed" if state.changed else "not_started", why)
        return HostOutcome(host, "changed" if state.changed else "unchanged")


def _held(host: str, state: _Host) -> HostOutcome:
    """Tell of a host on which the gate stopped the run: by a task of its own, or of another host."""
    if state.veto:
        return HostOutcome(host, "failed", f"{state.veto.task}: {VETOED} ({state.veto.reason})")
    return HostOutcome(host, "failed" if state.changed else "not_started", STOPPED)


def _note(state: _Host, line: Mapping[str, Any]) -> None:
    state.open = False
    state.tasks += 1
    state.unanswered = state.unanswered or not line["answered"]
    if line["outcome"] == "unreachable":
        state.unreachable = True
        return
    state.seen = True
    state.changed = state.changed or line["outcome"] == "changed"
    failed = line["outcome"] == "failed" and not line["forgiven"]
    state.last_failure = f"{line['task']}: {line['detail']}" if failed else ""


def _veto(host: str, line: Mapping[str, Any]) -> Veto:
    at = datetime.fromtimestamp(line["at"], UTC)
    return Veto(host, line["task"], line["reason"], line["object"], line["expected"], line["found"], at)


def _task(line: Mapping[str, Any], ordinal: int) -> TaskOutcome:
    return TaskOutcome(
        host=line["host"],
        ordinal=ordinal,
        task=line["task"],
        module=line["module"],
        item=line["item"],
        args=line["args"],
        kind=line["outcome"],
        predicted=RecordClass(line["predicted"]) if line["predicted"] else None,
        before=line["before"],
        after=line["after"],
        objects=tuple(line["objects"]),
        started_at=datetime.fromtimestamp(line["started"], UTC),
        ended_at=datetime.fromtimestamp(line["ended"], UTC),
    )
