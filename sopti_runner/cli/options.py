"""Options that many commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from sopti_runner.errors import N_

Json = Annotated[bool, typer.Option("--json", help=N_("Print JSON for programs instead of text."))]
Key = Annotated[
    str,
    typer.Option(
        "--key",
        metavar="FILE",
        help=N_("Your SSH key; otherwise SOPTI_KEY, then ~/.ssh/id_ed25519."),
        show_default=False,
    ),
]
By = Annotated[
    str,
    typer.Option(
        "--by",
        metavar="PERSON",
        help=N_("Who acts, by name or id, when it is not the owner of the key: you attest it."),
        show_default=False,
    ),
]
Number = Annotated[str, typer.Argument(metavar="REQUEST", help=N_("Registration number, for example REG-2026-0001."))]
OptionalNumber = Annotated[
    str, typer.Argument(metavar="[REQUEST]", help=N_("Registration number; none with --import."), show_default=False)
]
RunNamed = Annotated[
    str,
    typer.Argument(
        metavar="[RUN|REQUEST]", help=N_("A run's id or its beginning, or a request; without it, the newest run.")
    ),
]
OptionalReason = Annotated[
    str, typer.Option("--reason", help=N_("Why; kept beside the ledger and erasable."), show_default=False)
]
Reason = Annotated[str, typer.Option("--reason", help=N_("Why; kept beside the ledger and erasable."))]
Export = Annotated[
    str,
    typer.Option(
        "--export",
        metavar="FILE",
        help=N_("Write the statement to FILE, to be signed on the person's own machine."),
        show_default=False,
    ),
]
Paper = Annotated[
    str,
    typer.Option(
        "--paper",
        metavar="SCAN",
        help=N_("Signed by hand: the scan of the signed page; the key is the second person's."),
        show_default=False,
    ),
]
Recorder = Annotated[
    str,
    typer.Option("--recorder", metavar="PERSON", help=N_("With --paper: who brings the scan in."), show_default=False),
]
Import = Annotated[
    str,
    typer.Option(
        "--import", metavar="FILE.sig", help=N_("Bring in the signature of an exported statement."), show_default=False
    ),
]
