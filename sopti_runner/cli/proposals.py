"""Proposals about the court's own rules: made by one person, read and confirmed by another official."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Export, Import, Json, Key
from sopti_runner.cli.session import bring_in, house, me, person_of, signed
from sopti_runner.errors import N_, UsageError

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.ports import Waiting

LIST = N_("List proposals that wait for a second signature.\n\nExample: sopti office proposals")
CONFIRM = N_("Confirm another person's proposal; only then it counts.\n\nExample: sopti office confirm 0199 --key sari")


LINES_SHOWN = 8
"""Lines of each proposal in the list; a calendar has one for every day."""


def waiting(as_json: Json = False) -> None:
    """List waiting proposals, each as the sentence that its confirmation binds."""
    from sopti_runner.services.proposal_text import proposal_lines, told

    here = house()
    court = here.books.court()
    values = []
    for proposal in court.proposals.values():
        if proposal.confirmed:
            continue
        lines = proposal_lines(told(here.books, court, proposal, here.words))
        by, at = here.books.name(court, proposal.person), here.words.moment(proposal.at, court.zone)
        output.say(proposal.id)
        for line in lines[:LINES_SHOWN]:
            output.say(f"  {line}")
        if len(lines) > LINES_SHOWN:
            output.say("  " + _("and {count} more lines, shown before you sign", count=len(lines) - LINES_SHOWN))
        output.say("  " + output.one_line(_("Proposed by {person}, {moment}", person=by, moment=at)))
        values.append(
            {"proposal": proposal.id, "kind": proposal.kind, "by": by, "text": lines, "content": dict(proposal.data)}
        )
    if values:
        output.say(_("To confirm one: sopti office confirm PROPOSAL"))
    else:
        output.say(_("No proposal waits."))
    output.data(values)


def confirm(
    beginning: Annotated[str, typer.Argument(metavar="PROPOSAL", help=N_("Its id or the beginning of it."))] = "",
    by: Annotated[str, typer.Option(metavar="PERSON", help=N_("With --export: who will sign."))] = "",
    key: Key = "",
    export_to: Export = "",
    signature: Import = "",
    as_json: Json = False,
) -> None:
    """Confirm a proposal."""
    from sopti_runner.services.governing import confirm as prepared

    here = house()
    if signature:
        event = bring_in(here, signature, "confirm", "propose")[0]
        if event.type == "governance.proposed":
            _proposed(event.id, event.data["kind"], event.data["content"])
        else:
            _confirmed(event.subject)
        return
    statement, proposal = prepared(here.acts, beginning, person=person_of(here, by, key), words=here.words)
    output.say(statement.display.rstrip())
    if signed(here, statement, key, export_to):
        _confirmed(proposal.id)


def _confirmed(ident: str) -> None:
    output.say(_("Confirmed; it counts from now on."))
    output.data({"proposal": ident, "confirmed": True})


def propose(
    kind: str, content: dict[str, Any], key: str, export_to: str, texts: dict[str, str | bytes] | None = None
) -> None:
    """Propose something, signed by the key at this terminal, or export the statement."""
    from sopti_runner.services.governing import propose as proposed

    here = house()
    kept = {k: v for k, v in (texts or {}).items() if v}
    statement = proposed(here.acts, kind, content, person=me(here, key), words=here.words, texts=kept)
    put_forward(here, statement, key, export_to)


def put_forward(here: House, statement: Waiting, key: str, export_to: str) -> None:
    """Show a proposal, then have it signed by the key at this terminal, or export it."""
    output.say(statement.display.rstrip())
    for event in signed(here, statement, key, export_to):
        _proposed(event.id, event.data["kind"], event.data["content"])


def _proposed(ident: str, kind: str, content: dict[str, Any]) -> None:
    output.say(_("Proposed as {proposal}. It counts when another official confirms:", proposal=ident))
    output.say(f"  sopti office confirm {ident} --key KEY")
    output.data({"proposal": ident, "kind": kind, "content": content})


def day(text: str, option: str) -> str:
    """Give a day as typed, or an empty text; UsageError when there is no such day."""
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError as error:
        raise UsageError(N_("This is no day"), on=option, expected="YYYY-MM-DD", found=text) from error
