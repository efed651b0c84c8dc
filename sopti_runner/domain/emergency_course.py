"""The course of an emergency: what each event changes of the request behind it.

The rule this module keeps: from the moment something was done, the ratification is the request's step B8, due on the
day that was recorded with the act; no later calendar moves it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime

from sopti_runner.domain.change import ChangeType
from sopti_runner.domain.emergency import Decree, Emergency, Verdict, decree_from
from sopti_runner.domain.governance import Proposal
from sopti_runner.domain.ledger.event import Event
from sopti_runner.domain.request import Request


def registered(decrees: dict[str, Decree], proposal: Proposal, event: Event) -> None:
    """Put a decree in force by its confirmation."""
    decrees[proposal.id] = decree_from(proposal.id, proposal.data, event.actor.person)


def ended(decrees: dict[str, Decree], proposal: Proposal) -> None:
    """End a decree; one that does not exist changes nothing."""
    held = decrees.get(proposal.data["decree"])
    if held:
        decrees[held.id] = replace(held, ended=True)


def _declared(request: Request, event: Event) -> Request:
    declared = Emergency(event.data["decree"], (event.actor.person,))
    return replace(request, change_type=ChangeType.EMERGENCY.value, emergency=declared)


def _recorded(request: Request, event: Event) -> Request:
    persons = tuple(dict.fromkeys(p for p in (event.actor.person, event.data["acted"]) if p))
    done_at = datetime.fromisoformat(event.data["done_at"])
    by_hand = replace(request, change_type=ChangeType.EMERGENCY.value)
    return _waiting(by_hand, event, Emergency(event.data["decree"], persons, event.seq, done_at))


def _started(request: Request, event: Event) -> Request:
    declared = request.emergency
    if declared is None or "decree" not in event.data:
        return request
    persons = tuple(dict.fromkeys((*declared.persons, event.actor.person)))
    return _waiting(request, event, replace(declared, persons=persons, seq=event.seq, done_at=event.time))


def _waiting(request: Request, event: Event, done: Emergency) -> Request:
    by = event.data["ratify_by"]
    return replace(request, due={**request.due, "B8": by}, emergency=replace(done, due=date.fromisoformat(by)))


def _answered(verdict: Verdict) -> Callable[[Request, Event], Request]:
    def answered(request: Request, event: Event) -> Request:
        if request.emergency is None:
            return request
        said = replace(request.emergency, verdict=verdict, late=int(event.data["late"]), answered=event.seq)
        return replace(request, emergency=said)

    return answered


COURSE: Mapping[str, Callable[[Request, Event], Request]] = {
    "emergency.declared": _declared,
    "emergency.recorded": _recorded,
    "run.started": _started,
    "emergency.ratified": _answered(Verdict.RATIFIED),
    "emergency.refused": _answered(Verdict.REFUSED),
}
"""Event type → the request after it."""
