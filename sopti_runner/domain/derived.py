"""What follows from an act and is written beside it: numbers, deadlines, priority, waivers used.

The person signs the act; these values are computed from the ledger by the same code that a verifier runs, and recorded
so that a later calendar or rule can't rewrite them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sopti_runner.domain import emergency_rules
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
    rule = _FOLLOWS.get(act.name)
    return rule(court, act, subject, now) if rule else {}


def _registered(court: Court, act: Act, subject: str, now: datetime) -> dict[str, Any]:
    year = court.today(now).year
    return {"year": year, "number": court.numbers.get(year, 0) + 1, "due": _due(court, now)}


def _declared(court: Court, act: Act, subject: str, now: datetime) -> dict[str, Any]:
    return {**_registered(court, act, subject, now), "kind": "incident"}


def _recorded(court: Court, act: Act, subject: str, now: datetime) -> dict[str, Any]:
    """An act by hand rests on whatever decree was in force when it was done, or on none."""
    done_at = datetime.fromisoformat(act.data["done_at"])
    decree = emergency_rules.decree_in_force(court, done_at)
    by = emergency_rules.ratify_by(court, done_at)
    return {
        **_declared(court, act, subject, now),
        "decree": decree.id if decree else "",
        "ratify_by": by.isoformat(),
    }


def _resubmitted(court: Court, act: Act, subject: str, now: datetime) -> dict[str, Any]:
    return {"due": _due(court, now)}


def _prioritised(court: Court, act: Act, subject: str, now: datetime) -> dict[str, Any]:
    extra = {"change_type": "none"} if act.name == ActName.TRIAGE else {}
    return {"priority": PRIORITY[(act.data["impact"], act.data["urgency"])], **extra}


def _approved(court: Court, act: Act, subject: str, now: datetime) -> dict[str, Any]:
    return {"waived": list(waivers_used(court, court.requests[subject], act.person))}


def _started(court: Court, act: Act, subject: str, now: datetime) -> dict[str, Any]:
    by_decree = court.requests[subject].by_decree
    return {"ratify_by": emergency_rules.ratify_by(court, now).isoformat()} if by_decree else {}


def _answered(court: Court, act: Act, subject: str, now: datetime) -> dict[str, Any]:
    return {"late": emergency_rules.days_late(court, court.requests[subject], now)}


_FOLLOWS: Mapping[str, Callable[[Court, Act, str, datetime], dict[str, Any]]] = {
    ActName.REGISTER: _registered,
    ActName.DECLARE: _declared,
    ActName.RECORD: _recorded,
    ActName.RESUBMIT: _resubmitted,
    ActName.PRIORITISE: _prioritised,
    ActName.TRIAGE: _prioritised,
    ActName.APPROVE: _approved,
    ActName.GRANT: _approved,
    ActName.START: _started,
    ActName.RATIFY: _answered,
    ActName.REFUSE: _answered,
}
"""Act → what follows from it."""


def _due(court: Court, now: datetime) -> dict[str, str]:
    return {step: day.isoformat() for step, day in zip(FLOW, deadlines(court, now).dates, strict=True)}
