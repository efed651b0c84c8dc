"""``sopti recap``: the month on one page."""

from __future__ import annotations

from typing import Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json
from sopti_runner.cli.session import file_named, house
from sopti_runner.errors import N_, UsageError

HELP = N_(
    "Make the recap of a month: one page PDF, and its figures with their events as JSON.\n\n"
    "Example: sopti recap 2026-11"
)


def recap(
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help=N_("The month, in the court's own zone."))],
    target: Annotated[
        str,
        typer.Option("--output", metavar="FILE.pdf", help=N_("Where to write it; otherwise into this folder.")),
    ] = "",
    as_json: Json = False,
) -> None:
    """Make a recap."""
    from sopti_runner.services.recapping import recap_month

    here = house()
    page = recap_month(here.books, month, verified=here.verify().verdict.value != "tampered")
    name = f"recap-{page.period}.pdf"
    path = file_named(target or name, name)
    beside = path.with_suffix(".json")
    if path == beside:
        raise UsageError(
            N_("The recap needs another name: its figures are written beside it, ending in .json"),
            on=target,
            expected=str(path.with_suffix(".pdf")),
            found=target,
        )
    here.files.write(path, here.documents.recap_pdf(page))
    here.files.write(beside, page.encode())
    output.say(_("Written: {file} and {figures}", file=output.whole(path), figures=output.whole(beside)))
    output.data({"file": str(path), "figures": str(beside), **page.to_data()})
