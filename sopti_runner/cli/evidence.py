"""What auditors and witnesses are given and give back: bundle, trust file, proof of an event, cosigned checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json
from sopti_runner.cli.session import house
from sopti_runner.errors import N_, IntegrityError

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House

PROOF = N_(
    "Prove to somebody who gets nothing else that an event is in the ledger.\n\n"
    "Example: sopti ledger proof 12 event-12.tlog-proof"
)
CHECK_PROOF = N_(
    "Check a proof with your own trust file; no ledger is needed.\n\n"
    "Example: sopti ledger check-proof event-12.tlog-proof --trust trust.json"
)
EXPORT = N_(
    "Write the evidence bundle for an auditor: events, texts, checkpoints, and the verifier that needs no sopti."
    "\n\nExample: sopti ledger export bundle.zip"
)
TRUST = N_(
    "Write what an auditor keeps: keys and the newest checkpoint. It counts once compared with paper and kept off "
    "this machine.\n\nExample: sopti ledger trust trust.json"
)
ASK_WITNESS = N_(
    "Write a request for a witness to cosign the newest checkpoint.\n\nExample: sopti ledger ask-witness req.txt"
)
COSIGN = N_(
    "As the witness, on the witness's own machine: cosign a request; refuses rollback and forks.\n\n"
    "Example: sopti ledger cosign req.txt --log 'sopti.example/ledger+ab+Bc' --name pt.example/w1 --folder witness"
)
COSIGNED = N_("Bring in a cosigned checkpoint.\n\nExample: sopti ledger cosigned req.txt.cosigned")


def proof(
    seq: Annotated[int, typer.Argument(metavar="EVENT", help=N_("Its number in the ledger."))],
    target: Annotated[
        str, typer.Argument(metavar="[FILE]", help=N_("Where to write it; else it is printed."), show_default=False)
    ] = "",
    as_json: Json = False,
) -> None:
    """Give an inclusion proof with the event and a signed checkpoint."""
    from sopti_runner.services.ledger_care import event_proof

    here = house()
    made = event_proof(here.books, seq)
    if target:
        _write(here, target, str(made))
    else:
        output.say(str(made).rstrip())
    output.data({"event": seq, "body": made.body.decode(), "proof": str(made)})


def check_proof(
    file: Annotated[str, typer.Argument(metavar="FILE", help=N_("The proof."))],
    trust: Annotated[str, typer.Option("--trust", metavar="FILE", help=N_("The auditor's own trust file."))],
    as_json: Json = False,
) -> None:
    """Check an inclusion proof."""
    from sopti_runner.domain.ledger import proof as proofs
    from sopti_runner.domain.ledger.trust import parse_trust

    here = house()
    brought = parse_trust(here.files.read(trust), on=trust)
    try:
        event, checkpoint = proofs.check_proof(proofs.parse_proof(here.files.text(file)), brought)
    except (ValueError, IntegrityError) as error:
        raise IntegrityError(
            N_("This proves nothing"),
            on=file,
            expected=N_("what sopti ledger proof writes, signed by a key of the trust file"),
            found=getattr(error, "what", str(error)),
            next=N_("ask for the proof again; compare the trust file with your paper"),
            **getattr(error, "fields", {}),
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


def export(
    target: Annotated[str, typer.Argument(metavar="FILE.zip", help=N_("A new file."))], as_json: Json = False
) -> None:
    """Export a bundle."""
    here = house()
    count, signed = here.export_bundle(target)
    if not signed:
        output.say(_("Warning: {why}", why=_("the bundle's end could not be signed; sopti doctor says why")))
    output.say(
        _(
            "Written: {file}, {count} events. It holds names and texts: hand it only to the auditor.",
            file=output.whole(target),
            count=count,
        )
    )
    output.say(_("To check it anywhere: python3 sopti_verify.py {file} --trust TRUST.json", file=target))
    output.data({"file": target, "events": count, "signed": signed})


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


def ask_witness(
    target: Annotated[str, typer.Argument(metavar="FILE", help=N_("Where to write it."))],
    old: Annotated[int | None, typer.Option(help=N_("Size the witness remembers, when it said so."))] = None,
    as_json: Json = False,
) -> None:
    """Ask a witness."""
    from sopti_runner.services.witnessing import ask_witness as asked

    here = house()
    _write(here, target, asked(here.books, old))
    output.data({"file": target})


def cosign(
    request: Annotated[str, typer.Argument(metavar="FILE", help=N_("The request."))],
    log: Annotated[str, typer.Option(metavar="VKEY", help=N_("The log's verifier key, from your own paper."))],
    name: Annotated[str, typer.Option(help=N_("The witness's name in notes."))],
    folder: Annotated[str, typer.Option(help=N_("Where the witness keeps its key and its memory."))],
    as_json: Json = False,
) -> None:
    """Cosign a checkpoint."""
    here = house()
    note, vkey = here.cosign(request, log=log, name=name, folder=folder)
    _write(here, f"{request}.cosigned", note)
    output.say(_("Witness key, for sopti office witness: {vkey}", vkey=vkey))
    output.data({"file": f"{request}.cosigned", "vkey": vkey})


def cosigned(
    file: Annotated[str, typer.Argument(metavar="FILE", help=N_("What the witness gave back."))], as_json: Json = False
) -> None:
    """Accept a cosigned checkpoint."""
    from sopti_runner.services.witnessing import accept_cosigned

    here = house()
    event = accept_cosigned(here.books, here.files.text(file))
    output.say(_("Kept: the first {size} events are witnessed.", size=event.data["size"]))
    output.data(dict(event.data))


def _write(here: House, target: str, text: str) -> None:
    """Write a text file; UsageError when it can't be."""
    here.files.write(target, text.encode())
    output.say(_("Written: {file}", file=output.whole(target)))
