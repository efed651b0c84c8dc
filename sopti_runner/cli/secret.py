"""``sopti secret``: what runs need and nobody is shown; a plan names a secret and is bound to its value by a digest."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json
from sopti_runner.cli.session import house
from sopti_runner.errors import N_

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.services.books import Books

app = typer.Typer(
    help=N_("Secrets that playbooks are given by name.\n\nExample: sopti secret set db-application"),
    no_args_is_help=True,
)
RECORDED: Mapping[str, str] = {
    "same": N_("as recorded"),
    "other": N_("NOT as recorded: changed without sopti"),
    "other_key": N_("recorded under another HMAC key: set it again"),
    "nothing": N_("not recorded"),
}
Name = Annotated[str, typer.Argument(metavar="NAME", help=N_("Name of the secret; plans show it."))]


@app.command(
    "set",
    help=N_(
        "Keep a secret, or replace it; its value is asked for unseen, or read from standard input. Plans made with the "
        "value before are void.\n\nExample: sopti secret set db-application < password.txt"
    ),
)
def set_(name: Name, as_json: Json = False) -> None:
    """Keep a secret."""
    from getpass import getpass

    from sopti_runner.services.secret_keeping import keep

    here = house()
    value = getpass(_("Value of the secret (not shown): ")) if sys.stdin.isatty() else sys.stdin.read()
    keep(_books(here), here.secrets, name, value)
    output.say(_("Kept. In a plan it is named: --var VARIABLE={name}", name=name))
    output.data({"secret": name})


@app.command(
    "list",
    help=N_(
        "List secrets, and whether each is what the ledger says was kept; values are never shown.\n\n"
        "Example: sopti secret list"
    ),
)
def list_(as_json: Json = False) -> None:
    """List secrets."""
    from sopti_runner.services.secret_keeping import listed

    here = house()
    books = _books(here)
    found = listed(books, here.secrets)
    zone = books.court().zone if books else None
    if found:
        output.table(
            [_("Name"), _("Kept"), _("Value")],
            [(s.name, here.words.moment(s.at, zone) if s.at and zone else "–", _(RECORDED[s.recorded])) for s in found],
        )
    else:
        output.say(_("There are no secrets."))
    output.data([{"secret": s.name, "recorded": s.recorded, "at": s.at.isoformat() if s.at else None} for s in found])


@app.command("forget", help=N_("Remove a secret from this machine.\n\nExample: sopti secret forget db-application"))
def forget(name: Name, as_json: Json = False) -> None:
    """Remove a secret."""
    from sopti_runner.services.secret_keeping import forget as forget_secret

    here = house()
    forget_secret(_books(here), here.secrets, name)
    output.say(_("Forgotten; plans that name it can no longer be carried out."))
    output.data({"secret": name, "forgotten": True})


def _books(here: House) -> Books | None:
    """Give the books to record in; None where no court was founded yet."""
    return here.books if here.founded() else None
