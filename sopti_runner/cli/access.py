"""``sopti access``: the gate as certificate authority for hosts, and how each host lets sopti in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from sopti_runner.cli import console, output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json, OptionalReason
from sopti_runner.cli.session import file_named, house
from sopti_runner.errors import N_, DeviationError, UsageError

if TYPE_CHECKING:
    from sopti_runner.domain.access import Way
    from sopti_runner.domain.console import Console
    from sopti_runner.services.reconciling import HostLogins

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
    tried = {h: here.words.moment(access.ways[h].at, court.zone) if h in access.ways else "–" for h in hosts}
    output.table(
        [_("Host"), _("Way in"), _("Tried"), _("Console")],
        [(h, _way(access.ways.get(h)), tried[h], _console(access.consoles.get(h))) for h in hosts],
    )
    weaker = access.weaker(hosts)
    if weaker:
        output.say(_("Weaker, because a standing key opens them: {hosts}", hosts=", ".join(weaker)))
    output.data(
        {
            "authorities": [a.fingerprint for a in access.in_use],
            "hosts": {h: _as_data(access.ways.get(h)) for h in hosts},
            "consoles": {h: access.consoles[h].ready for h in hosts if h in access.consoles},
            "weaker": list(weaker),
        }
    )


@app.command(
    "check", help=N_("Try how hosts let sopti in, and record what was found.\n\nExample: sopti access check web1")
)
def check(hosts: Hosts = None, as_json: Json = False) -> None:
    """Try hosts from outside."""
    here = house()
    known = here.doors.hosts()
    for host in hosts or ():
        here.doors.reached(host)
    found = here.access.check(hosts or known)
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


LOGIN_WORDS = {
    "": N_("by certificate"),
    "console": N_("at the console"),
    "console_opened": N_("at the console, with the sealed password"),
    "standing_key": N_("with the gate's own standing key: nobody can say what for"),
    "unknown_key": N_("with a key that no event names"),
    "without_key": N_("without a key"),
    "unknown_certificate": N_("with a certificate that was never issued"),
    "other_certificate": N_("with a certificate of another host, run or key"),
    "revoked_certificate": N_("with a certificate that was revoked before"),
}


@app.command(
    "reconcile",
    help=N_(
        "Hold the hosts' own logs against the ledger, and name every login that no event explains.\n\n"
        "Examples: sopti access reconcile | sopti access reconcile web1 --all"
    ),
)
def reconcile(
    hosts: Hosts = None,
    everything: Annotated[
        bool, typer.Option("--all", help=N_("From the beginning of each log, not from where the last look ended."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Reconcile the hosts' logs of logins."""
    from sopti_runner.domain.console import untold
    from sopti_runner.services.reconciling import reconcile as held_against

    here = house()
    known = here.doors.hosts()
    for host in hosts or ():
        here.doors.reached(host)
    with output.working(_("Reading the hosts' own logs")):
        found = held_against(here.access, here.journals, hosts or known, everything=everything)
    waiting = sorted({use.host for use in untold(here.books.court().access.consoles)})
    zone = here.books.court().zone
    rows = [
        (each.host, here.words.moment(t.login.at, zone), t.login.user, _(LOGIN_WORDS[t.code]), t.login.source)
        for each in found
        for t in each.findings
    ]
    if rows:
        output.table([_("Host"), _("When"), _("Account"), _("Login"), _("From")], rows)
    for each in found:
        _say_of_host(each)
    for host in waiting:
        output.say(
            _(
                "{host}: its console was opened. Tell what for: sopti emergency record --console {host} --did …",
                host=host,
            )
        )
    output.data([_logins_as_data(each) for each in found])
    bad = sorted({each.host for each in found if each.findings or each.trouble or each.begins})
    if bad:
        raise DeviationError(
            N_("Not every login on these hosts is explained"),
            on=", ".join(bad),
            expected=N_("a certificate of the ledger behind each login"),
            found=str(len(rows)),
            next="docs/runbooks/unexplained-login.md",
        )


@app.command(
    "revoke",
    help=N_(
        "List certificates as revoked; hosts learn of it by set-ssh-access.\n\n"
        "Examples: sopti access revoke --serial 42 --reason Hilang | sopti access revoke --request REG-2026-0001"
    ),
)
def revoke(
    serial: Annotated[list[int] | None, typer.Option("--serial", min=1, help=N_("Serial; may be repeated."))] = None,
    request: Annotated[
        str, typer.Option("--request", metavar="REQUEST", help=N_("Every certificate issued for this request."))
    ] = "",
    reason: OptionalReason = "",
    as_json: Json = False,
) -> None:
    """Revoke certificates."""
    from sopti_runner.services.planning import find

    here = house()
    if not serial and not request:
        raise UsageError(N_("{option} is missing; this act needs it"), on="--serial", option="--serial, --request")
    about = find(here.books.court(), request).id if request else ""
    revoked = here.access.revoke(serial or (), about, reason)
    output.say(_("Revoked: {serials}", serials=", ".join(map(str, revoked))))
    output.say(_("Hosts learn of it by an approved run: sopti access variables access.yml"))
    output.data({"revoked": list(revoked)})


@app.command(
    "rotate",
    help=N_(
        "Make a new certificate authority beside the one in use; with --finish destroy the old one.\n\n"
        "Examples: sopti access rotate | sopti access rotate --finish"
    ),
)
def rotate(
    finish: Annotated[
        bool, typer.Option("--finish", help=N_("Every host takes the new authority: destroy the old one."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Rotate the authority."""
    here = house()
    fingerprint = here.access.retire() if finish else here.access.rotate()
    said = N_("Retired: {fingerprint}") if finish else N_("The certificate authority is made: {fingerprint}")
    output.say(_(said, fingerprint=fingerprint))
    output.say(_("Hosts learn of it by an approved run: sopti access variables access.yml"))
    output.data({"retired" if finish else "authority": fingerprint})


app.command("seal", help=console.SEAL)(console.seal)
app.command("prove", help=console.PROVE)(console.prove)


def _say_of_host(each: HostLogins) -> None:
    if each.trouble:
        output.say(f"{each.host}: {each.trouble}")
        return
    said = N_("{host}: {count} logins, {findings} that no event explains")
    output.say(_(said, host=each.host, count=len(each.told), findings=len(each.findings)))
    if each.begins:
        gap = N_("{host}: its log begins later than the last look ended; what was between is not known")
        output.say(_(gap, host=each.host))


def _logins_as_data(found: HostLogins) -> dict[str, object]:
    return {
        "host": found.host,
        "trouble": found.trouble,
        "log_begins": found.begins.isoformat() if found.begins else None,
        "logins": [
            {
                "at": t.login.at.isoformat(),
                "user": t.login.user,
                "from": t.login.source,
                "method": t.login.method,
                "key": t.login.key,
                "key_id": t.login.key_id,
                "serial": t.login.serial,
                "finding": t.code,
            }
            for t in found.told
        ],
    }


def _way(way: Way | None) -> str:
    if way is None:
        return _("a standing key; never tried by certificate")
    if way.certificate:
        return _("certificate, and still a standing key") if way.plain else _("certificate only")
    return _("a standing key")


def _console(console: Console | None) -> str:
    if console is None or console.sealed < 0:
        return _("never sealed")
    if console.opened:
        return _("opened; seal it anew")
    return _("proven") if console.ready else _("sealed, not proven")


def _as_data(way: Way | None) -> dict[str, object] | None:
    return {"certificate": way.certificate, "plain": way.plain, "tried": way.at.isoformat()} if way else None
