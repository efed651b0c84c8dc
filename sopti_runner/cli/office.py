"""``sopti office``: persons, keys, offices, and the court's rules; one proposes, another official confirms.

Longer than other modules: a dozen small commands, most of it their declared options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sopti_runner.cli import output, proposals
from sopti_runner.cli.language import _
from sopti_runner.cli.names import Names
from sopti_runner.cli.options import Export, Json, Key
from sopti_runner.cli.proposals import day as named_day
from sopti_runner.cli.proposals import propose
from sopti_runner.cli.session import house, person_named
from sopti_runner.errors import N_, UsageError

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House

app = typer.Typer(
    help=N_("Persons, offices and rules of the court.\n\nExample: sopti office enrol 'Rina Contoh' --public rina.pub"),
    no_args_is_help=True,
)

Person = Annotated[str, typer.Argument(metavar="PERSON", help=N_("Name or id."))]


@app.command(
    "list",
    help=N_("List persons, their keys and offices.\n\nExample: sopti office list"),
)
def list_(as_json: Json = False) -> None:
    """List persons."""
    here = house()
    court = here.books.court()
    now, names = here.books.now().time, Names(here, court)
    rows, values = [], []
    for person in court.register.persons.values():
        held = [
            a
            for a in court.register.appointments.values()
            if a.person == person.id and a.in_force(now, court.today(now))
        ]
        until = [names.capacity(a.capacity) + (f" ({a.first} – {a.last})" if a.last else "") for a in held]
        keys, name = [k.fingerprint for k in person.keys if k.retired is None], names.person(person.id)
        rows.append((person.id, name, ", ".join(until), ", ".join(keys)))
        offices = [{"office": a.capacity, "first": str(a.first), "last": str(a.last or "")} for a in held]
        values.append({"person": person.id, "name": name, "offices": offices, "keys": keys})
    output.table([_("Person"), _("Name"), _("Offices now"), _("Keys")], rows)
    output.data(values)


@app.command(
    "sop",
    help=N_("Show the SOP's 29 activities and who carries them out.\n\nExample: sopti office sop"),
)
def sop(as_json: Json = False) -> None:
    """Show the SOP."""
    here = house()
    court = here.books.court()
    if court.sop is None:
        return
    rows = []
    for activity in court.sop.activities:
        executor = court.sop.executor(activity.id)
        title = getattr(court.sop.role(executor.role).title, here.lang)
        rows.append(
            (activity.id, getattr(activity.title, here.lang), title, _("yes") if executor.confirmed else _("no"))
        )
    output.table([_("Step"), _("Activity"), _("Executor"), _("Confirmed")], rows)
    output.data([dict(zip(("step", "activity", "executor", "confirmed"), row, strict=True)) for row in rows])


@app.command(
    "enrol",
    help=N_("Propose a new person with their key.\n\nExample: sopti office enrol 'Rina Contoh' --public rina.pub"),
)
def enrol(
    name: Annotated[str, typer.Argument(metavar="NAME", help=N_("As people know them; kept beside the ledger."))],
    public: Annotated[str, typer.Option(metavar="FILE.pub", help=N_("Their SSH public key."))],
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Propose a person."""
    import secrets

    propose("enrol", {"person": f"p-{secrets.token_hex(4)}", "key": _public(public)}, key, export_to, {"name": name})


@app.command(
    "add-key",
    help=N_("Propose a further key of a person.\n\nExample: sopti office add-key Rina --public new.pub"),
)
def add_key(
    person: Person,
    public: Annotated[str, typer.Option(metavar="FILE.pub", help=N_("Their SSH public key."))],
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Propose a key."""
    propose("key", {"person": _person(person), "key": _public(public)}, key, export_to)


@app.command(
    "retire-key",
    help=N_(
        "Propose that a key no longer counts.\n\nExample: sopti office retire-key SHA256:abc --compromised-from 120"
    ),
)
def retire_key(
    fingerprint: Annotated[str, typer.Argument(metavar="FINGERPRINT", help=N_("As sopti office list prints it."))],
    compromised_from: Annotated[
        int | None, typer.Option(help=N_("First event it can't be trusted for, if it was stolen."))
    ] = None,
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Propose to retire a key."""
    propose("retire_key", {"fingerprint": fingerprint, "compromised_from": compromised_from}, key, export_to)


@app.command(
    "appoint",
    help=N_(
        "Propose an appointment.\n\n"
        "Example: sopti office appoint Rina secretary --status plh --from 2026-11-23 --to 2026-11-27 --order 'W1/12'"
    ),
)
def appoint(
    person: Person,
    office: Annotated[
        str, typer.Argument(metavar="OFFICE", help=N_("operator, section_head, division_head, secretary or chair."))
    ],
    first: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help=N_("First day; today when empty."))] = "",
    last: Annotated[str, typer.Option("--to", metavar="YYYY-MM-DD", help=N_("Last day; open end when empty."))] = "",
    status: Annotated[str, typer.Option(help=N_("definitive, plh or plt."))] = "definitive",
    order: Annotated[str, typer.Option(help=N_("Number of the order behind it."))] = "",
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Propose an appointment."""
    here = house()
    court = here.books.court()
    start = named_day(first, "--from") or court.today(here.books.now().time).isoformat()
    if status not in ("definitive", "plh", "plt"):
        raise UsageError(
            N_("{option} has a value that can't be"),
            on="--status",
            expected="definitive, plh, plt",
            found=status,
            option="--status",
        )
    if last and named_day(last, "--to") < start:
        raise UsageError(N_("The last day lies before the first"), on="--to", expected=f">= {start}", found=last)
    data = {"person": _person(person), "office": office, "status": status, "first": start, "last": last}
    propose("appoint", data, key, export_to, {"order": order})


@app.command(
    "end",
    help=N_("Propose the end of an appointment.\n\nExample: sopti office end Rina secretary --to 2026-11-25"),
)
def end(
    person: Person,
    office: Annotated[str, typer.Argument(metavar="OFFICE", help=N_("The office."))],
    last: Annotated[str, typer.Option("--to", metavar="YYYY-MM-DD", help=N_("Last day."))],
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Propose the end of an appointment."""
    here = house()
    court = here.books.court()
    named_day(last, "--to")
    held = court.capacity(_person(person), office, here.books.now().time)
    if held is None:
        raise UsageError(
            N_("This person does not hold this office now"), on=f"{person}: {office}", next="sopti office list"
        )
    propose("end_appointment", {"appointment": held.id, "last": last}, key, export_to)


@app.command(
    "step",
    help=N_("Propose (and so confirm) which office carries out an SOP step.\n\nExample: sopti office step B2 chair"),
)
def step(
    step_id: Annotated[str, typer.Argument(metavar="STEP", help=N_("A1 to D7."))],
    office: Annotated[str, typer.Argument(metavar="OFFICE", help=N_("The office."))],
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Propose an executor."""
    propose("step", {"step": step_id, "office": office}, key, export_to)


@app.command(
    "policy",
    help=N_(
        "Show the policy, or propose a change of it.\n\n"
        "Example: sopti office policy --validity-days 7 --waive adviser_approves=2026-12-31"
    ),
)
def policy(
    validity_days: Annotated[
        int | None, typer.Option(min=1, max=90, help=N_("Longest validity of an approval, in days."))
    ] = None,
    paper: Annotated[bool | None, typer.Option("--paper/--no-paper", help=N_("Accept approvals on paper."))] = None,
    cut_off_hour: Annotated[
        int | None,
        typer.Option(min=0, max=23, help=N_("Requests later than this hour count from the next working day.")),
    ] = None,
    own_signature: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ACT",
            help=N_(
                "An act that from now on needs the person's own signature: register, dispose, examine, classify, "
                "verify, prioritise, plan, consider, return, resubmit, reject, withdraw, triage, fulfil or close."
            ),
        ),
    ] = None,
    waive: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SEPARATION=YYYY-MM-DD", help=N_("Waive requester_approves or adviser_approves until a day.")
        ),
    ] = None,
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Show or change the policy."""
    here = house()
    now = here.books.court().policy.to_data()
    new: dict[str, Any] = dict(now)
    if validity_days is not None:
        new["validity_days"] = validity_days
    if paper is not None:
        new["paper"] = paper
    if cut_off_hour is not None:
        new["cut_off_hour"] = cut_off_hour
    if own_signature:
        _require_acts(own_signature)
        new["attested"] = [a for a in new["attested"] if a not in own_signature]
    for text in waive or ():
        separation, _sign, last = text.partition("=")
        new["waivers"] = {**new["waivers"], separation: named_day(last, "--waive")}
    if new == now:
        _say_policy(here)
        output.data(now)
        return
    propose("policy", {"policy": new}, key, export_to)


@app.command(
    "adopt-calendar",
    help=N_("Propose the holidays and joint leave of a year.\n\nExample: sopti office adopt-calendar 2026"),
)
def adopt_calendar(
    year: Annotated[int, typer.Argument(metavar="YEAR", help=N_("The year."))],
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Propose a year's calendar."""
    here = house()
    propose("calendar", {"year": here.holidays(year).to_data()}, key, export_to)


@app.command(
    "override-day",
    help=N_(
        "Propose a local holiday or working day, with its legal number.\n\n"
        "Example: sopti office override-day 2026-12-09 --free --legal-number 'Keppres 1/2026'"
    ),
)
def overridenamed_day(
    day: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help=N_("The day."))],
    legal_number: Annotated[str, typer.Option(help=N_("Number of the decree or letter."))],
    free: Annotated[bool, typer.Option("--free/--working", help=N_("A holiday, or a working day."))] = True,
    reason: Annotated[str, typer.Option(help=N_("Why."))] = "",
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Propose a calendar override."""
    data = {"date": named_day(day, "YYYY-MM-DD"), "working": not free, "legal_number": legal_number}
    propose("calendar_override", data, key, export_to, {"reason": reason})


@app.command(
    "witness",
    help=N_("Propose a witness that cosigns checkpoints.\n\nExample: sopti office witness 'pt.example/w1+ab+Bc'"),
)
def witness(
    vkey: Annotated[str, typer.Argument(metavar="VKEY", help=N_("The witness's verifier key."))],
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Propose a witness."""
    propose("witness", {"vkey": vkey}, key, export_to)


app.command("proposals", help=proposals.LIST)(proposals.waiting)
app.command("confirm", help=proposals.CONFIRM)(proposals.confirm)


def _say_policy(here: House) -> None:
    from sopti_runner.domain.policy_text import policy_rows

    for what, value in policy_rows(here.books.court().policy, here.words):
        output.say(f"{what}: {value}")


def _require_acts(names: list[str]) -> None:
    """Refuse a word that names no act which somebody else may type."""
    from sopti_runner.domain.policy import ROUTINE

    routine = {act.value for act in ROUTINE}
    for name in names:
        if name not in routine:
            raise UsageError(
                N_("{option} has a value that can't be"),
                on=name,
                expected=", ".join(sorted(routine)),
                found=name,
                option="--own-signature",
            )


def _person(text: str) -> str:
    here = house()
    return person_named(here, here.books.court(), text)


def _public(file: str) -> dict[str, str]:
    parsed = house().public_key(file)
    return {"fingerprint": parsed.fingerprint, "public": parsed.line}
