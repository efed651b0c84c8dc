"""What a recap page means: the status word, what needs attention, and what the leaders are asked to decide.

The rule this module keeps:

- CRITICAL: the ledger does not verify, or a change has not reached every host and nothing was done about it.
- NEEDS ATTENTION: anything else below is not as it should be.
- SAFE: nothing is. A month without a recorded restore drill is never SAFE, and this version records none: it says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from sopti_runner.domain.emergency import Verdict
from sopti_runner.domain.recap import RecapPage
from sopti_runner.errors import N_

SHOWN = 5
UNPROTECTED_SECONDS = 24 * 3600


class StatusWord(StrEnum):
    """The recap's one word."""

    SAFE = "safe"
    ATTENTION = "attention"
    CRITICAL = "critical"


STATUS_WORDS: Mapping[StatusWord, str] = {
    StatusWord.SAFE: N_("SAFE"),
    StatusWord.ATTENTION: N_("NEEDS ATTENTION"),
    StatusWord.CRITICAL: N_("CRITICAL"),
}


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that needs attention.

    Attributes:
        what: Message id.
        effect: Message id: what it means for the court's work.
        act: Message id: what is proposed.
        by: By when, or None.
        decision: Message id of what the leaders are asked to decide, or empty.
        critical: Whether it alone makes the month CRITICAL.
        fields: Placeholders of all four texts.
    """

    what: str
    effect: str
    act: str
    by: date | None = None
    decision: str = ""
    critical: bool = False
    fields: Mapping[str, object] = field(default_factory=dict)


def points_of(page: RecapPage) -> tuple[Point, ...]:
    """Give all that needs attention, the gravest first; the restore drill is always among the first ``SHOWN``."""
    return tuple(point for rule in _RULES for point in rule(page))


def status_of(page: RecapPage) -> StatusWord:
    """Give the status word by this module's rule."""
    points = points_of(page)
    if any(p.critical for p in points):
        return StatusWord.CRITICAL
    return StatusWord.ATTENTION if points else StatusWord.SAFE


def _ledger(page: RecapPage) -> Iterable[Point]:
    if page.around.verified is False:
        yield Point(
            N_("The audit trail does not verify"),
            N_("The figures on this page can't be relied on"),
            N_("Keep the machine as it is and call an auditor"),
            page.next_working_day,
            N_("An independent examination of the audit trail"),
            critical=True,
        )


def _lost(page: RecapPage) -> Iterable[Point]:
    """Said for good: whoever reads a later recap must know that the audit trail has a hole."""
    if page.lost:
        yield Point(
            N_("Entries of the audit trail are lost for good: {count}; an old copy was put back (entry {entry})"),
            N_("What was decided and changed in them can't be shown"),
            N_("Keep the papers of those days; compare the hosts with the audit trail"),
            page.next_close,
            fields={"count": sum(page.lost.values()), "entry": ", ".join(map(str, page.lost))},
        )


def _restored(page: RecapPage) -> Iterable[Point]:
    if page.restored.value and not set(page.restored.events) <= set(page.lost):
        yield Point(
            N_("The audit trail was put back from a backup; nothing is missing from it: {count}"),
            N_("Earlier plans and approvals had to be made anew"),
            N_("Find out what destroyed the machine"),
            page.next_close,
            fields={"count": page.restored.value},
        )


def _unsettled(page: RecapPage) -> Iterable[Point]:
    if page.unsettled:
        yield Point(
            N_("A change did not reach every host: {numbers}"),
            N_("Some hosts work by old rules, or their state is not known"),
            N_("Make a new plan and have it approved"),
            page.next_working_day,
            critical=True,
            fields={"numbers": ", ".join(page.unsettled[:3])},
        )


def _late(page: RecapPage) -> Iterable[Point]:
    if page.overdue:
        worst = page.overdue[0]
        yield Point(
            N_("Requests past their time: {count}; the longest is {number}, working days late: {days}"),
            N_("The requesters' work is held up"),
            N_("Finish step {step} of the request that waits longest"),
            page.next_working_day,
            fields={"count": len(page.overdue), "number": worst.number, "days": worst.days, "step": worst.step},
        )


def _unclear(page: RecapPage) -> Iterable[Point]:
    if page.unclear.value:
        yield Point(
            N_("Runs that were interrupted or whose end is not recorded: {count} ({numbers})"),
            N_("What these runs left on the hosts is not fully known"),
            N_("Have the state of the hosts examined and written into the minutes"),
            page.next_working_day,
            fields={"count": page.unclear.value, "numbers": ", ".join(page.unclear_requests[:3])},
        )


def _restore(page: RecapPage) -> Iterable[Point]:
    yield Point(
        N_("No restore drill is recorded; this version of sopti can't record one yet"),
        N_("Whether data can be restored from the backups is not known"),
        N_("Do a restore drill and keep its minutes"),
        page.next_close,
        N_("A restore drill in the coming month"),
    )


def _unanswered(page: RecapPage) -> Iterable[Point]:
    """What still waits; what was refused or late is named on the page for good, and is no news."""
    waiting = [u for u in page.unanswered if u.verdict is Verdict.WAITING]
    if waiting:
        yield Point(
            N_("Emergency changes that wait for ratification: {count} ({numbers})"),
            N_("No official has answered for these changes yet"),
            N_("Ratify them, or refuse with reasons"),
            page.next_working_day,
            N_("Ratification of the emergency changes"),
            fields={"count": len(waiting), "numbers": ", ".join(u.number or u.console for u in waiting[:3])},
        )


def _waived(page: RecapPage) -> Iterable[Point]:
    if page.waivers.value:
        yield Point(
            N_("Approvals given with combined roles (dirangkap): {count}"),
            N_("One person judged in two capacities"),
            N_("Name a second official for these steps"),
            page.next_close,
            N_("Whether combined roles may go on"),
            fields={"count": page.waivers.value},
        )


def _unprotected(page: RecapPage) -> Iterable[Point]:
    if page.around.exposure_seconds > UNPROTECTED_SECONDS:
        yield Point(
            N_("Entries of the audit trail without a copy outside this machine: {count}"),
            N_("A later change of these entries could go unnoticed"),
            N_("Have the checkpoint sent to the place outside"),
            page.next_working_day,
            fields={"count": page.around.exposure_events},
        )


def _unconfirmed(page: RecapPage) -> Iterable[Point]:
    if page.unconfirmed:
        yield Point(
            N_("SOP steps whose executor is not confirmed: {count}"),
            N_("sopti works by an assumption about who does what"),
            N_("Confirm the executors by the court's own SOP"),
            page.next_close,
            N_("The executors of the SOP steps, as in the court's SOP"),
            fields={"count": len(page.unconfirmed)},
        )


def _refused(page: RecapPage) -> Iterable[Point]:
    if page.refusals.value:
        yield Point(
            N_("Attempts refused by sopti: {count}"),
            N_("No host was changed by them"),
            N_("Look at the reasons of the refusals"),
            page.next_close,
            fields={"count": page.refusals.value},
        )


def _calendar(page: RecapPage) -> Iterable[Point]:
    for warning in page.warnings:
        yield Point(
            N_("The working calendar of {year} is not complete"),
            N_("Due dates may be wrong"),
            N_("Adopt the calendar of {year}"),
            page.next_close,
            fields={"year": warning.year},
        )


_RULES = (
    _ledger,
    _lost,
    _unsettled,
    _unclear,
    _late,
    _restored,
    _restore,
    _unanswered,
    _waived,
    _unprotected,
    _unconfirmed,
    _refused,
    _calendar,
)
"""In the order of gravity."""
