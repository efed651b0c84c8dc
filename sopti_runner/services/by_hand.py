"""Work by hand under a request: a run whose engine is a person, let in for it alone, at a terminal that is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sopti_runner.domain.hand_work import (
    CUT,
    LEFT,
    STOPPED,
    TIME,
    UNRECORDED,
    Changes,
    HandWork,
    Seen,
    changes,
    hand_work,
    not_by_hand,
)
from sopti_runner.domain.plan import ObjectState, Plan, RecordClass
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.run import CHANGED, UNCHANGED, UNKNOWN
from sopti_runner.domain.words import Words
from sopti_runner.errors import N_, DeviceError
from sopti_runner.ports import Engine, HostOutcome, Progress, Sealed, TaskOutcome, Veto
from sopti_runner.ports.access import Errand
from sopti_runner.ports.hand_work import Ended, Notices, Terminal, WorkPlace
from sopti_runner.services.access import Access
from sopti_runner.services.hand_sessions import Sessions

WHY = {
    TIME: N_("the time for the work by hand was over, and it was ended wherever it was"),
    STOPPED: N_("stopped by a person before its end"),
    CUT: N_("the connection to the host broke off"),
    UNRECORDED: N_("the terminal could not be recorded any more, so it was closed"),
}
UNSEEN = N_("nobody could look at the host after the work by hand")


@dataclass(slots=True)
class ByHand:
    """A person at a terminal, as an engine; implements ``ports.Engine`` for one host.

    Attributes:
        host: Where they work.
        engine: Ansible, which plans, stops and recalls such a run as any other.
        access: Lets them in.
        sessions: Records what came of it.
        place: The host.
        terminal: Where they sit.
        words: What they are told.
    """

    host: str
    engine: Engine
    access: Access
    sessions: Sessions
    place: WorkPlace
    terminal: Terminal
    words: Words
    _why: Errand | None = None
    _before: Seen | None = None

    def way(self, plan: Plan) -> tuple[Reason, ...]:
        """Give why this plan may not be carried out so."""
        return not_by_hand(plan, self.host, by_certificate=self.access.books.court().access.by_certificate(self.host))

    @contextmanager
    def escort(self, engine: Engine, errand: Errand) -> Iterator[Engine]:
        """Take note of the errand: certificates are asked for one by one, for each look and for the person."""
        self._why = errand
        yield self

    def plan(
        self, sealed: Sealed, playbook: str, variables: Mapping[str, Any], tags: Sequence[str], progress: Progress
    ) -> Plan:
        """Plan as Ansible does."""
        return self.engine.plan(sealed, playbook, variables, tags, progress)

    def drift(self, plan: Plan, sealed: Sealed) -> Sequence[tuple[str, str, str, str]]:
        """Look at the whole host, which is what the work is held against; such a plan binds no object's state."""
        self._before = self._look(sealed)
        return ()

    def observe(self, plan: Plan, sealed: Sealed, hosts: Sequence[str]) -> Mapping[str, Mapping[str, ObjectState]]:
        """Give nothing: what the work left is in its own list."""
        return {host: {} for host in hosts}

    def apply(
        self, plan: Plan, sealed: Sealed, run_id: str, on_task: Callable[[TaskOutcome | Veto], None], progress: Progress
    ) -> Sequence[HostOutcome]:
        """Let the person work, and tell what came of it."""
        books, work, before = self.sessions.books, hand_work(plan), self._before
        assert work is not None, "the gate let only such a plan pass"
        assert before is not None, "and compared it before, which is a look"
        began = books.now().time
        ended = self._work(work, sealed, run_id)
        found, outcome = self._compare(work, before, sealed, ended)
        self.sessions.record(books.court().runs[run_id], ended, began, found)
        if outcome.outcome != UNKNOWN:
            on_task(_as_task(work, began, books.now().time, changed=bool(found and found.listed)))
        return [outcome]

    def recall(
        self, hosts: Sequence[str], run_id: str, on_task: Callable[[TaskOutcome | Veto], None]
    ) -> Sequence[HostOutcome]:
        """Tell from what was written down: work that began and was not ended leaves the host unknown."""
        return self.engine.recall(hosts, run_id, on_task)

    def stop(self, run_id: str) -> None:
        """Ask it to end."""
        self.engine.stop(run_id)

    @property
    def containment(self) -> str:
        """What ends the machine's own processes with their runner."""
        return self.engine.containment

    def _look(self, sealed: Sealed) -> Seen:
        assert self._why is not None, "every look is an errand"
        with self.access.keys(self._why, [self.host]) as keys:
            return self.place.look(sealed, self.host, keys)

    def _work(self, work: HandWork, sealed: Sealed, run_id: str) -> Ended:
        assert self._why is not None, "every run is an errand"
        court, limit_s = self.access.books.court(), work.minutes * 60
        executor = court.runs[run_id].executor
        with (
            self.sessions.recordings.begin(run_id) as recording,
            self.access.session(self._why, self.host, executor, limit_s) as keys,
            self.place.way_in(sealed, self.host, keys) as command,
        ):
            self.place.begin(run_id, work.record)
            return self.terminal.run(
                command,
                recording,
                limit_s=limit_s,
                notices=self._notices(work),
                stopped=lambda: self.place.stopped(run_id),
            )

    def _notices(self, work: HandWork) -> Notices:
        words, books = self.words, self.access.books
        closes = words.moment(books.now().time + timedelta(minutes=work.minutes), books.court().zone)
        opening = words(
            "You are on {host}, recorded, until {closes} at the latest. Leave with: exit", host=work.host, closes=closes
        )
        return Notices(opening, words("This terminal closes in 5 minutes."), words("The time is over."))

    def _compare(
        self, work: HandWork, before: Seen, sealed: Sealed, ended: Ended
    ) -> tuple[Changes | None, HostOutcome]:
        """Give what changed, and what is to be said of the host: good only when the person left by themselves."""
        try:
            found = changes(before, self._look(sealed), work.expected)
        except DeviceError:
            return None, HostOutcome(self.host, UNKNOWN, WHY.get(ended.end, UNSEEN), stopped=ended.end == STOPPED)
        if ended.end != LEFT:
            return found, HostOutcome(self.host, UNKNOWN, WHY[ended.end], stopped=ended.end == STOPPED)
        return found, HostOutcome(self.host, CHANGED if found.listed else UNCHANGED)


def _as_task(work: HandWork, began: datetime, ended: datetime, *, changed: bool) -> TaskOutcome:
    record = work.record
    return TaskOutcome(
        host=work.host,
        ordinal=record.ordinal,
        task=record.task,
        module=record.module,
        item=record.item,
        args=record.args,
        kind="changed" if changed else "ok",
        predicted=RecordClass.OPAQUE,
        before="",
        after="",
        objects=(),
        started_at=began,
        ended_at=ended,
    )
