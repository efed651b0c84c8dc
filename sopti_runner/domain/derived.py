"""What follows from an act and is written beside it: numbers, deadlines, priority, waivers used.

The person signs the act; these values are computed from the ledger by the same code that a verifier runs, and recorded
so that a later calendar or rule can't rewrite them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sopti_runner.domain.authority import Act, waivers_used
from sopti_runner.domain.calendar import Dates
from sopti_runner.domain.court import Court
from sopti_runner.domain.request import PRIORITY, ActName

FLOW = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9")


def deadlines(court: Court, arrived: datetime) -> Dates:
    """Give the due dates of B1-B9, in order, for a request that came at ``arrived`` (aware UTC), with every doubt."""
    sop = court.sop
    days = [sop.activity(step).day or 1 for step in FLOW] if sop else [1] * len(FLOW)
    return court.calendar.flow_deadlines(arrived, days)


def derived(court: Court, act: Act, subject: str, now: datetime) -> dict[str, Any]:
    """Give what the event of this act carries besides the act's own data.

    Args:
        court: What the ledger says up to here.
        act: The act.
        subject: The request it is about (one act may cover a list).
        now: Time of the event, aware UTC.
    """
    if act.name == ActName.REGISTER:
        year = court.today(now).year
        return {"year": year, "number": court.numbers.get(year, 0) + 1, "due": _due(court, now)}
    if act.name == ActName.RESUBMIT:
        return {"due": _due(court, now)}
    if act.name in (ActName.PRIORITISE, ActName.TRIAGE):
        extra = {"change_type": "none"} if act.name == ActName.TRIAGE else {}
        return {"priority": PRIORITY[(act.data["impact"], act.data["urgency"])], **extra}
    if act.name in (ActName.APPROVE, ActName.GRANT):
        return {"waived": list(waivers_used(court, court.requests[subject], act.person))}
    return {}


def _due(court: Court, now: datetime) -> dict[str, str]:
    return {step: day.isoformat() for step, day in zip(FLOW, deadlines(court, now).dates, strict=True)}
