"""``sopti init``: two persons found the court's ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json
from sopti_runner.cli.session import house
from sopti_runner.errors import N_, UsageError

HELP = N_(
    "Found the court's ledger with two persons.\n\n"
    "Example: sopti init --court 'Pengadilan Contoh' --place Contoh --preset banding --zone WIB "
    "--origin sopti.contoh.example/ledger --person 'Budi Contoh:operator:budi.pub' "
    "--person 'Sari Contoh:secretary:sari.pub'"
)


def init(
    court: Annotated[str, typer.Option(help=N_("The court's name; lines of its letterhead parted by |."))],
    place: Annotated[str, typer.Option(help=N_("The city where its letters are signed."))],
    preset: Annotated[str, typer.Option(metavar="banding|tingkat_pertama", help=N_("The kind of court."))],
    zone: Annotated[
        str, typer.Option(metavar="WIB|WITA|WIT", help=N_("The court's time zone; nobody chooses it for you."))
    ],
    origin: Annotated[str, typer.Option(help=N_("Name of the ledger, for good: a domain of yours and a word."))],
    person: Annotated[
        list[str], typer.Option(metavar="NAME:OFFICE[,OFFICE]:KEY.pub", help=N_("A founder; at least two."))
    ],
    as_json: Json = False,
) -> None:
    """Found the court, and print what the two must compare and keep."""
    from sopti_runner.bootstrap.founding import found

    here = house()
    people = [_parts(text) for text in person]
    event, names = found(
        here, origin=origin, name=court.replace("|", "\n"), place=place, preset=preset, zone=zone, people=people
    )
    vkey = here.log_key.vkey
    output.say(
        _("The ledger {origin} is founded. Write these down on paper; an auditor will ask for them.", origin=origin)
    )
    output.say("  " + _("Ledger key: {vkey}", vkey=vkey))
    rows = [{"person": r["person"], "name": names[r["person"]], **r["keys"][0]} for r in event.data["persons"]]
    output.table(
        [_("Person"), _("Name"), _("Key fingerprint")], [(r["person"], r["name"], r["fingerprint"]) for r in rows]
    )
    output.say(_("Executors of the SOP's steps are inferred: confirm them with sopti office step."))
    output.say(_("The holidays of this year are not adopted yet: sopti office adopt-calendar YEAR."))
    if not here.settings.sinks:
        output.say(_("No off-box place for checkpoints is set: until then nobody can prove what was not changed."))
    output.data({"origin": origin, "vkey": vkey, "persons": rows})


def _parts(text: str) -> tuple[str, tuple[str, ...], str]:
    pieces = text.split(":")
    if len(pieces) != 3 or not all(p.strip() for p in pieces):
        raise UsageError(
            N_("A founder is written NAME:OFFICE:KEY.pub"),
            on=text,
            expected="Budi Contoh:operator:budi.pub",
            next="sopti init --help",
        )
    return pieces[0].strip(), tuple(o.strip() for o in pieces[1].split(",") if o.strip()), pieces[2]
