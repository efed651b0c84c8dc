"""``sopti trace``: who asked for, weighed, approved and made this, and does it still stand?"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.names import Names, proof_words
from sopti_runner.cli.options import Json
from sopti_runner.cli.session import house
from sopti_runner.cli.words_of_ledger import event_words, fact_words
from sopti_runner.errors import N_

MOMENTS = frozenset(("expires", "not_before"))
"""Facts that are moments in UTC and shown in the court's zone."""

HELP = N_(
    "Trace a request, or an object on a host back to the request behind it.\n\n"
    "Examples: sopti trace REG-2026-0001 | sopti trace web1:/etc/sopti/firewall.nft | sopti trace 'web1:nft:inet sopti'"
)


def trace(
    what: Annotated[str, typer.Argument(metavar="REQUEST|HOST:PATH", help=N_("A request, or HOST:PATH."))],
    look: Annotated[
        bool, typer.Option("--look/--no-look", help=N_("Look at the host, to tell whether it still stands."))
    ] = True,
    tasks: Annotated[
        bool, typer.Option("--tasks", help=N_("With a request: also what each task did on each host."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Trace."""
    from sopti_runner.services.tracing import trace_object, trace_request

    here = house()
    host, colon, name = what.partition(":")
    if not colon:
        found = trace_request(here.books, what, tasks=tasks)
        _request(here, found)
        output.data(_request_data(found))
        return
    thing = trace_object(here.books, host, name, here.engine if look else None, here.access.escort)
    if not thing.lines:
        output.say(_("No event explains {object} on {host}: sopti never touched it.", object=thing.object, host=host))
    for request in thing.requests:
        _request(here, request)
    _lines(here, thing.lines)
    if thing.stands is not None:
        verdict = _("It still stands as sopti left it.") if thing.stands else _("It no longer is as sopti left it.")
        output.say(f"{verdict} ({thing.found})")
    elif thing.found:
        output.say(_("Whether it still stands is unknown: {why}", why=thing.found))
    output.data(
        {
            "host": host,
            "object": thing.object,
            "stands": thing.stands,
            "found": thing.found,
            "events": [_line_data(line) for line in thing.lines],
            "requests": [_request_data(r) for r in thing.requests],
        }
    )


def _request(here: Any, found: Any) -> None:
    from sopti_runner.domain.request import STATE_WORDS

    asked = here.books.text(found.request.texts.get("description"))
    output.say(output.one_line(f"{found.request.number}: {asked} – {_(STATE_WORDS[found.request.state])}"))
    _lines(here, found.lines)


def _lines(here: Any, lines: Any) -> None:
    """Print each event on lines of its own: a table of so many words would be too narrow to read."""
    court = here.books.court()
    names = Names(here, court)
    for x in lines:
        who = ", ".join(part for part in (x.who, names.capacity(x.capacity), proof_words(x.proof)) if part)
        output.say(f"  #{x.seq:<5}{here.words.moment(x.at, court.zone)}  {event_words(x.what)}")
        output.say("        " + output.one_line(who))
        if x.facts:
            said = {
                k: here.words.moment(datetime.fromisoformat(v), court.zone) if k in MOMENTS else v
                for k, v in x.facts.items()
            }
            output.say("        " + output.one_line("; ".join(fact_words(k, v) for k, v in said.items())))


def _request_data(found: Any) -> dict[str, Any]:
    return {
        "request": found.request.number,
        "state": found.request.state.value,
        "events": [_line_data(line) for line in found.lines],
        "runs": [{"run": r.id, "outcome": r.outcome, "hosts": dict(r.hosts or {})} for r in found.runs],
    }


def _line_data(line: Any) -> dict[str, Any]:
    return {
        "seq": line.seq,
        "at": line.at.isoformat(),
        "who": line.who,
        "capacity": line.capacity,
        "event": line.what,
        "facts": dict(line.facts),
        "proof": line.proof,
    }
