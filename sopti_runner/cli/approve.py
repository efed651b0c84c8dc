"""What officials decide: advice, approval, rejection, return, revocation (SOP B7, B8)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import By, Export, Import, Json, Key, Number, Reason
from sopti_runner.cli.session import act, bring_in, export, house, me, person_named
from sopti_runner.errors import N_, UsageError

CONSIDER = N_("Give advice on the plan (B7).\n\nExample: sopti consider REG-2026-0001 --advice approve --by Dewi")
APPROVE = N_(
    "Approve exactly the plan that the sheet shows (B8), or grant a list of requests without a technical change.\n\n"
    "Examples: sopti approve REG-2026-0001 --key sari | sopti approve REG-2026-0001 --by Sari --export approval.json | "
    "sopti approve --import approval.json.sig | sopti approve REG-2026-0001 --by Sari --paper scan.pdf --recorder Budi"
)
REJECT = N_("Reject a request.\n\nExample: sopti reject REG-2026-0001 --reason 'Tidak sesuai kebijakan' --by Sari")
RETURN = N_(
    "Return a request for completion.\n\nExample: sopti return REG-2026-0001 --reason 'Sebutkan alamatnya' --by Sari"
)
REVOKE = N_(
    "Withdraw an approval that was not used yet.\n\nExample: sopti revoke REG-2026-0001 --reason 'Ditunda' --key sari"
)


def consider(
    number: Number,
    advice: Annotated[str, typer.Option(help=N_("approve, approve_with_conditions, defer or decline."))],
    note: Annotated[str, typer.Option(help=N_("The advice in words."))] = "",
    by: By = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Give advice on the plan a request stands on."""
    from sopti_runner.services.planning import find

    here = house()
    request = find(here.books.court(), number)
    data = {"advice": advice, "plan": request.plan.digest if request.plan else ""}
    act(here, "consider", [request.id], by=by, key=key, data=data, texts={"advice_note": note})
    _said(here, request.id)


def approve(
    numbers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[REQUEST]...", help=N_("One planned request, or a list without technical change.")),
    ] = None,
    days: Annotated[int, typer.Option(help=N_("How many days the approval stays usable."))] = 7,
    paper: Annotated[
        str,
        typer.Option(
            "--paper",
            metavar="SCAN",
            help=N_("Signed by hand: the scan of the sheet; the key is the second person's."),
            show_default=False,
        ),
    ] = "",
    recorder: Annotated[
        str,
        typer.Option(
            "--recorder", metavar="PERSON", help=N_("With --paper: who brings the scan in."), show_default=False
        ),
    ] = "",
    by: By = "",
    key: Key = "",
    export_to: Export = "",
    signature: Import = "",
    as_json: Json = False,
) -> None:
    """Approve."""
    here = house()
    if signature:
        event = bring_in(here, signature, paper=bool(paper))[0]
        _said(here, event.subject)
        return
    if not numbers:
        raise UsageError(N_("Which request?"), next="sopti request list --open")
    court = here.books.court()
    person = person_named(here, court, by) if by else me(here, court, key)
    from sopti_runner.services.planning import find

    requests = [find(court, n) for n in numbers]
    if len(requests) > 1 or not requests[0].technical:
        waiting = here.approving.prepare_list(numbers, person=person)
    else:
        scan = _scan(paper)
        who = person_named(here, court, recorder) if recorder else ""
        waiting, _sheet = here.approving.prepare(numbers[0], person=person, days=days, recorder=who, scan=scan)
    output.say(waiting.display)
    if export_to:
        export(here, waiting, export_to)
        return
    events = here.acts.sign(waiting, here.signer(key)) if not paper else _by_paper(here, waiting, key)
    for event in events:
        _said(here, event.subject)


def _scan(paper: str) -> bytes:
    if not paper:
        return b""
    try:
        return Path(paper).read_bytes()
    except OSError as error:
        raise UsageError(N_("The scan can't be read"), on=paper, found=str(error.strerror)) from error


def _by_paper(here, waiting, key: str):  # type: ignore[no-untyped-def]  # House and its values load late
    from sopti_runner.domain.statement import Proof, ProofKind

    signer = here.signer(key)
    second = me(here, here.books.court(), key)
    proof = Proof(ProofKind.PAPER, second, signer.fingerprint, signer.sign(waiting.statement))
    return here.acts.record(waiting, proof)


def reject(number: Number, reason: Reason, by: By = "", key: Key = "", as_json: Json = False) -> None:
    """Reject a request."""
    _decide(number, "reject", reason, by, key)


def return_(number: Number, reason: Reason, by: By = "", key: Key = "", as_json: Json = False) -> None:
    """Return a request."""
    _decide(number, "return", reason, by, key)


def revoke(number: Number, reason: Reason, by: By = "", key: Key = "", as_json: Json = False) -> None:
    """Revoke an approval."""
    _decide(number, "revoke", reason, by, key)


def _decide(number: str, name: str, reason: str, by: str, key: str) -> None:
    from sopti_runner.services.planning import find

    here = house()
    request = find(here.books.court(), number)
    act(here, name, [request.id], by=by, key=key, texts={"reason": reason})
    _said(here, request.id)


def _said(here, ident: str) -> None:  # type: ignore[no-untyped-def]  # House loads late
    from sopti_runner.domain.request import STATE_WORDS

    request = here.books.court().requests[ident]
    output.say(_("Recorded: {number} is now {state}.", number=request.number, state=_(STATE_WORDS[request.state])))
    output.data({"request": request.number, "state": request.state.value, "approval": request.approval or None})
