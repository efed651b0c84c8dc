"""``sopti self``: sopti's own backup, recovery kit and restoration."""

from __future__ import annotations

from typing import Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Export, Json, Key
from sopti_runner.cli.proposals import put_forward
from sopti_runner.cli.session import house, me, person_named
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
    from sopti_runner.bootstrap.recovery import Recovery

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
        output.say(
            _(
                "Now make the recovery kit: without it nobody can open these backups when this machine is gone. "
                "Next: sopti self kit --help"
            )
        )
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


@app.command(
    "kit",
    help=N_(
        "Make the recovery kit: one sheet that opens the backups, for two sealed envelopes and their two recorded "
        "holders.\n\nExample: sopti self kit --holder Budi --holder Sari"
    ),
)
def kit(
    holder: Annotated[
        list[str], typer.Option("--holder", metavar="PERSON", help=N_("Who keeps a sealed copy; two of them."))
    ] = [],  # noqa: B006  Typer makes a list of its own for each call
    destroy: Annotated[
        bool, typer.Option("--destroy", help=N_("Remove the file after it was printed, instead of making one."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Make the recovery kit, or remove its file."""
    from sopti_runner.bootstrap.recovery import Recovery

    here = house()
    recovery = Recovery(here)
    if destroy:
        gone = recovery.destroy_kit()
        output.say(_("The file is gone.") if gone else _("There was no file to remove."))
        output.data({"destroyed": gone})
        return
    court = here.books.court()
    made = recovery.make_kit([person_named(here, court, name) for name in holder])
    output.say(
        _("Written: {file}. Only root can read it: it opens all backups.", file=output.whole(recovery.password.kit))
    )
    output.say(_("As root: print it twice, seal both, give them to {names}.", names=", ".join(made.holders.values())))
    output.say(_("Then remove the file: sopti self kit --destroy"))
    output.data({"file": str(recovery.password.kit), "digest": made.digest, "holders": list(made.holders)})


@app.command(
    "restore",
    help=N_(
        "On an empty machine: put ledger, keys and all else back from a backup.\n\n"
        "Example: sopti self restore /mnt/cadangan/sopti --password-file password.txt"
    ),
)
def restore(
    repository: Annotated[
        str, typer.Argument(metavar="REPOSITORY", help=N_("Where the backups are, as the recovery kit says."))
    ],
    password_file: Annotated[
        str, typer.Option("--password-file", metavar="FILE", help=N_("A file with the password of the recovery kit."))
    ],
    snapshot: Annotated[
        str, typer.Option(metavar="ID", help=N_("Not the newest snapshot, but this one."), show_default=False)
    ] = "",
    listed: Annotated[bool, typer.Option("--list", help=N_("List the snapshots there; put nothing back."))] = False,
    as_json: Json = False,
) -> None:
    """Put sopti's state back, or list what there is."""
    from sopti_runner.bootstrap.recovery import Recovery

    here = house()
    if listed:
        snapshots = Recovery(here).snapshots(repository, password_file)
        rows = [(one.id[:12], one.made_at.isoformat(timespec="seconds")) for one in snapshots]
        output.table([_("Snapshot"), _("Made")], rows)
        output.data([{"snapshot": one.id, "made_at": one.made_at} for one in snapshots])
        return
    with output.working(_("Putting back")) as progress:
        found, put = Recovery(here).restore(repository, password_file, snapshot, progress)
    output.say(
        _(
            "Put back: the ledger {log} as it was at {time}, {events} events.",
            log=put.log,
            time=put.made_at,
            events=put.size,
        )
    )
    output.say("  " + _("Ledger key: {vkey}", vkey=put.vkey))
    for path in put.beside:
        output.say(_("Put beside, for root to look through: {path}", path=output.whole(path)))
    output.say(_("Nothing is recorded until it was compared with what left the old machine. Next: sopti self resume"))
    output.data(
        {
            "log": put.log,
            "vkey": put.vkey,
            "snapshot": found.id,
            "made_at": put.made_at,
            "events": put.size,
            "checkpoint": put.checkpoint,
            "beside": list(put.beside),
        }
    )


@app.command(
    "resume",
    help=N_(
        "Compare a ledger that was put back with the newest checkpoint that left the machine, and propose to go on "
        "with it; another official confirms.\n\nExample: sopti self resume"
    ),
)
def resume(
    checkpoint: Annotated[
        str,
        typer.Option(
            "--checkpoint", metavar="FILE", help=N_("The newest checkpoint from a witness, a recap or another copy.")
        ),
    ] = "",
    accept_loss: Annotated[
        bool,
        typer.Option("--accept-loss", help=N_("Later events are lost for good; every later recap will say so.")),
    ] = False,
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Propose to go on with a copy."""
    from sopti_runner.services.self_restore import resume as prepared

    here = house()
    person = me(here, key)
    note = here.files.text(checkpoint) if checkpoint else ""
    statement = prepared(here.acts, person=person, words=here.words, note=note, accept_loss=accept_loss)
    put_forward(here, statement, key, export_to)


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):.1f}"
