"""``sopti self``: sopti's own backup, recovery kit and restoration."""

from __future__ import annotations

from typing import Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json
from sopti_runner.cli.session import house
from sopti_runner.errors import N_

app = typer.Typer(
    help=N_("sopti's own backup and recovery.\n\nExample: sopti self backup"),
    no_args_is_help=True,
)


@app.command(
    "backup",
    help=N_(
        "Back up ledger, keys, sealed copies, settings and inventory, encrypted, to the repository that the settings "
        "name, and read it back.\n\nExample: sopti self backup"
    ),
)
def backup(
    new: Annotated[
        bool, typer.Option("--new-repository", help=N_("The very first time: make password and repository."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Back sopti up."""
    from sopti_runner.recovery import Recovery

    here = house()
    with output.working(_("Backing up")) as progress:
        made = Recovery(here).back_up(progress, new=new)
    output.say(
        _(
            "Backed up and read back: {events} events, {size} MiB ({added} MiB new), snapshot {snapshot}.",
            events=made.size,
            size=_mebibytes(made.total_bytes),
            added=_mebibytes(made.added_bytes),
            snapshot=made.snapshot,
        )
    )
    for line in made.unprotected:
        output.say(_("Warning: {why}", why=line))
    if new:
        output.say(_("Now make the recovery kit: without it nobody can open these backups when this machine is gone."))
    output.data(
        {
            "backup": made.id,
            "snapshot": made.snapshot,
            "events": made.size,
            "bytes": made.total_bytes,
            "added_bytes": made.added_bytes,
            "failed": list(made.unprotected),
        }
    )


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):.1f}"
