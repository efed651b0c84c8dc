"""``sopti emergency``: act at once by a decree, record what was done by hand, and answer for it afterwards (SOP D1)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sopti_runner.cli import decrees, output
from sopti_runner.cli.apply import say_run
from sopti_runner.cli.deciding import Hand, decided, which
from sopti_runner.cli.language import _
from sopti_runner.cli.names import command_for
from sopti_runner.cli.options import By, Export, Import, Json, Key, OptionalNumber, OptionalReason, Paper, Recorder
from sopti_runner.cli.request_page import say_recorded
from sopti_runner.cli.session import house, me, person_named, require_words
from sopti_runner.errors import N_, UsageError

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.ports import Waiting

app = typer.Typer(
    help=N_(
        "Emergency changes: off until a decree that lists them is registered; then act first, ratify within one "
        "working day.\n\nExample: sopti emergency apply preserve-evidence --host web1 --seen 'Beranda diubah orang'"
    ),
    no_args_is_help=True,
)

Category = Annotated[str, typer.Option("--category", metavar="CATEGORY", help=N_("The kind of incident."))]
PersonalData = Annotated[str, typer.Option("--personal-data", help=N_("yes, no or unknown: is personal data touched?"))]
Hosts = Annotated[list[str] | None, typer.Option("--host", metavar="HOST", help=N_("A host; may be repeated."))]


@app.command(
    "apply",
    help=N_(
        "Declare an emergency, plan it and run exactly that plan, at once, by the decree.\n\n"
        "Example: sopti emergency apply block-address --host web1 --var 'incident_block_addresses=[203.0.113.7]' "
        "--seen 'Serangan dari satu alamat'"
    ),
)
def apply(
    model: Annotated[str, typer.Argument(metavar="PLAYBOOK", help=N_("A change model that the decree allows."))],
    seen: Annotated[str, typer.Option("--seen", help=N_("What was seen; kept beside the ledger and erasable."))] = "",
    host: Hosts = None,
    var: Annotated[
        list[str] | None,
        typer.Option("--var", metavar="NAME=VALUE", help=N_("A variable; the value is YAML; may be repeated.")),
    ] = None,
    vars_file: Annotated[str, typer.Option("--vars-file", metavar="FILE", help=N_("A YAML file of variables."))] = "",
    again: Annotated[
        str,
        typer.Option("--again", metavar="REQUEST", help=N_("Go on with one that was declared and did not run.")),
    ] = "",
    category: Category = "security",
    personal_data: PersonalData = "unknown",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Act at once."""
    from sopti_runner.services.emergencies import Wanted
    from sopti_runner.services.planning import find

    here = house()
    signer = here.signer(key)
    if not again and not seen.strip():
        raise UsageError(
            N_("{option} is missing; this act needs it"),
            on="--seen",
            next="sopti emergency apply --help",
            option="--seen",
        )
    here.bury_dead()
    wanted = Wanted(model, host or [], here.variables(var or [], vars_file), seen, category, personal_data)
    request = find(here.books.court(), again) if again else here.emergencies.declare(wanted, signer)
    with output.working(
        _("Emergency {number}: planned and run at once, exactly as planned", number=request.number)
    ) as progress:
        run = here.emergencies.carry_out(request, wanted, signer, progress)
    _say_due(here, request.id)
    say_run(here, request.number, run)


@app.command(
    "ratify",
    help=N_(
        "Ratify an emergency change afterwards (B8); never by somebody who acted.\n\n"
        "Examples: sopti emergency ratify REG-2026-0001 --key sari | "
        "sopti emergency ratify REG-2026-0001 --by Sari --export ratification.json"
    ),
)
def ratify(
    number: OptionalNumber = "",
    note: Annotated[str, typer.Option("--note", help=N_("A note; kept beside the ledger and erasable."))] = "",
    paper: Paper = "",
    recorder: Recorder = "",
    by: By = "",
    key: Key = "",
    export_to: Export = "",
    signature: Import = "",
    as_json: Json = False,
) -> None:
    """Ratify."""
    _answer("ratify", number, {"note": note}, Hand(by, key, paper, recorder, export_to, signature))


@app.command(
    "refuse",
    help=N_(
        "Refuse to ratify an emergency change; it stays an exception in every recap.\n\n"
        "Example: sopti emergency refuse REG-2026-0001 --reason 'Tidak perlu' --key sari"
    ),
)
def refuse(
    number: OptionalNumber = "",
    reason: OptionalReason = "",
    paper: Paper = "",
    recorder: Recorder = "",
    by: By = "",
    key: Key = "",
    export_to: Export = "",
    signature: Import = "",
    as_json: Json = False,
) -> None:
    """Refuse to ratify."""
    _answer("refuse", number, {"reason": reason}, Hand(by, key, paper, recorder, export_to, signature))


def _answer(name: str, number: str, texts: dict[str, str], hand: Hand) -> None:
    from sopti_runner.domain.request import ActName

    here = house()

    def statement() -> Waiting:
        request, kept = which(number, "sopti emergency list"), {k: v for k, v in texts.items() if v.strip()}
        require_words(name, {}, kept)
        return here.emergencies.answer(
            ActName(name), request, person=hand.person(here), texts=kept, paper=hand.page(here)
        )

    for event in decided(here, hand, (name,), statement):
        if name == "refuse":
            output.say(_("Ratification refused; it stays an exception in every recap."))
        say_recorded(here, event.subject)


@app.command(
    "record",
    help=N_(
        "Record an emergency act that was done by hand; it must be ratified in the same way.\n\n"
        "Examples: sopti emergency record --did 'Kabel web1 dicabut' --at 2026-11-23T23:10 --host web1 --who Budi | "
        "sopti emergency record --console web1 --did 'Komputer sopti mati' --who Budi"
    ),
)
def record(
    did: Annotated[str, typer.Option("--did", help=N_("What was done; kept beside the ledger and erasable."))],
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help=N_("When, in the court's zone: 2026-11-23T23:10."))
    ] = "",
    host: Hosts = None,
    console: Annotated[
        str,
        typer.Option("--console", metavar="HOST", help=N_("Instead of both: the oldest use of this host's console.")),
    ] = "",
    who: Annotated[str, typer.Option("--who", metavar="PERSON", help=N_("Who did it; otherwise you."))] = "",
    evidence: Annotated[
        str, typer.Option("--evidence", metavar="FILE", help=N_("The evidence; only its SHA-256 is kept."))
    ] = "",
    category: Category = "security",
    personal_data: PersonalData = "unknown",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Record an act by hand."""
    here = house()
    acted = _enrolled(here, who) if who else me(here, key)
    data: dict[str, Any] = {
        "acted": acted,
        **(_of_console(here, console) if console else _by_hand(here, at, host or [], evidence)),
        "category": category,
        "personal_data": personal_data,
    }
    texts = {"description": did, **({} if acted else {"acted_by": who})}
    request = here.emergencies.record(data, texts, here.signer(key))
    _say_due(here, request.id)
    say_recorded(here, request.id)


def _of_console(here: House, host: str) -> dict[str, Any]:
    """Give what the host's own log says of the use of its console that is told for."""
    from sopti_runner.services.console import use_on

    use = use_on(here.books, host)
    return {"done_at": use.at.isoformat(), "hosts": [host], "evidence": use.digest}


def _by_hand(here: House, at: str, hosts: list[str], evidence: str) -> dict[str, Any]:
    for option, given in (("--at", at), ("--host", hosts)):
        if not given:
            raise UsageError(N_("{option} is missing; this act needs it"), on=option, option=option)
    return {
        "done_at": _moment(here, at),
        "hosts": sorted(set(hosts)),
        "evidence": _digest(here, evidence) if evidence else "",
    }


def _digest(here: House, file: str) -> str:
    return hashlib.sha256(here.files.read(file, what=N_("The evidence can't be read"))).hexdigest()


def _enrolled(here: House, who: str) -> str:
    """Give the enrolled person of this name, or nothing for somebody else; a doubtful name must be given whole."""
    court = here.books.court()
    names = {person: here.books.name(court, person) for person in court.register.persons}
    near = [p for p, name in names.items() if who.casefold() in name.casefold() or who == p]
    return person_named(here, court, who) if near else ""


def _moment(here: House, text: str) -> str:
    """Read a time of the court's own clock."""
    from datetime import UTC, datetime

    try:
        said = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            N_("This is not a time"),
            on="--at",
            expected="2026-11-23T23:10",
            found=text,
            next="sopti emergency record --help",
        ) from error
    local = said if said.tzinfo else said.replace(tzinfo=here.books.court().zone.tz)
    return local.astimezone(UTC).isoformat()


def _say_due(here: House, ident: str) -> None:
    request = here.books.court().requests[ident]
    if request.emergency and request.emergency.due:
        day, command = here.words.day(request.emergency.due), command_for("ratify", request.number)
        output.say(_("To be ratified by {day}: {command}", day=day, command=command))


app.command("list", help=decrees.LIST)(decrees.list_)
app.command("decree", help=decrees.DECREE)(decrees.decree)
app.command("end-decree", help=decrees.END)(decrees.end)
