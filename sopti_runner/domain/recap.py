"""The recap's first page (SOP C9): what a month's events say, as values that a page, a JSON file and a test share.

The rule this module keeps: every figure carries the sequence numbers of the events behind it, so that nobody has to
believe a number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import rfc8785

from sopti_runner.domain.calendar import CalendarWarning
from sopti_runner.domain.change import Wording
from sopti_runner.domain.emergency import Verdict
from sopti_runner.domain.period import Period, Zone
from sopti_runner.errors import N_

NOT_CHECKED = (
    N_("Backups and restore drills (D7): not measured by this version of sopti"),
    N_("Availability of the main services: not measured by this version of sopti"),
    N_("Scheduled maintenance (C1-C8): not measured by this version of sopti"),
    N_("Findings of network and website checks (C2, D4): not measured by this version of sopti"),
)
"""What no recap of this version can tell; printed, so that silence is not read as good news."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and the events it comes from.

    Attributes:
        value: What is shown.
        events: Sequence numbers in the log, ascending.
    """

    value: int = 0
    events: tuple[int, ...] = ()

    @classmethod
    def count(cls, events: tuple[int, ...]) -> Figure:
        """Give the figure that counts events."""
        return cls(len(events), events)


@dataclass(frozen=True, slots=True)
class HostRow:
    """What runs did on one host in the period: tasks that changed something, and how the runs ended there."""

    host: str
    tasks_changed: Figure
    good: Figure
    failed: Figure
    unknown: Figure


@dataclass(frozen=True, slots=True)
class MonthRow:
    """Requests received and finished in one month, for the chart."""

    period: Period
    received: int
    finished: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """The step an open request waits for past its due date.

    Attributes:
        due: As recorded when the request was registered, in the court's zone.
        days: Working days late at the end of the period, at least 1.
        seq: Event that registered the request.
    """

    number: str
    step: str
    due: date
    days: int
    seq: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An emergency act that recaps must name: it waits for ratification, was refused, or was ratified late.

    Attributes:
        done: Day on which it was done, in the court's zone.
        late: Working days late: so far, or of the answer.
        decree: Whether a decree was in force for it.
        seq: Event that made it an act.
        console: Host whose sealed console was used, while nobody has told what for; there is no number then.
    """

    number: str
    done: date
    verdict: Verdict
    late: int
    decree: bool
    seq: int
    console: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What a recap needs and the events of the court do not say.

    Attributes:
        letterhead: Lines of the court's letterhead, top to bottom; empty when not filled in.
        place: City where it is signed, or empty.
        checkpoint: The newest signed note, exactly, or empty when there is none.
        exposure_events: Events since the last checkpoint that left this machine.
        exposure_seconds: Age of the oldest of them.
        verified: Whether the ledger verified now; None when it was not checked.
    """

    letterhead: tuple[str, ...] = ()
    place: str = ""
    checkpoint: str = ""
    exposure_events: int = 0
    exposure_seconds: int = 0
    verified: bool | None = None


@dataclass(frozen=True, slots=True)
class RecapPage:
    """A month on one page.

    Attributes:
        made_at: Aware UTC.
        last_seq: Sequence number of the last event counted; -1 for none.
        received: Requests registered in the period.
        finished: Requests carried out in the period.
        on_time: Those of ``finished`` that met the due date of B9.
        overdue: Open requests that wait past a due date, at the end of the period.
        open_by_state: Requests open at the end of the period, state id → their registering events.
        runs_good: Runs of the period that reached every host.
        runs_bad: Runs of the period that did not.
        unclear: Runs interrupted in the period, and runs whose end was not recorded up to its end.
        unclear_requests: Their requests, by number.
        unsettled: Requests whose last run did not reach every host and that nothing has followed, by number.
        refusals_by_reason: Reason code → refusals that name it; one refusal may name several.
        waivers: Approvals that rest on a waived separation (dirangkap).
        attested: Acts that another person typed in, accepted; an attempt that was refused is no act.
        paper: Acts signed on paper, accepted.
        unconfirmed: SOP steps whose executor the court has not confirmed.
        before: The five headline values a month earlier.
        history: Six months up to this one, in order.
        offices: Titles of operator, section head and secretary, who sign.
        by_hand: Work by hand that ended in the period: a person at a recorded terminal.
        emergencies: Emergency acts of the period: runs by a decree, and acts by hand that were recorded.
        unanswered: Emergency acts of any period that are exceptions at the end of this one.
        next_close: When the next month's recap is due.
        next_working_day: The first working day after the making of the page.
        restored: Copies of the audit trail that were put back in the period.
        lost: Event that goes on with an old copy → events known to be lost by it, up to the end of the period.
    """

    period: Period
    zone: Zone
    made_at: datetime
    around: Around
    last_seq: int
    received: Figure
    finished: Figure
    on_time: Figure
    overdue: tuple[Overdue, ...]
    open_by_state: Mapping[str, Figure]
    runs_good: Figure
    runs_bad: Figure
    unclear: Figure
    unclear_requests: tuple[str, ...]
    unsettled: tuple[str, ...]
    hosts: tuple[HostRow, ...]
    refusals: Figure
    refusals_by_reason: Mapping[str, Figure]
    waivers: Figure
    attested: Figure
    paper: Figure
    unconfirmed: tuple[str, ...]
    before: Mapping[str, int]
    history: tuple[MonthRow, ...]
    unreached: tuple[str, ...]
    offices: tuple[Wording, ...]
    next_close: date
    next_working_day: date
    warnings: tuple[CalendarWarning, ...] = ()
    emergencies: Figure = field(default_factory=Figure)
    by_hand: Figure = field(default_factory=Figure)
    unanswered: tuple[Unanswered, ...] = ()
    restored: Figure = field(default_factory=Figure)
    lost: Mapping[int, int] = field(default_factory=dict)
    not_checked: tuple[str, ...] = field(default=NOT_CHECKED)

    @property
    def report(self) -> str:
        """The report's id: period and the last event counted."""
        return f"REKAP-{self.period}-{self.last_seq + 1}"

    @property
    def counted_to(self) -> date | None:
        """The last day counted, on the court's own clock, when the month was not over yet; None when it was."""
        over = self.made_at >= self.period.bounds(self.zone)[1]
        return None if over else self.made_at.astimezone(self.zone.tz).date()

    @property
    def open(self) -> Figure:
        """Requests open at the end of the period."""
        return Figure.count(tuple(sorted(s for f in self.open_by_state.values() for s in f.events)))

    def to_data(self) -> dict[str, Any]:
        """Give the page as a JSON value without names of persons, letterhead or floats."""
        return {
            "v": 1,
            "report": self.report,
            "period": str(self.period),
            "counted_to": self.counted_to.isoformat() if self.counted_to else None,
            "zone": self.zone.value,
            "made_at": self.made_at.astimezone(UTC).isoformat(timespec="seconds"),
            "requests": {
                "received": _figure(self.received),
                "finished": _figure(self.finished),
                "on_time": _figure(self.on_time),
                "open": {state: _figure(f) for state, f in self.open_by_state.items()},
                "overdue": [
                    {"number": o.number, "step": o.step, "due": o.due.isoformat(), "days": o.days, "event": o.seq}
                    for o in self.overdue
                ],
            },
            "runs": {
                "good": _figure(self.runs_good),
                "bad": _figure(self.runs_bad),
                "unclear": {**_figure(self.unclear), "requests": list(self.unclear_requests)},
                "unsettled": list(self.unsettled),
            },
            "hosts": {
                row.host: {
                    "tasks_changed": _figure(row.tasks_changed),
                    "good": _figure(row.good),
                    "failed": _figure(row.failed),
                    "unknown": _figure(row.unknown),
                }
                for row in self.hosts
            },
            "refusals": {**_figure(self.refusals), "by_reason": _figures(self.refusals_by_reason)},
            "restored": {**_figure(self.restored), "lost_events": {str(seq): n for seq, n in self.lost.items()}},
            "waivers": _figure(self.waivers),
            "emergencies": {**_figure(self.emergencies), "exceptions": [_unanswered(u) for u in self.unanswered]},
            "by_hand": _figure(self.by_hand),
            "attested": _figure(self.attested),
            "paper": _figure(self.paper),
            "unconfirmed_executors": list(self.unconfirmed),
            "before": dict(self.before),
            "history": [
                {"period": str(m.period), "received": m.received, "finished": m.finished} for m in self.history
            ],
            "unreached_hosts": list(self.unreached),
            "calendar_warnings": [{"year": w.year, "kind": w.kind.value} for w in self.warnings],
            "not_checked": list(self.not_checked),
            "ledger": {
                "checkpoint": self.around.checkpoint,
                "verified": self.around.verified,
                "unprotected_events": self.around.exposure_events,
                "unprotected_seconds": self.around.exposure_seconds,
            },
        }

    def encode(self) -> bytes:
        """Give the JSON file that lies beside the page (RFC 8785), whose digest the page prints."""
        return rfc8785.dumps(self.to_data())

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of ``encode()``."""
        return hashlib.sha256(self.encode()).hexdigest()


def _figure(figure: Figure) -> dict[str, Any]:
    return {"value": figure.value, "events": list(figure.events)}


def _unanswered(act: Unanswered) -> dict[str, Any]:
    return {
        "number": act.number,
        "done": act.done.isoformat(),
        "verdict": act.verdict.value,
        "days_late": act.late,
        "decree": act.decree,
        "event": act.seq,
        **({"console": act.console} if act.console else {}),
    }


def _figures(figures: Mapping[str, Figure]) -> dict[str, Any]:
    return {name: _figure(figure) for name, figure in figures.items()}
