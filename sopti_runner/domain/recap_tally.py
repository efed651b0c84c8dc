"""Counts a month's events into a recap page: one pass over the log, the court folded as far as the month goes.

The rule this module keeps: an event belongs to the month it was written in, on the court's own clock; what a request
was at the end of the month is what the events up to then say, also when the recap is made later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from sopti_runner.domain.console import untold
from sopti_runner.domain.court import Court
from sopti_runner.domain.emergency import Verdict
from sopti_runner.domain.lateness import late
from sopti_runner.domain.ledger.event import Event
from sopti_runner.domain.period import Period, period_of
from sopti_runner.domain.recap import Around, Figure, HostRow, MonthRow, Overdue, RecapPage, Unanswered
from sopti_runner.domain.request import BEGINS, EVENT_OF, FINAL, Request, State
from sopti_runner.domain.run import FAILED, GOOD, UNREACHABLE

MONTHS = 6
HEADLINES = ("received", "finished", "on_time", "runs_good", "runs_bad", "refusals")
BEGINNINGS = frozenset(EVENT_OF[act] for act in BEGINS)
UNSETTLED = frozenset({State.PARTIAL, State.UNRATIFIED_PART})
SIGNERS = ("operator", "section_head", "secretary")


@dataclass
class _Month:
    """Sequence numbers by what they count for."""

    seqs: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    reasons: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    hosts: dict[str, dict[str, list[int]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    unreached: set[str] = field(default_factory=set)
    unclear: dict[int, str] = field(default_factory=dict)

    def figure(self, name: str) -> Figure:
        return Figure.count(tuple(self.seqs[name]))


def recap_of(events: Iterable[Event], period: Period, now: datetime, around: Around) -> RecapPage:
    """Give the recap page of a month.

    Args:
        events: The whole log from its first event, in order.
        period: The month, in the court's zone; a month still running is counted up to ``now``.
        now: When the page is made, aware UTC.
        around: Letterhead, checkpoint and the state of the ledger.
    """
    counted = _Counted()
    for event in events:
        if event.seq and counted.period_at(event.time) > period:
            break
        counted.take(event)
    return _page(counted, period, now, around)


@dataclass
class _Counted:
    """The log as far as it was read: the court it tells of, its months, and the requests that were carried out."""

    court: Court = field(default_factory=Court)
    months: dict[Period, _Month] = field(default_factory=lambda: defaultdict(_Month))
    finished: set[str] = field(default_factory=set)
    current: tuple[Period, datetime, datetime] | None = None

    def take(self, event: Event) -> None:
        self.court.apply(event)
        _count(self.months[self.period_at(event.time)], self.court, event, self.finished)

    def period_at(self, at: datetime) -> Period:
        """Give the period of an instant; neighbouring events mostly share theirs, so it is worked out once a month."""
        if self.current is None or not self.current[1] <= at < self.current[2]:
            period = period_of(at, self.court.zone)
            self.current = (period, *period.bounds(self.court.zone))
        return self.current[0]


def _count(month: _Month, court: Court, event: Event, finished: set[str]) -> None:
    seq, data = event.seq, event.data
    if event.actor.credential in ("attested", "paper") and event.type != "gate.refused":
        month.seqs[event.actor.credential].append(seq)
    if data.get("waived"):
        month.seqs["waivers"].append(seq)
    if event.type in BEGINNINGS:
        month.seqs["received"].append(seq)
    elif event.type == "gate.refused":
        month.seqs["refusals"].append(seq)
        for code in dict.fromkeys(data["reasons"]):
            month.reasons[code].append(seq)
    elif event.type == "task.finished":
        if data["kind"] == "changed":
            month.hosts[data["host"]]["tasks_changed"].append(seq)
    elif event.type == "session.recorded":
        month.seqs["by_hand"].append(seq)
    elif event.type == "log.restored":
        month.seqs["restored"].append(seq)
    elif event.type == "run.finished":
        _count_run(month, event)
    if event.type == "emergency.recorded" or (event.type == "run.started" and "decree" in data):
        month.seqs["emergencies"].append(seq)
    if event.type in ("request.fulfilled", "emergency.recorded") or (
        event.type == "run.finished" and data["outcome"] == "done"
    ):
        _count_finished(month, court, event, finished)


def _count_run(month: _Month, event: Event) -> None:
    outcome = event.data["outcome"]
    month.seqs["runs_good" if outcome == "done" else "runs_bad"].append(event.seq)
    if outcome == "interrupted":
        month.unclear[event.seq] = event.subject
    for host, outcome in event.data["hosts"].items():
        ended = "good" if outcome in GOOD else "failed" if outcome in (FAILED, UNREACHABLE) else "unknown"
        month.hosts[host][ended].append(event.seq)
        if outcome == UNREACHABLE:
            month.unreached.add(host)


def _count_finished(month: _Month, court: Court, event: Event, finished: set[str]) -> None:
    request = court.requests.get(event.subject)
    if request is None or request.id in finished:
        return
    finished.add(request.id)
    month.seqs["finished"].append(event.seq)
    if event.time.astimezone(court.zone.tz).date() <= date.fromisoformat(request.due["B9"]):
        month.seqs["on_time"].append(event.seq)


def _page(counted: _Counted, period: Period, now: datetime, around: Around) -> RecapPage:
    court, months = counted.court, counted.months
    month, before = months[period], months[period.back()]
    ends = min(now, period.bounds(court.zone)[1] - timedelta(microseconds=1)).astimezone(UTC)
    close, today = court.calendar.month_close(period.back(-1)), court.today(now)
    endless = {r.seq: r.request for r in court.runs.values() if r.outcome == "running"}
    unclear = dict(sorted((month.unclear | endless).items()))
    waiting = [r for r in court.requests.values() if r.state not in FINAL]
    return RecapPage(
        period=period,
        zone=court.zone,
        made_at=now,
        around=around,
        last_seq=court.size - 1,
        received=month.figure("received"),
        finished=month.figure("finished"),
        on_time=month.figure("on_time"),
        overdue=tuple(sorted(_overdue(court, court.today(ends)), key=lambda o: (-o.days, o.number))),
        open_by_state=_by_state(waiting),
        runs_good=month.figure("runs_good"),
        runs_bad=month.figure("runs_bad"),
        unclear=Figure.count(tuple(unclear)),
        unclear_requests=tuple(sorted({court.requests[r].number for r in unclear.values()})),
        unsettled=tuple(sorted(r.number for r in waiting if r.state in UNSETTLED)),
        hosts=_hosts(month),
        refusals=month.figure("refusals"),
        refusals_by_reason={code: Figure.count(tuple(seqs)) for code, seqs in sorted(month.reasons.items())},
        waivers=month.figure("waivers"),
        attested=month.figure("attested"),
        paper=month.figure("paper"),
        unconfirmed=court.sop.unconfirmed if court.sop else (),
        before={name: len(before.seqs[name]) for name in HEADLINES},
        history=tuple(
            MonthRow(p, len(months[p].seqs["received"]), len(months[p].seqs["finished"]))
            for p in (period.back(n) for n in range(MONTHS - 1, -1, -1))
        ),
        unreached=tuple(sorted(month.unreached)),
        offices=tuple(r.title for s in SIGNERS for r in (court.sop.preset.roles if court.sop else ()) if r.id == s),
        emergencies=month.figure("emergencies"),
        by_hand=month.figure("by_hand"),
        unanswered=tuple(sorted(_unanswered(court, court.today(ends)), key=lambda u: u.seq)),
        next_close=close.dates[0],
        next_working_day=court.calendar.next_working_day(today + timedelta(days=1)),
        restored=month.figure("restored"),
        lost={one.seq: one.lost for one in court.restorations.losses},
        warnings=tuple(dict.fromkeys((*court.calendar.doubts(today, today), *close.warnings))),
    )


def _by_state(waiting: Sequence[Request]) -> dict[str, Figure]:
    seqs = {state: tuple(sorted(r.steps[0].seq for r in waiting if r.state is state)) for state in State}
    return {state.value: Figure.count(found) for state, found in seqs.items() if found}


def _hosts(month: _Month) -> tuple[HostRow, ...]:
    rows = [
        HostRow(host, *(Figure.count(tuple(seqs[name])) for name in ("tasks_changed", "good", "failed", "unknown")))
        for host, seqs in month.hosts.items()
    ]
    return tuple(sorted(rows, key=lambda r: (-r.failed.value - r.unknown.value, -r.tasks_changed.value, r.host)))


def _overdue(court: Court, today: date) -> Iterable[Overdue]:
    """Give the earliest overdue step of each open request; what follows it is late only because of it."""
    for request in court.requests.values():
        for step, days in islice(late(request, court.calendar, today), 1):
            yield Overdue(request.number, step, date.fromisoformat(request.due[step]), days, request.steps[0].seq)


def _unanswered(court: Court, today: date) -> Iterable[Unanswered]:
    """Give every emergency act up to now that is an exception, and every console used in silence, of any month."""
    for request in court.requests.values():
        act = request.emergency
        if act is None or not act.exception or act.done_at is None or act.due is None:
            continue
        days = court.calendar.working_days_late(act.due, today) if act.waits else act.late
        yield Unanswered(request.number, court.today(act.done_at), act.verdict, days, bool(act.decree), act.seq)
    for use in untold(court.access.consoles):
        days = court.calendar.working_days_late(use.due, today)
        yield Unanswered("", court.today(use.at), Verdict.WAITING, days, decree=False, seq=use.seq, console=use.host)
