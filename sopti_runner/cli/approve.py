"""What officials decide: advice, approval, rejection, return, revocation (SOP B7, B8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.deciding import Hand, decided, which
from sopti_runner.cli.names import act_words
from sopti_runner.cli.options import (
    By,
    Export,
    Import,
    Json,
    Key,
    Number,
    OptionalNumber,
    OptionalReason,
    Paper,
    Recorder,
)
from sopti_runner.cli.request_page import say_state
from sopti_runner.cli.session import act, house, prepared
from sopti_runner.errors import N_, UsageError

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.domain.ledger.event import Event
    from sopti_runner.ports import Waiting

OPEN = "sopti request list --open"
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
    _said(here, act(here, "consider", [request.id], by=by, key=key, data=data, texts={"advice_note": note}))


def approve(
    numbers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[REQUEST]...", help=N_("One planned request, or a list without technical change.")),
    ] = None,
    days: Annotated[int, typer.Option(min=1, help=N_("How many days the approval stays usable."))] = 7,
    paper: Paper = "",
    recorder: Recorder = "",
    by: By = "",
    key: Key = "",
    export_to: Export = "",
    signature: Import = "",
    as_json: Json = False,
) -> None:
    """Approve."""
    here, hand = house(), Hand(by, key, paper, recorder, export_to, signature)
    _said(here, decided(here, hand, ("approve", "grant"), lambda: _approval(here, numbers or [], days, hand)))


def _approval(here: House, numbers: Sequence[str], days: int, hand: Hand) -> Waiting:
    from sopti_runner.services.planning import find

    first = which(numbers[0] if numbers else "", OPEN)
    court = here.books.court()
    if days > court.policy.validity_days:
        raise UsageError(
            N_("The policy does not let an approval stay usable for so long"),
            on="--days",
            expected=f"1-{court.policy.validity_days}",
            found=str(days),
            next="sopti office policy",
        )
    person, page = hand.person(here), hand.page(here)
    requests = [find(court, n) for n in numbers]
    if len(requests) > 1 or not requests[0].technical:
        return here.approving.prepare_list(numbers, person=person, paper=page)
    return here.approving.prepare(first, person=person, days=days, paper=page)[0]


def reject(
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
    """Reject a request."""
    _decide("reject", number, reason, Hand(by, key, paper, recorder, export_to, signature))


def _deciding(name: str) -> Callable[..., None]:
    """Give the command of a decision that is never brought in on paper."""

    def command(
        number: OptionalNumber = "",
        reason: OptionalReason = "",
        by: By = "",
        key: Key = "",
        export_to: Export = "",
        signature: Import = "",
        as_json: Json = False,
    ) -> None:
        _decide(name, number, reason, Hand(by, key, export_to=export_to, signature=signature))

    return command


return_, revoke = _deciding("return"), _deciding("revoke")


def _decide(name: str, number: str, reason: str, hand: Hand) -> None:
    from sopti_runner.domain.plain import one_line
    from sopti_runner.services.planning import find

    here = house()

    def statement() -> Waiting:
        request = find(here.books.court(), which(number, OPEN))
        shown = f"{act_words(name)}: {request.number}\n{one_line(reason)}\n"
        page, texts = hand.page(here), {"reason": reason}
        return prepared(here, name, [request.id], by=hand.by, key=hand.key, texts=texts, display=shown, paper=page)

    _said(here, decided(here, hand, (name,), statement))


def _said(here: House, events: Sequence[Event]) -> None:
    if not events:
        return
    court, values = here.books.court(), []
    for event in events:
        request = court.requests[event.subject]
        say_state(request)
        values.append({"request": request.number, "state": request.state.value, "approval": request.approval or None})
    output.data(values[0] if len(values) == 1 else {"requests": values})
