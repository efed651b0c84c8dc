"""``sopti host``: bring a host into the inventory with its key pinned."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json
from sopti_runner.cli.session import house
from sopti_runner.errors import N_, UsageError

app = typer.Typer(
    help=N_("Hosts of the inventory.\n\nExample: sopti host add web1 192.0.2.10 --fingerprint SHA256:abc"),
    no_args_is_help=True,
)


@app.command(
    "add",
    help=N_("Add a host with its SSH key pinned.\n\nExample: sopti host add web1 192.0.2.10 --fingerprint SHA256:abc"),
)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help=N_("Inventory name."))],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help=N_("Name or address for SSH."))],
    fingerprint: Annotated[
        str,
        typer.Option(help=N_("As ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub prints it on the host's console.")),
    ] = "",
    port: Annotated[int, typer.Option(min=1, max=65535, help=N_("SSH port."))] = 22,
    user: Annotated[str, typer.Option(help=N_("Account on the host."))] = "root",
    group: Annotated[str, typer.Option(help=N_("Inventory group."))] = "servers",
    as_json: Json = False,
) -> None:
    """Add a host."""
    here = house()
    found = here.scan_host(address, port)
    if not fingerprint and sys.stdin.isatty():
        output.say(_("{address} answers with the key {key}.", address=address, key=found.fingerprint))
        typer.confirm(_("Does the host's own console show the same?"), abort=True)
    elif fingerprint != found.fingerprint:
        raise UsageError(
            N_("The host answers with another key"),
            on=address,
            expected=fingerprint or N_("--fingerprint, compared at the host's console"),
            found=found.fingerprint,
            next=f"sopti host add {name} {address} --fingerprint {found.fingerprint}",
        )
    path = here.add_host(name, address=address, port=port, user=user, group=group, key=found)
    output.say(_("Written: {file}", file=path))
    output.data({"host": name, "file": str(path), "fingerprint": found.fingerprint})
