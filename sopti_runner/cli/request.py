"""``sopti request``: register a request and take it through the SOP's steps B1-B6 and B9.

Longer than other modules: a command for each act of the SOP, most of it their declared options.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import By, Json, Key, Number, Reason
from sopti_runner.cli.request_page import say_recorded
from sopti_runner.cli.request_page import show as show_page
from sopti_runner.cli.session import act, house
from sopti_runner.errors import N_

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.domain.court import Court

app = typer.Typer(
    help=N_(
        "Register requests and take them through the SOP.\n\nExample: sopti request add --what 'Tutup port' --unit PTSP"
    ),
    no_args_is_help=True,
)

Category = Annotated[
    str,
    typer.Option(
        "--category",
        metavar="CATEGORY",
        help=N_(
            "account, network, computer, case_system, website, mail, data, security, software, development or loan."
        ),
    ),
]
Urgency = Annotated[str, typer.Option("--urgency", help=N_("high, medium or low: how much service stands still."))]
Impact = Annotated[str, typer.Option("--impact", help=N_("wide, section or single: how many it touches."))]
Note = Annotated[str, typer.Option("--note", help=N_("A note; kept beside the ledger and erasable."))]


@app.command(
    "add",
    help=N_("Register a request (B1).\n\nExample: sopti request add --what 'Printer rusak' --unit PTSP"),
)
def add(
    what: Annotated[str, typer.Option(help=N_("What is needed or wrong, in the requester's words."))],
    unit: Annotated[str, typer.Option(help=N_("The requester's section."))],
    requester: Annotated[str, typer.Option(help=N_("Who asks: a name, or an enrolled person."))] = "",
    why: Annotated[str, typer.Option(help=N_("The reason, or the number of a letter."))] = "",
    kind: Annotated[str, typer.Option(help=N_("service_request or incident."))] = "service_request",
    category: Category = "network",
    urgency: Urgency = "medium",
    personal_data: Annotated[str, typer.Option(help=N_("yes, no or unknown: is personal data touched?"))] = "unknown",
    by: By = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Register a request."""
    here = house()
    court = here.books.court()
    enrolled = _enrolled(here, court, requester)
    data = {"kind": kind, "category": category, "urgency": urgency, "personal_data": personal_data}
    if enrolled:
        data["requester"] = enrolled
    texts = {"description": what, "unit": unit, "basis": why, "requester": "" if enrolled else requester or unit}
    event = act(here, "register", [], by=by, key=key, data=data, texts=texts)[0]
    if enrolled:
        output.say(_("Requester: {who}", who=here.books.name(court, enrolled)))
    say_recorded(here, event.subject)


def _enrolled(here: House, court: Court, requester: str) -> str:
    """Give the enrolled person whom a name means, whatever its spaces and titles; empty for somebody else.

    Raises:
        UsageError: It could mean more than one: who asked must be known, because they may not approve it.
    """
    from sopti_runner.errors import UsageError

    names = {person: here.books.name(court, person) for person in court.register.persons}
    said = _words(requester)
    meant = [p for p, name in names.items() if said and (said <= _words(name) or _words(name) <= said)]
    meant = [p for p in meant if _words(names[p]) == said] or meant
    if requester in names or len(meant) < 2:
        return requester if requester in names else "".join(meant)
    raise UsageError(
        N_("This name could mean more than one enrolled person"),
        on="--requester",
        expected=", ".join(sorted(names[p] for p in meant)),
        found=requester,
        next=N_("give the whole name; for somebody else add a word that tells them apart"),
    )


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", name.casefold()))


@app.command(
    "list",
    help=N_("List requests.\n\nExample: sopti request list --open"),
)
def list_(
    open_: Annotated[bool, typer.Option("--open", help=N_("Only those that are not finished."))] = False,
    as_json: Json = False,
) -> None:
    """List requests."""
    from sopti_runner.domain.request import FINAL, STATE_WORDS

    here = house()
    court = here.books.court()
    found = [r for r in court.requests.values() if not (open_ and r.state in FINAL)]
    texts = {r.id: here.books.text(r.texts.get("description")) for r in found}
    output.table(
        [_("Request"), _("State"), _("Priority"), _("What")],
        [(r.number, _(STATE_WORDS[r.state]), r.priority, texts[r.id]) for r in found],
    )
    output.data([{"request": r.number, "id": r.id, "state": r.state.value, "what": texts[r.id]} for r in found])


@app.command(
    "show",
    help=N_("Show a request: its steps, deadlines and what comes next.\n\nExample: sopti request show REG-2026-0001"),
)
def show(number: Number, as_json: Json = False) -> None:
    """Show a request."""
    show_page(house(), number)


@app.command(
    "dispose",
    help=N_("Dispose of the request letter (B2).\n\nExample: sopti request dispose REG-2026-0001 --by Sari"),
)
def dispose(
    number: Number,
    letter_urgency: Annotated[str, typer.Option(help=N_("very_urgent, urgent, ordinary or secret."))] = "ordinary",
    note: Note = "",
    by: By = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Dispose of a request."""
    _act(number, "dispose", by, key, {"letter_urgency": letter_urgency}, {"instruction": note})


@app.command(
    "examine",
    help=N_("Examine the request (B3).\n\nExample: sopti request examine REG-2026-0001 --by Rina"),
)
def examine(number: Number, note: Note = "", by: By = "", key: Key = "", as_json: Json = False) -> None:
    """Examine a request."""
    _act(number, "examine", by, key, {}, {"examination": note})


@app.command(
    "classify",
    help=N_("Classify the request (B4).\n\nExample: sopti request classify REG-2026-0001 --change-type normal"),
)
def classify(
    number: Number,
    change_type: Annotated[str, typer.Option(help=N_("normal, standard, emergency, or none for no technical change."))],
    category: Category = "network",
    by: By = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Classify a request."""
    _act(number, "classify", by, key, {"category": category, "change_type": change_type}, {})


@app.command(
    "verify",
    help=N_("Verify the request (B5).\n\nExample: sopti request verify REG-2026-0001 --by Rina"),
)
def verify(number: Number, note: Note = "", by: By = "", key: Key = "", as_json: Json = False) -> None:
    """Verify a request."""
    _act(number, "verify", by, key, {}, {"verification": note})


@app.command(
    "prioritise",
    help=N_("Set urgency and priority (B6).\n\nExample: sopti request prioritise REG-2026-0001 --impact wide"),
)
def prioritise(
    number: Number,
    impact: Impact = "section",
    urgency: Urgency = "medium",
    by: By = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Set urgency and priority."""
    _act(number, "prioritise", by, key, {"impact": impact, "urgency": urgency}, {})


@app.command(
    "triage",
    help=N_(
        "Take a request without a technical change through B2-B6 at once; it needs no B7.\n\n"
        "Example: sopti request triage REG-2026-0002"
    ),
)
def triage(
    number: Number,
    category: Category = "computer",
    impact: Impact = "single",
    urgency: Urgency = "medium",
    by: By = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Triage a request without a technical change."""
    _act(number, "triage", by, key, {"category": category, "impact": impact, "urgency": urgency}, {})


@app.command(
    "fulfil",
    help=N_(
        "Record that a granted request was carried out (B9).\n\n"
        "Example: sopti request fulfil REG-2026-0002 --result 'Kabel diganti'"
    ),
)
def fulfil(
    number: Number,
    result: Annotated[str, typer.Option(help=N_("What was done."))],
    by: By = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Record the work of a granted request."""
    _act(number, "fulfil", by, key, {}, {"result": result})


@app.command(
    "close",
    help=N_(
        "Close a carried-out request with its minutes (Berita Acara).\n\n"
        "Example: sopti request close REG-2026-0001 --result 'Sesuai rencana'"
    ),
)
def close(
    number: Number,
    result: Annotated[str, typer.Option(help=N_("What the minutes say."))] = "",
    by: By = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Close a request."""
    _act(number, "close", by, key, {}, {"result": result})


@app.command(
    "minutes",
    help=N_(
        "Print the minutes of execution (Berita Acara) of a request that was carried out.\n\n"
        "Example: sopti request minutes REG-2026-0001 --output minutes.pdf"
    ),
)
def minutes(
    number: Number,
    target: Annotated[str, typer.Option("--output", metavar="FILE.pdf", help=N_("Where to write it."))],
    as_json: Json = False,
) -> None:
    """Print the minutes."""
    from sopti_runner.services.minuting import minutes_of

    here = house()
    here.files.write(target, here.documents.minutes_pdf(minutes_of(here.books, here.content, number)))
    output.say(_("Written: {file}", file=output.whole(target)))
    output.data({"file": target})


@app.command(
    "resubmit",
    help=N_(
        "Put a returned request before the officials again.\n\n"
        "Example: sopti request resubmit REG-2026-0001 --what 'Lengkap'"
    ),
)
def resubmit(
    number: Number,
    what: Annotated[str, typer.Option(help=N_("What is needed, completed."))] = "",
    by: By = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Resubmit a returned request."""
    _act(number, "resubmit", by, key, {}, {"description": what})


@app.command(
    "withdraw",
    help=N_("Withdraw a request.\n\nExample: sopti request withdraw REG-2026-0001 --reason 'Tidak diperlukan lagi'"),
)
def withdraw(number: Number, reason: Reason, by: By = "", key: Key = "", as_json: Json = False) -> None:
    """Withdraw a request."""
    _act(number, "withdraw", by, key, {}, {"reason": reason})


def _act(number: str, name: str, by: str, key: str, data: dict[str, str], texts: dict[str, str]) -> None:
    from sopti_runner.services.planning import find

    here = house()
    request = find(here.books.court(), number)
    act(here, name, [request.id], by=by, key=key, data=data, texts=texts)
    say_recorded(here, request.id)
