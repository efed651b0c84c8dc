"""Decrees that allow emergency changes: listed, proposed and ended; another official confirms each proposal."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.names import Names
from sopti_runner.cli.options import Export, Json, Key
from sopti_runner.cli.proposals import day, propose
from sopti_runner.cli.session import house
from sopti_runner.errors import N_, UsageError

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.domain.court import Court

LIST = N_("List decrees, and emergency changes with their answers.\n\nExample: sopti emergency list")
DECREE = N_(
    "Propose the chair's decree that allows emergency changes; another official confirms it.\n\n"
    "Example: sopti emergency decree sk.pdf --number 'SK 12/2026' --model preserve-evidence --model block-address "
    "--office operator --to 2027-06-30"
)
END = N_("Propose to end a decree before its last day.\n\nExample: sopti emergency end-decree 0199")
ANSWERS = {"waiting": N_("waits for ratification"), "ratified": N_("ratified"), "refused": N_("ratification refused")}


def list_(as_json: Json = False) -> None:
    """List decrees and emergencies."""
    here = house()
    court = here.books.court()
    today, acts = court.today(here.books.now().time), [(r, r.emergency) for r in court.requests.values() if r.emergency]
    _say_decrees(here, court, today)
    output.table(
        [_("Request"), _("Done"), _("To be ratified by"), _("Answer")],
        [
            (
                r.number,
                here.words.moment(e.done_at, court.zone) if e.done_at else _("not run"),
                here.words.day(e.due) if e.due else "–",
                _(ANSWERS[e.verdict.value]) + (_(", working days late: {days}", days=e.late) if e.late else ""),
            )
            for r, e in acts
        ],
    )
    output.data(
        {
            "decrees": [
                {"decree": d.id, "in_force": d.in_force(today), "models": list(d.models), "hosts": list(d.hosts)}
                for d in court.decrees.values()
            ],
            "emergencies": [
                {
                    "request": r.number,
                    "verdict": e.verdict.value,
                    "ratify_by": e.due.isoformat() if e.due else None,
                    "exception": e.exception,
                    "days_late": e.late,
                }
                for r, e in acts
            ],
        }
    )


def _say_decrees(here: House, court: Court, today: date) -> None:
    names, decrees = Names(here, court), court.decrees.values()
    output.table(
        [_("Decree"), _("From"), _("To"), _("Allowed acts"), _("Offices"), _("In force")],
        [
            (
                d.id,
                here.words.day(d.first),
                here.words.day(d.last),
                ", ".join(d.models),
                names.offices(", ".join(d.offices)),
                _("yes") if d.in_force(today) else _("no"),
            )
            for d in decrees
        ],
    )
    if not any(d.in_force(today) for d in decrees):
        output.say(_("Emergency changes are off. See: sopti emergency decree --help"))


def decree(
    text: Annotated[str, typer.Argument(metavar="FILE", help=N_("The decree: its text or scan is kept."))],
    model: Annotated[
        list[str], typer.Option("--model", metavar="PLAYBOOK", help=N_("An allowed act; may be repeated."))
    ],
    office: Annotated[
        list[str],
        typer.Option("--office", metavar="OFFICE", help=N_("An office whose holders may act; may be repeated.")),
    ],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help=N_("Last day, YYYY-MM-DD; at most a year."))],
    first: Annotated[str, typer.Option("--from", metavar="DATE", help=N_("First day; otherwise today."))] = "",
    host: Annotated[
        list[str] | None, typer.Option("--host", metavar="HOST", help=N_("The only hosts; otherwise all."))
    ] = None,
    hours: Annotated[int, typer.Option("--hours", help=N_("How many hours a plan may wait for its run."))] = 4,
    number: Annotated[str, typer.Option("--number", help=N_("Number of the decree."))] = "",
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Propose a decree."""
    here = house()
    for name in model:
        _require_emergency(here, name)
    court = here.books.court()
    for name in office:
        if name not in court.offices:
            raise UsageError(N_("No such office"), on=name, expected=", ".join(court.offices))
    today = court.today(here.books.now().time)
    content = {
        "models": sorted(set(model)),
        "offices": sorted(set(office)),
        "hosts": sorted(set(host or [])),
        "hours": hours,
        "first": day(first, "--from") or today.isoformat(),
        "last": day(last, "--to"),
    }
    page = here.files.read(text, what=N_("The decree can't be read"))
    propose("decree", content, key, export_to, {"decree": page, "number": number})


def _require_emergency(here: House, name: str) -> None:
    """Refuse an act that no change model allows as an emergency: a slip that would show only on the night itself."""
    kinds = here.content.change_model(name).change_types
    if "emergency" not in kinds:
        raise UsageError(
            N_("This playbook is not for emergency changes"),
            on=name,
            expected="emergency",
            found=", ".join(kinds),
            next="sopti emergency decree --help",
        )


def end(
    beginning: Annotated[str, typer.Argument(metavar="DECREE", help=N_("Its id or the beginning of it."))],
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Propose the end of a decree."""
    here = house()
    found = [d for d in here.books.court().decrees if d.startswith(beginning)]
    if len(found) != 1:
        raise UsageError(
            N_("No single decree has this name"), on=beginning, found=str(len(found)), next="sopti emergency list"
        )
    propose("end_decree", {"decree": found[0]}, key, export_to)
