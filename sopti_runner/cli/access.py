"""``sopti access``: the gate as certificate authority for hosts, and how each host lets sopti in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json
from sopti_runner.cli.session import file_named, house
from sopti_runner.errors import N_

if TYPE_CHECKING:
    from sopti_runner.domain.access import Way

PLAYBOOK = "set-ssh-access"
app = typer.Typer(
    help=N_("Ways into hosts: certificates for each run instead of a standing key.\n\nExample: sopti access show"),
    no_args_is_help=True,
)
Hosts = Annotated[
    list[str] | None, typer.Argument(metavar="[HOST]...", help=N_("Only these hosts; none means all of them."))
]


@app.command("init", help=N_("Make the certificate authority.\n\nExample: sopti access init"))
def init(as_json: Json = False) -> None:
    """Make the authority."""
    fingerprint = house().access.found()
    output.say(_("The certificate authority is made: {fingerprint}", fingerprint=fingerprint))
    output.say(_("Next: sopti access show"))
    output.data({"authority": fingerprint})


@app.command("show", help=N_("Show the authority, and how each host lets sopti in.\n\nExample: sopti access show"))
def show(as_json: Json = False) -> None:
    """Show the authority and the hosts."""
    here = house()
    court = here.books.court()
    access = court.access
    hosts = here.doors.hosts()
    for authority in access.in_use:
        output.say(_("Certificate authority: {fingerprint}", fingerprint=authority.fingerprint))
    if not access.in_use:
        output.say(_("There is no certificate authority yet: sopti access init"))
    output.table(
        [_("Host"), _("Way in"), _("Tried")],
        [
            (h, _way(access.ways.get(h)), here.words.moment(access.ways[h].at, court.zone) if h in access.ways else "–")
            for h in hosts
        ],
    )
    weaker = access.weaker(hosts)
    if weaker:
        output.say(_("Weaker, because a standing key opens them: {hosts}", hosts=", ".join(weaker)))
    output.data(
        {
            "authorities": [a.fingerprint for a in access.in_use],
            "hosts": {h: _as_data(access.ways.get(h)) for h in hosts},
            "weaker": list(weaker),
        }
    )


@app.command(
    "check", help=N_("Try how hosts let sopti in, and record what was found.\n\nExample: sopti access check web1")
)
def check(hosts: Hosts = None, as_json: Json = False) -> None:
    """Try hosts from outside."""
    here = house()
    found = here.access.check(hosts or here.doors.hosts())
    ways = here.books.court().access.ways
    output.table(
        [_("Host"), _("Way in")],
        [(h, _way(ways[h]) if any(opened) else _("neither opens it")) for h, opened in sorted(found.items())],
    )
    output.data({h: {"certificate": c, "plain": p} for h, (c, p) in sorted(found.items())})


@app.command(
    "variables",
    help=N_(
        "Write the variables of the playbook set-ssh-access: authorities, revocations, standing keys.\n\n"
        "Example: sopti access variables access.yml"
    ),
)
def variables(
    file: Annotated[str, typer.Argument(metavar="FILE", help=N_("The file to write, for --vars-file."))],
    hosts: Hosts = None,
    as_json: Json = False,
) -> None:
    """Write the variables of the role."""
    here = house()
    found = here.access.variables(hosts or ())
    path = file_named(file, "access.yml")
    here.files.write(path, json.dumps(found, indent=2).encode() + b"\n")
    output.say(_("Written: {file}", file=output.whole(path)))
    output.say(_("Next: sopti plan REQUEST {playbook} --vars-file {file}", playbook=PLAYBOOK, file=file))
    output.data({"file": str(path), **found})


def _way(way: Way | None) -> str:
    if way is None:
        return _("a standing key; never tried by certificate")
    if way.certificate:
        return _("certificate, and still a standing key") if way.plain else _("certificate only")
    return _("a standing key")


def _as_data(way: Way | None) -> dict[str, object] | None:
    return {"certificate": way.certificate, "plain": way.plain, "tried": way.at.isoformat()} if way else None
