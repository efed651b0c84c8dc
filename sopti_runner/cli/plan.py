"""``sopti plan``: what would happen on the hosts, for experts and for officials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json, Key, Number
from sopti_runner.cli.request_page import say_next
from sopti_runner.cli.session import house
from sopti_runner.errors import N_

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House

HELP = N_(
    "Plan a request on its real hosts, or show the plan it stands on.\n\n"
    "Examples: sopti plan REG-2026-0001 configure-firewall --limit web1 --var host_firewall_ssh_port=22 | "
    "sopti plan REG-2026-0001 | sopti plan REG-2026-0001 --print approval-sheet.pdf"
)


def plan(
    number: Number,
    playbook: Annotated[
        str, typer.Argument(metavar="[PLAYBOOK]", help=N_("Name of the playbook; none shows the plan there is."))
    ] = "",
    limit: Annotated[
        list[str] | None, typer.Option("--limit", metavar="HOST", help=N_("Only this host; may be repeated."))
    ] = None,
    var: Annotated[
        list[str] | None,
        typer.Option("--var", metavar="NAME=VALUE", help=N_("A variable; the value is YAML; may be repeated.")),
    ] = None,
    vars_file: Annotated[str, typer.Option("--vars-file", metavar="FILE", help=N_("A YAML file of variables."))] = "",
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help=N_("Only tasks with this tag; may be repeated."))
    ] = None,
    print_to: Annotated[
        str,
        typer.Option(
            "--print", metavar="FILE.pdf|-", help=N_("Print the one-page approval sheet: a PDF, or - for the terminal.")
        ),
    ] = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Plan, or show a plan."""
    here = house()
    if playbook:
        variables = here.variables(var or [], vars_file)
        with output.working(_("Planning {number}: check mode on the real hosts", number=number)) as progress:
            planned = here.plan(
                number=number,
                playbook=playbook,
                limit=limit or [],
                variables=variables,
                tags=tag or [],
                key=key,
                progress=progress,
            )
        if planned.kept:
            output.say(_("The plan is the same as before; advice and approval stay."))
    if print_to:
        _print(here, number, print_to)
        return
    _show(here, number)


def _show(here: House, number: str) -> None:
    from sopti_runner.domain.plan import RecordClass, plan_digest, sealed
    from sopti_runner.domain.plan_text import plan_text
    from sopti_runner.services.planning import find, stored_plan

    request = find(here.books.court(), number)
    made = stored_plan(here.books, request)
    if not output.as_json():
        output.coloured(plan_text(made, plan_digest(made).hex(), here.words))
        output.say(_("The page for officials: sopti plan {number} --print -", number=request.number))
        say_next(request)
    weaker = here.books.court().access.weaker(made.hosts)
    if weaker:
        output.say(_("Weaker, because a standing key opens them: {hosts}", hosts=", ".join(weaker)))
    output.data(
        {
            "request": request.number,
            "plan": request.plan.digest if request.plan else None,
            "approvable": not made.failed,
            "counts": {k.value: len(made.of(k)) for k in RecordClass},
            "sealed": sealed(made),
            "standing_key_opens": list(weaker),
        }
    )


def _print(here: House, number: str, target: str) -> None:
    from sopti_runner.domain.approval_sheet import display_text

    sheet = here.approving.sheet(number)
    if target == "-":
        output.say(display_text(sheet, here.words))
        return
    here.files.write(target, here.documents.approval_sheet_pdf(sheet))
    output.say(_("Written: {file}", file=output.whole(target)))
    output.data({"file": target})
