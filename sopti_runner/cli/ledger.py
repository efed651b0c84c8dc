"""``sopti ledger``: care for the ledger, and let others check it."""

from __future__ import annotations

from typing import Annotated

import typer

from sopti_runner.cli import evidence, output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Export, Json, Key
from sopti_runner.cli.proposals import propose
from sopti_runner.cli.session import house
from sopti_runner.errors import N_, DeviationError, IntegrityError

app = typer.Typer(
    help=N_("The ledger: checkpoints, verification, bundles, proofs.\n\nExample: sopti ledger verify"),
    no_args_is_help=True,
)


@app.command(
    "checkpoint",
    help=N_(
        "Carry out what two officials agreed to erase, if that was interrupted; sign the ledger's end and send it off "
        "this machine.\n\nExample: sopti ledger checkpoint"
    ),
)
def checkpoint(as_json: Json = False) -> None:
    """Finish interrupted erasures and sign a checkpoint."""
    from sopti_runner.services.ledger_care import carry_out_erasures

    here = house()
    note, failed = here.books.checkpoint()
    if carry_out_erasures(here.books):
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
    "verify",
    help=N_(
        "Verify the live ledger: bytes, tree, checkpoints, texts, and whether each act was allowed.\n\n"
        "Example: sopti ledger verify --trust trust.json"
    ),
)
def verify(
    trust: Annotated[
        str, typer.Option("--trust", metavar="FILE", help=N_("The auditor's own trust file."), show_default=False)
    ] = "",
    as_json: Json = False,
) -> None:
    """Verify the ledger."""
    from sopti_runner.domain.ledger.verdict_text import as_data, lines

    here = house()
    found = here.verify(trust)
    output.data(as_data(found))
    for line in lines(found, _):
        output.say(line)
    if found.verdict.value == "tampered":
        raise IntegrityError(
            N_("The ledger is not what it was"),
            on=here.store.log,
            found=N_("first bad event {seq}") if found.first_bad is not None else N_("not in its events: see above"),
            next="docs/runbooks/ledger-does-not-verify.md",
            seq=found.first_bad,
        )


app.command("proof", help=evidence.PROOF)(evidence.proof)
app.command("check-proof", help=evidence.CHECK_PROOF)(evidence.check_proof)
app.command("export", help=evidence.EXPORT)(evidence.export)
app.command("trust", help=evidence.TRUST)(evidence.trust)
app.command("ask-witness", help=evidence.ASK_WITNESS)(evidence.ask_witness)
app.command("cosign", help=evidence.COSIGN)(evidence.cosign)
app.command("cosigned", help=evidence.COSIGNED)(evidence.cosigned)
