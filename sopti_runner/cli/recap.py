"""``sopti recap``: the month on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json
from sopti_runner.cli.session import house
from sopti_runner.errors import N_, ReportError

HELP = N_(
    "Make the recap of a month: one page PDF, and its figures with their events as JSON.\n\n"
    "Example: sopti recap 2026-11"
)


def recap(
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help=N_("The month, in the court's own zone."))],
    target: Annotated[
        str,
        typer.Option("--output", metavar="FILE.pdf", help=N_("Where to write it; otherwise into the state folder.")),
    ] = "",
    as_json: Json = False,
) -> None:
    """Make a recap."""
    from sopti_runner.services.recapping import recap_month

    here = house()
    page = recap_month(here.books, month, verified=here.verifies())
    path = Path(target) if target else here.settings.state_dir / "reports" / f"recap-{page.period}.pdf"
    beside = path.with_suffix(".json")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(here.documents.recap_pdf(page))
        beside.write_bytes(page.encode())
    except OSError as error:
        raise ReportError(N_("The recap can't be written"), on=str(path), found=str(error.strerror)) from error
    output.say(_("Written: {file} and {figures}", file=path, figures=beside.name))
    output.data({"file": str(path), "figures": str(beside), **page.to_data()})
