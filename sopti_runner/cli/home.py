"""Bare ``sopti``: what waits, for you first, and the command of the next act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.names import Names, command_on
from sopti_runner.cli.request_page import overdue, ways
from sopti_runner.cli.session import house, me
from sopti_runner.errors import N_, NotFoundError, UsageError

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.domain.court import Court


COPY = N_("This ledger was put back from a copy; nothing is recorded until it has been compared: sopti self resume")


def waiting() -> None:
    """Say which requests wait, for whom, and what comes next; and how long the ledger is unprotected."""
    here = house()
    court = here.books.court()
    if here.books.waits(court):
        output.say(_(COPY))
    values = sorted(_values(here, court), key=lambda v: not v["yours"])
    names = Names(here, court)
    rows = [
        (
            v["request"],
            ", ".join([v["words"], *([_("overdue")] if v["overdue"] else [])]),
            names.offices(", ".join(v["offices"])) + (_(" (you)") if v["yours"] else ""),
            v["command"] or f"sopti trace {v['request']}",
        )
        for v in values
    ]
    if rows:
        output.table([_("Request"), _("State"), _("Waits for"), _("Next act")], rows)
    else:
        output.say(_("Nothing waits. Register a request: sopti request add --help"))
    proposals = [p.id for p in court.proposals.values() if not p.confirmed]
    if proposals:
        output.say(
            _("Proposals that wait for a second signature: {count}. See: sopti office proposals", count=len(proposals))
        )
    events, seconds = here.books.exposure(court)
    output.say(
        _(
            "Not yet protected by a checkpoint off this machine: {events} events, {minutes} minutes.",
            events=events,
            minutes=seconds // 60,
        )
    )
    output.data(
        {
            "waiting": [{k: v for k, v in value.items() if k != "words"} for value in values],
            "proposals": proposals,
            "copy_waits": here.books.waits(court),
            "unprotected": {"events": events, "seconds": seconds},
        }
    )


def _values(here: House, court: Court) -> list[dict[str, Any]]:
    from sopti_runner.domain.authority import offices_for
    from sopti_runner.domain.request import FINAL, STATE_WORDS, ActName

    now = here.books.now().time
    today, person = court.today(now), _me(here)
    found = []
    for request in court.requests.values():
        if request.state in FINAL:
            continue
        act = next(iter(ways(request)), "")
        offices = offices_for(court, ActName(act)) if act else ()
        found.append(
            {
                "request": request.number,
                "state": request.state.value,
                "words": _(STATE_WORDS[request.state]),
                "next": act,
                "command": command_on(act, request) if act else "",
                "offices": list(offices),
                "yours": any(court.capacity(person, office, now) for office in offices),
                "overdue": overdue(court, request, today),
            }
        )
    return found


def _me(here: House) -> str:
    """Give the person at this terminal, or nobody when no enrolled key is at hand."""
    try:
        return me(here, "")
    except (NotFoundError, UsageError):
        return ""
