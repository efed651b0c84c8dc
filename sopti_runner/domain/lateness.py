"""Which SOP steps of a request are still to come, and which of them are late: one answer for pages and recaps.

The rule this module keeps: dates are those recorded when the request was last submitted; a step is late by whole
working days after its date, and only while the court, not the requester, is the one who has to act.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sopti_runner.domain.calendar import Calendar
from sopti_runner.domain.derived import FLOW
from sopti_runner.domain.request import RULES, UNTIMED, ActName, Request, State

TRIAGED = ("B2", "B3", "B4", "B5", "B6", "B7")
"""What is behind a request once it was triaged: B2-B6 at once, and B7, which it does not need."""

EMERGENCY = ("B2", "B3", "B4", "B5", "B6", "B7", "B8")
"""What an emergency goes without beforehand; its B8 is the ratification, due once it was done."""

DUE_AGAIN = {
    State.UNRATIFIED: ("B8",),
    State.UNRATIFIED_PART: ("B8",),
    State.PLANNED: ("B7", "B8", "B9"),
    State.CONSIDERED: ("B8", "B9"),
    State.APPROVED: ("B9",),
    State.PARTIAL: ("B7", "B8", "B9"),
}
"""Steps a request needs again: a new plan, a revocation or an unfinished run undoes what stood on the old plan."""


def pending(request: Request) -> tuple[str, ...]:
    """Give the dated steps still to do since the request was last submitted, in the SOP's order."""
    acts = [s.act for s in request.steps]
    if ActName.RESUBMIT.value in acts:
        acts = acts[len(acts) - acts[::-1].index(ActName.RESUBMIT.value) :]
    done = {"B1", *(RULES[ActName(act)].on_time for act in acts if act in set(ActName))}
    if ActName.TRIAGE.value in acts:
        done |= set(TRIAGED)
    if request.emergency:
        done |= set(EMERGENCY)
    if not request.technical:
        done.add("B7")  # advice is given on a plan, and there will be none
    done.difference_update(DUE_AGAIN.get(request.state, ()))
    return tuple(step for step in FLOW if step not in done and step in request.due)


def late(request: Request, calendar: Calendar, today: date) -> Iterator[tuple[str, int]]:
    """Give each step that is late, with how many working days, at least 1; ``today`` is the court's own day."""
    if request.state in UNTIMED:
        return
    for step in pending(request):
        days = calendar.working_days_late(date.fromisoformat(request.due[step]), today)
        if days:
            yield step, days
