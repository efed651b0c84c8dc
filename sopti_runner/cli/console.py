"""``sopti access seal`` and ``sopti access prove``: the sealed way in by a host's console."""

from __future__ import annotations

from typing import Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json
from sopti_runner.cli.session import house, person_named
from sopti_runner.errors import N_

PLAYBOOK = "set-console-access"
SEAL = N_(
    "Seal a host's console: make a password, keep its hash as a secret, print the slip for the envelope. An envelope "
    "that was sealed before is void.\n\nExample: sopti access seal web1 --holder Sari --output /dev/shm/web1.pdf"
)
PROVE = N_(
    "Prove a host's console: read in the host's own log that somebody has logged in there with the sealed password and "
    "become root.\n\nExample: sopti access prove web1"
)
HostName = Annotated[str, typer.Argument(metavar="HOST", help=N_("A host of the inventory."))]


def seal(
    host: HostName,
    holder: Annotated[
        list[str], typer.Option("--holder", metavar="PERSON", help=N_("Who keeps the envelope; may be repeated."))
    ],
    out: Annotated[
        str, typer.Option("--output", metavar="FILE", help=N_("The slip as PDF, in memory and on no disk: /dev/shm/…"))
    ],
    as_json: Json = False,
) -> None:
    """Seal a console."""
    from sopti_runner.bootstrap.consoles import seal_console
    from sopti_runner.domain.console import secret_of

    here = house()
    court = here.books.court()
    slip = seal_console(here, host, [person_named(here, court, name) for name in holder], out)
    given = f"--limit {host} --var console_access_password={secret_of(host)}"
    output.say(
        _("Written: {file}. Print it once, then remove the file: it opens {host}.", file=output.whole(out), host=host)
    )
    output.say(_("Next: sopti plan REQUEST {playbook} {given}", playbook=PLAYBOOK, given=given))
    output.say(
        _(
            "After that run: log in at the console with the slip, sudo id, log out; then sopti access prove {host}",
            host=host,
        )
    )
    output.say(_("Then seal the slip into an envelope for {names}.", names=", ".join(slip.holders.values())))
    output.data(
        {"host": host, "file": out, "secret": secret_of(host), "digest": slip.digest, "holders": list(slip.holders)}
    )


def prove(host: HostName, as_json: Json = False) -> None:
    """Prove a console."""
    from sopti_runner.bootstrap.consoles import prove_console

    here = house()
    with output.working(_("Reading the hosts' own logs")):
        console = prove_console(here, host)
    at = here.words.moment(console.proofs[-1], here.books.court().zone)
    output.say(_("The console of {host} is proven: login on {when}, then root.", host=host, when=at))
    output.say(_("Now seal the slip into its envelope. Whoever opens it ends this proof."))
    output.data({"host": host, "login": console.proofs[-1].isoformat(), "holders": list(console.holders)})
