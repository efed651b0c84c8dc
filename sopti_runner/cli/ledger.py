"""``sopti ledger``: care for the ledger, and let others check it."""

from __future__ import annotations

from typing import Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.office import propose
from sopti_runner.cli.options import Export, Json, Key
from sopti_runner.cli.session import house
from sopti_runner.errors import N_, DeviationError

app = typer.Typer(
    help=N_("The ledger: checkpoints, verification, bundles, proofs.\n\nExample: sopti ledger verify"),
    no_args_is_help=True,
)


@app.command(
    "checkpoint",
    help=N_("Sign the ledger's end and send it off this machine.\n\nExample: sopti ledger checkpoint"),
)
def checkpoint(as_json: Json = False) -> None:
    """Sign a checkpoint."""
    here = house()
    note, failed = here.books.checkpoint()
    output.say(note.rstrip())
    for line in failed:
        output.say(_("Warning: {why}", why=line))
    output.data({"note": note, "failed": list(failed)})


@app.command(
    "rebuild",
    help=N_(
        "Make everything that is derived from the events anew and say what differed.\n\nExample: sopti ledger rebuild"
    ),
)
def rebuild(as_json: Json = False) -> None:
    """Rebuild the projections."""
    differences = list(house().store.rebuild())
    for line in differences:
        output.say(line)
    output.data({"differences": differences})
    if differences:
        raise DeviationError(
            N_("Derived tables differed from the events and were made anew"),
            found=str(len(differences)),
            next="sopti ledger verify",
        )
    output.say(_("Everything derived agrees with the events."))


@app.command(
    "erase",
    help=N_("Propose to erase a name or text; the tree stays provable.\n\nExample: sopti ledger erase 3f…"),
)
def erase(
    digest: Annotated[
        str, typer.Argument(metavar="DIGEST", help=N_("As sopti trace --json names the blob: 64 hex digits."))
    ],
    key: Key = "",
    export_to: Export = "",
    as_json: Json = False,
) -> None:
    """Propose an erasure."""
    propose("erase", {"digest": digest}, key, export_to)


@app.command(
    "clock-correct",
    help=N_(
        "Propose that the clock is right now, after it was wrong; another official confirms.\n\n"
        "Example: sopti ledger clock-correct"
    ),
)
def clock_correct(key: Key = "", export_to: Export = "", as_json: Json = False) -> None:
    """Propose a clock correction."""
    propose("clock", {}, key, export_to)


@app.command(
    "proof",
    help=N_("Prove that an event is in the ledger.\n\nExample: sopti ledger proof 12"),
)
def proof(
    seq: Annotated[int, typer.Argument(metavar="EVENT", help=N_("Its number in the ledger."))], as_json: Json = False
) -> None:
    """Give an inclusion proof."""
    from sopti_runner.services.ledger_care import inclusion_proof

    here = house()
    event, size, path = inclusion_proof(here.books, seq)
    hashes = [h.hex() for h in path]
    output.say(f"{_('Event')} {seq} {_('of')} {size}: {event.leaf.hex()}")
    for line in hashes:
        output.say(f"  {line}")
    output.data(
        {
            "seq": seq,
            "size": size,
            "leaf": event.leaf.hex(),
            "proof": hashes,
            "root": here.store.head().root.hex(),
            "body": event.body.decode(),
        }
    )
