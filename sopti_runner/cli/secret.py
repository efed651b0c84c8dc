"""``sopti secret``: what runs need and nobody is shown; a plan names a secret and is bound to its value by a digest."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json
from sopti_runner.cli.session import house
from sopti_runner.errors import N_

app = typer.Typer(
    help=N_("Secrets that playbooks are given by name.\n\nExample: sopti secret set db-application"),
    no_args_is_help=True,
)
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

    here = house()
    value = getpass(_("Value of the secret (not shown): ")) if sys.stdin.isatty() else sys.stdin.read()
    here.secrets.put(name, value)
    output.say(_("Kept. In a plan it is named: --var VARIABLE={name}", name=name))
    output.data({"secret": name})


@app.command("list", help=N_("List the names of secrets; values are never shown.\n\nExample: sopti secret list"))
def list_(as_json: Json = False) -> None:
    """List secrets."""
    names = list(house().secrets.names())
    for name in names:
        output.say(name)
    if not names:
        output.say(_("There are no secrets."))
    output.data(names)


@app.command("forget", help=N_("Remove a secret from this machine.\n\nExample: sopti secret forget db-application"))
def forget(name: Name, as_json: Json = False) -> None:
    """Remove a secret."""
    house().secrets.drop(name)
    output.say(_("Forgotten; plans that name it can no longer be carried out."))
    output.data({"secret": name, "forgotten": True})
