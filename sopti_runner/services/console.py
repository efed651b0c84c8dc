"""The sealed way in by hosts' consoles: sealed, proven by the host's own log, and every use of it recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sopti_runner.domain.check import Check
from sopti_runner.domain.console import (
    ACCOUNT,
    PROVEN,
    SEALED,
    USED,
    Console,
    Use,
    digest_of,
    login_digest,
    new_logins,
    proof,
    untold,
)
from sopti_runner.domain.console_slip import ConsoleSlip
from sopti_runner.domain.emergency_rules import ratify_by
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.login import CONSOLE, Login
from sopti_runner.domain.reason import Reason
from sopti_runner.errors import N_, DeviationError, NotFoundError, UsageError
from sopti_runner.ports.access import HostConsoles
from sopti_runner.services.access import Access
from sopti_runner.services.books import Books

MAX_HOLDERS = 4
_LOG_IN = N_("log in at the console, sudo id, log out; then sopti access prove {host}")
_NEXT = {"console_no_login": _LOG_IN, "console_not_root": _LOG_IN}


def seal(
    books: Books,
    host: str,
    holders: Sequence[str],
    *,
    password: tuple[str, str],
    keep: Callable[[ConsoleSlip], None],
) -> ConsoleSlip:
    """Make the slip of a host's console, have it kept, and record it.

    Args:
        books: The court's books.
        host: Inventory name.
        holders: Ids of the persons who will keep the envelope.
        password: A fresh one, and its hash.
        keep: Prints the slip and keeps the hash as a secret; nothing is recorded when it fails.

    Raises:
        UsageError: The holders are not one to four different persons in office.
    """
    court, at = books.require_current(), books.now()
    today = court.today(at.time)
    without = [p for p in holders if not court.register.offices_of(p, at.time, today)]
    if without or len(set(holders)) != len(holders) or not 1 <= len(holders) <= MAX_HOLDERS:
        raise UsageError(
            N_("The envelope of a console is kept by one to four different persons in office"),
            on=", ".join(books.name(court, p) for p in without or holders),
            expected="--holder",
            next="sopti office list",
        )
    slip = ConsoleSlip(
        letterhead=tuple(books.text(court.name).split("\n")),
        host=host,
        account=ACCOUNT,
        password=password[0],
        digest=digest_of(password[1]),
        holders={person: books.name(court, person) for person in holders},
        zone=court.zone,
        made_at=at.time,
    )
    keep(slip)
    data = {"host": host, "digest": slip.digest, "holders": list(holders)}
    books.tell([Draft(books.new_id(at), SEALED, court.origin, SYSTEM, data)])
    return slip


def prove(access: Access, consoles: HostConsoles, host: str) -> Console:
    """Read the host's own log for a login at its console by the sealed password, and record what it shows.

    Raises:
        UsageError: The console was never sealed.
        DeviationError: What the host says proves nothing; why is said, nothing is recorded.
        DeviceError: The host can't be asked.
    """
    books = access.books
    known = books.court().access.consoles.get(host)
    if known is None or known.sealed < 0:
        raise UsageError(
            N_("The console of {host} was never sealed"), on=host, next=f"sopti access seal {host}", host=host
        )
    with access.reading([host]) as keys:
        seen = consoles.look(host, keys)
    found = proof(known, seen)
    if isinstance(found, Reason):
        raise DeviationError(
            N_("The console of {host} is not proven"),
            on=host,
            expected=N_(
                "a login at the console as {account} with the sealed password, then sudo, within the last hour"
            ),
            found=found.text,
            next=_NEXT.get(
                found.code,
                N_("sopti plan REQUEST set-console-access --limit {host} --var console_access_password=console-{host}"),
            ),
            host=host,
            account=ACCOUNT,
        )
    data = {"host": host, "digest": known.digest, "logins": [at.isoformat() for at in found]}
    court = books.tell([Draft(books.new_id(books.now()), PROVEN, books.store.log, SYSTEM, data)])
    return court.access.consoles[host]


def note_uses(books: Books, host: str, logins: Sequence[Login]) -> tuple[Use, ...]:
    """Record each login by the sealed account that was no proof, once; gives those recorded now."""
    court = books.court()
    mine = [login.at for login in logins if (login.method, login.user) == (CONSOLE, ACCOUNT)]
    drafts = []
    for at in new_logins(court.access.consoles.get(host), mine):
        due = ratify_by(court, at).isoformat()
        data = {"host": host, "at": at.isoformat(), "login": login_digest(host, at), "ratify_by": due}
        drafts.append(Draft(books.new_id(books.now()), USED, books.store.log, SYSTEM, data))
    if not drafts:
        return ()
    return books.tell(drafts).access.consoles[host].uses[-len(drafts) :]


def use_on(books: Books, host: str) -> Use:
    """Give the oldest use of a host's console of which nobody has told what it was for; NotFoundError without one."""
    found = next((use for use in untold(books.court().access.consoles) if use.host == host), None)
    if found is None:
        raise NotFoundError(
            N_("No use of the console of {host} waits to be told for"),
            on=host,
            next=f"sopti access reconcile {host}",
            host=host,
        )
    return found


def console_check(books: Books) -> Check:
    """Judge whether a dead runner would lock the court out of a host, and whether every use was answered for."""
    name, court = N_("Consoles"), books.court()
    access = court.access
    open_uses = untold(access.consoles)
    if open_uses:
        fields = {"count": len(open_uses), "hosts": ", ".join(sorted({use.host for use in open_uses}))}
        found = N_("{count} logins with the sealed password of which nobody has told what for: {hosts}")
        return Check(name, "warning", found, f"sopti emergency record --console {open_uses[0].host}", fields)
    told = [court.requests[use.request] for c in access.consoles.values() for use in c.uses]
    waiting = sorted({r.number for r in told if r.emergency and r.emergency.waits})
    if waiting:
        fields = {"numbers": ", ".join(waiting)}
        found = N_("a use of the sealed password waits for ratification: {numbers}")
        return Check(name, "warning", found, f"sopti emergency ratify {waiting[0]}", fields)
    ready = {host for host, console in access.consoles.items() if console.ready}
    bare = sorted(h for h in access.ways if not access.weaker([h]) and h not in ready)
    if bare:
        fields = {"hosts": ", ".join(bare)}
        found = N_("not proven; without sopti nobody could get into: {hosts}")
        return Check(name, "warning", found, f"sopti access seal {bare[0]}", fields)
    return Check(name, "ok", N_("{count} proven; no host depends on one that is not"), "", {"count": len(ready)})
