"""``sopti host``: bring a host into the inventory with its key pinned."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json
from sopti_runner.cli.session import house
from sopti_runner.domain.host_name import inventory_file
from sopti_runner.errors import N_, UsageError

app = typer.Typer(
    help=N_("Hosts of the inventory.\n\nExample: sopti host add web1 192.0.2.10 --fingerprint SHA256:abc"),
    no_args_is_help=True,
)

ON_CONSOLE = N_(
    "on the host's own console, not over the network: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub; "
    "go on only when both are the same"
)
"""Where a fingerprint comes from. What the network showed is never offered to be typed: it may be a stranger's."""


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
    _require_new(here.settings.inventory / inventory_file(name), name)
    found = here.scan_host(address, port)
    if fingerprint and fingerprint != found.fingerprint:
        raise UsageError(
            N_("The host answers with another key than you compared; it was not added"),
            on=address,
            expected=fingerprint,
            found=found.fingerprint,
            next=ON_CONSOLE,
        )
    if not fingerprint:
        _compare(address, found.fingerprint)
    path = here.add_host(name, address=address, port=port, user=user, group=group, key=found)
    output.say(_("Written: {file}", file=output.whole(path)))
    output.data({"host": name, "file": str(path), "fingerprint": found.fingerprint})


def _require_new(file: Path, name: str) -> None:
    """Refuse a host that is in the inventory already, before anything is asked of the network."""
    if file.exists():
        raise UsageError(
            N_("This host is in the inventory already, with its key pinned"),
            on=name,
            found=str(file),
            next=N_("only if the host was replaced: remove that file, then add it again"),
        )


def _compare(address: str, fingerprint: str) -> None:
    """Let the person at this terminal compare the key; UsageError when there is nobody, or the keys differ."""
    if not sys.stdin.isatty():
        raise UsageError(
            N_("No fingerprint was given to compare the host's key with"),
            on=address,
            expected=N_("--fingerprint, as the host's own console shows it"),
            next=ON_CONSOLE,
        )
    output.say(_("{address} answers with the key {key}.", address=address, key=fingerprint))
    output.say(_("Compare it {console}.", console=_(ON_CONSOLE)))
    if not output.agreed(_("Does the host's own console show the same?")):
        raise UsageError(
            N_("The keys were not found to be the same; the host was not added"), on=address, next=ON_CONSOLE
        )
