"""Bare ``sopti``: what waits, and the next act."""

from __future__ import annotations

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.session import house


def waiting() -> None:
    """Say which requests wait, for whom, and what comes next; and how long the ledger is unprotected."""
    from sopti_runner.domain.authority import offices_for
    from sopti_runner.domain.request import FINAL, STATE_WORDS, ActName, may_follow

    here = house()
    court = here.books.court()
    rows, values = [], []
    for request in court.requests.values():
        if request.state in FINAL:
            continue
        side = {ActName.RETURN, ActName.REJECT, ActName.WITHDRAW, ActName.REVOKE}
        acts = [a for a in may_follow(request.state) if a not in side]
        act = acts[0] if acts else None
        offices = offices_for(court, act) if act else ()
        titles = [getattr(court.sop.role(o).title, here.lang) for o in offices] if court.sop else []
        rows.append((request.number, _(STATE_WORDS[request.state]), act.value if act else "", ", ".join(titles)))
        values.append(
            {"request": request.number, "state": request.state.value, "next": rows[-1][2], "offices": list(offices)}
        )
    events, seconds = here.books.exposure(court)
    if rows:
        output.table([_("Request"), _("State"), _("Next act"), _("Waits for")], rows)
    else:
        output.say(_("Nothing waits. Register a request: sopti request add --help"))
    output.say(
        _(
            "Not yet protected by a checkpoint off this machine: {events} events, {minutes} minutes.",
            events=events,
            minutes=seconds // 60,
        )
    )
    output.data({"waiting": values, "unprotected": {"events": events, "seconds": seconds}})
