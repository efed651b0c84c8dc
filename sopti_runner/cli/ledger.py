"""``sopti ledger``: care for the ledger, and let others check it."""

from __future__ import annotations

from typing import Annotated

import typer

from sopti_runner.cli import output
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
    "proof",
    help=N_(
        "Prove to somebody who gets nothing else that an event is in the ledger.\n\n"
        "Example: sopti ledger proof 12 event-12.tlog-proof"
    ),
)
def proof(
    seq: Annotated[int, typer.Argument(metavar="EVENT", help=N_("Its number in the ledger."))],
    target: Annotated[
        str, typer.Argument(metavar="[FILE]", help=N_("Where to write it; else it is printed."), show_default=False)
    ] = "",
    as_json: Json = False,
) -> None:
    """Give an inclusion proof with the event and a signed checkpoint."""
    from sopti_runner.services.ledger_care import event_proof

    made = event_proof(house().books, seq)
    if target:
        write(target, str(made))
    else:
        output.say(str(made).rstrip())
    output.data({"event": seq, "body": made.body.decode(), "proof": str(made)})


@app.command(
    "check-proof",
    help=N_(
        "Check a proof with your own trust file; no ledger is needed.\n\n"
        "Example: sopti ledger check-proof event-12.tlog-proof --trust trust.json"
    ),
)
def check_proof(
    file: Annotated[str, typer.Argument(metavar="FILE", help=N_("The proof."))],
    trust: Annotated[str, typer.Option("--trust", metavar="FILE", help=N_("The auditor's own trust file."))],
    as_json: Json = False,
) -> None:
    """Check an inclusion proof."""
    from sopti_runner.domain.ledger import proof as proofs
    from sopti_runner.domain.ledger.trust import parse_trust

    house()
    brought = parse_trust(read(trust).encode(), on=trust)
    try:
        event, checkpoint = proofs.check_proof(proofs.parse_proof(read(file)), brought)
    except (ValueError, IntegrityError) as error:
        raise IntegrityError(
            N_("This proves nothing"),
            on=file,
            expected=N_("what sopti ledger proof writes, signed by a key of the trust file"),
            found=str(error),
            next=N_("ask for the proof again; compare the trust file with your paper"),
        ) from error
    output.say(
        _(
            "Proven: event {seq} ({type}, {time}) is in the ledger {log}, under the checkpoint over {size} events.",
            seq=event.seq,
            type=event.type,
            time=event.time.isoformat(),
            log=event.log,
            size=checkpoint.size,
        )
    )
    output.data({"event": event.seq, "log": event.log, "size": checkpoint.size, "body": event.body.decode()})


Trust = Annotated[
    str, typer.Option("--trust", metavar="FILE", help=N_("The auditor's own trust file."), show_default=False)
]


@app.command(
    "verify",
    help=N_(
        "Verify the live ledger: bytes, tree, checkpoints, texts, and whether each act was allowed.\n\n"
        "Example: sopti ledger verify --trust trust.json"
    ),
)
def verify(trust: Trust = "", as_json: Json = False) -> None:
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


@app.command(
    "export",
    help=N_(
        "Write the evidence bundle for an auditor: events, texts, checkpoints, and the verifier that needs no sopti."
        "\n\nExample: sopti ledger export bundle.zip"
    ),
)
def export(
    target: Annotated[str, typer.Argument(metavar="FILE.zip", help=N_("A new file."))], as_json: Json = False
) -> None:
    """Export a bundle."""
    here = house()
    count, signed = here.export_bundle(target)
    if not signed:
        output.say(_("Warning: {why}", why=_("the bundle's end could not be signed; sopti ledger verify says why")))
    output.say(
        _(
            "Written: {file}, {count} events. It holds names and texts: hand it only to the auditor.",
            file=output.whole(target),
            count=count,
        )
    )
    output.say(_("To check it anywhere: python3 sopti_verify.py {file} --trust TRUST.json", file=target))
    output.data({"file": target, "events": count, "signed": signed})


@app.command(
    "trust",
    help=N_(
        "Write what an auditor keeps: keys and the newest checkpoint. It counts once compared with paper and kept off "
        "this machine.\n\nExample: sopti ledger trust trust.json"
    ),
)
def trust(
    target: Annotated[str, typer.Argument(metavar="FILE.json", help=N_("Where to write it."))], as_json: Json = False
) -> None:
    """Write the trust file."""
    here = house()
    here.write_trust(target)
    output.say(
        _(
            "Written: {file}. Compare its keys with the founding minutes, then keep it where sopti can't reach it.",
            file=output.whole(target),
        )
    )
    output.data({"file": target})


@app.command(
    "ask-witness",
    help=N_(
        "Write a request for a witness to cosign the newest checkpoint.\n\nExample: sopti ledger ask-witness req.txt"
    ),
)
def ask_witness(
    target: Annotated[str, typer.Argument(metavar="FILE", help=N_("Where to write it."))],
    old: Annotated[int | None, typer.Option(help=N_("Size the witness remembers, when it said so."))] = None,
    as_json: Json = False,
) -> None:
    """Ask a witness."""
    from sopti_runner.services.witnessing import ask_witness as asked

    write(target, asked(house().books, old))
    output.data({"file": target})


@app.command(
    "cosign",
    help=N_(
        "As the witness, on the witness's own machine: cosign a request; refuses rollback and forks.\n\n"
        "Example: sopti ledger cosign req.txt --log 'sopti.example/ledger+ab+Bc' --name pt.example/w1 --folder witness"
    ),
)
def cosign(
    request: Annotated[str, typer.Argument(metavar="FILE", help=N_("The request."))],
    log: Annotated[str, typer.Option(metavar="VKEY", help=N_("The log's verifier key, from your own paper."))],
    name: Annotated[str, typer.Option(help=N_("The witness's name in notes."))],
    folder: Annotated[str, typer.Option(help=N_("Where the witness keeps its key and its memory."))],
    as_json: Json = False,
) -> None:
    """Cosign a checkpoint."""
    note, vkey = house().cosign(request, log=log, name=name, folder=folder)
    write(f"{request}.cosigned", note)
    output.say(_("Witness key, for sopti office witness: {vkey}", vkey=vkey))
    output.data({"file": f"{request}.cosigned", "vkey": vkey})


@app.command("cosigned", help=N_("Bring in a cosigned checkpoint.\n\nExample: sopti ledger cosigned req.txt.cosigned"))
def cosigned(
    file: Annotated[str, typer.Argument(metavar="FILE", help=N_("What the witness gave back."))], as_json: Json = False
) -> None:
    """Accept a cosigned checkpoint."""
    from sopti_runner.services.witnessing import accept_cosigned

    event = accept_cosigned(house().books, read(file))
    output.say(_("Kept: the first {size} events are witnessed.", size=event.data["size"]))
    output.data(dict(event.data))


def write(target: str, text: str) -> None:
    """Write a text file; UsageError when it can't be."""
    house().files.write(target, text.encode())
    output.say(_("Written: {file}", file=output.whole(target)))


def read(file: str) -> str:
    """Read a text file; UsageError when it can't be."""
    return house().files.text(file)
