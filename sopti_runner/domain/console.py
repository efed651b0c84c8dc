"""The sealed way in by a host's console: sealed in an envelope, proven before it is needed, and answered for when used.

The rules this module keeps:

- What the host's own log says proves the console, and nothing a person says: a login at the console by the account,
  with the sealed password, that became root, while sshd shuts the account out.
- Whatever opens the envelope ends the proof: a use is an exception until somebody told what it was for and an official
  answered for that, and the host needs a new password, envelope and proof.
- A host loses its last standing key only while its console is proven.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sopti_runner.domain.ledger.event import Event
from sopti_runner.domain.reason import Reason
from sopti_runner.errors import N_

ACCOUNT = "sopti-console"
"""The account of hosts that the envelope opens; the role ``console_access`` makes it."""

PROOF_WITHIN = timedelta(hours=1)
"""A login proves the console only this long: an older one may have been a use in need."""

SEALED, PROVEN, USED = "console.sealed", "console.proven", "console.used"


@dataclass(frozen=True, slots=True)
class Use:
    """One login at a console that was no proof.

    Attributes:
        at: When the host wrote it, aware UTC.
        digest: Tells this login from every other, 64 hex digits; a record of an act by hand names it as its evidence.
        due: Last day to answer for it, in the court's zone.
        seq: Event that recorded it.
        request: The request that tells what it was for, or empty.
    """

    host: str
    at: datetime
    digest: str
    due: date
    seq: int
    request: str = ""


@dataclass(frozen=True, slots=True)
class Console:
    """A host's console as the ledger tells of it.

    Attributes:
        digest: SHA-256 (hex) over the sealed password's hash.
        holders: Persons who keep the envelope.
        sealed: Event of the newest sealing, or -1.
        sealed_at: When that was, aware UTC.
        proven: Event of the newest proof, or -1; the account was not changed since.
        proofs: All logins that were made to prove it, aware UTC.
        uses: All uses, oldest first.
    """

    digest: str
    holders: tuple[str, ...]
    sealed: int
    sealed_at: datetime
    proven: int = -1
    proofs: tuple[datetime, ...] = ()
    uses: tuple[Use, ...] = ()

    @property
    def opened(self) -> bool:
        """Whether it was used after it was sealed."""
        return any(use.seq > self.sealed for use in self.uses)

    @property
    def ready(self) -> bool:
        """Whether it was proven after it was sealed, and the envelope has stayed shut since."""
        return self.proven > self.sealed and not self.opened


@dataclass(frozen=True, slots=True)
class ConsoleSeen:
    """What a host itself says of its console account.

    Attributes:
        now: The host's clock, aware UTC.
        digest: ``digest_of`` the hash in its shadow file, or empty when there is no such account.
        unchanged_since: When its shadow file was last written, aware UTC.
        shut: sshd lets the account in by no way.
        logins: Logins at the console by the account, oldest first, aware UTC.
        as_root: When the account became root, aware UTC.
    """

    now: datetime
    digest: str
    unchanged_since: datetime
    shut: bool
    logins: tuple[datetime, ...] = ()
    as_root: tuple[datetime, ...] = ()


def secret_of(host: str) -> str:
    """Give the name of the secret that holds the hash of a host's console password."""
    return f"console-{host.lower()}"


def digest_of(hashed: str) -> str:
    """Give the SHA-256 (hex) of a password's hash as the ledger keeps it."""
    return hashlib.sha256(b"sopti console\0" + hashed.encode()).hexdigest()


def login_digest(host: str, at: datetime) -> str:
    """Give what tells a login from every other: SHA-256 (hex) over host and the moment its log names."""
    return hashlib.sha256(f"sopti console login\0{host}\0{at.isoformat()}".encode()).hexdigest()


def proof(console: Console, seen: ConsoleSeen) -> tuple[datetime, ...] | Reason:
    """Give the logins that prove a console, or why none does.

    The sealed password did not exist before it was sealed, so a login after the shadow file was last written, while it
    holds that password's hash, was made with what is in the envelope.
    """
    if seen.digest != console.digest:
        return Reason("console_other_password", N_("the host does not have the sealed password"))
    if not seen.shut:
        return Reason("console_by_ssh", N_("sshd of the host does not shut the account out"))
    begins = max(seen.unchanged_since, seen.now - PROOF_WITHIN)
    logins = new_logins(console, (at for at in seen.logins if at >= begins))
    if not logins:
        return Reason("console_no_login", N_("its log shows no new login at the console in the last hour"))
    if not any(at >= logins[0] for at in seen.as_root):
        return Reason("console_not_root", N_("whoever logged in at the console did not become root by sudo"))
    return logins


def new_logins(console: Console | None, logins: Iterable[datetime]) -> tuple[datetime, ...]:
    """Give the logins that the ledger knows neither as proofs nor as uses."""
    known = {*console.proofs, *(use.at for use in console.uses)} if console else set()
    return tuple(at for at in logins if at not in known)


def explained(console: Console | None, at: datetime) -> bool:
    """Tell whether a login was a proof, or somebody told what it was for."""
    return console is not None and (at in console.proofs or any(u.at == at and u.request for u in console.uses))


def untold(consoles: Mapping[str, Console]) -> tuple[Use, ...]:
    """Give the uses of which nobody has told what they were for, oldest first."""
    return tuple(sorted((u for c in consoles.values() for u in c.uses if not u.request), key=lambda u: u.seq))


def _sealed(consoles: dict[str, Console], event: Event) -> None:
    data, before = event.data, consoles.get(event.data["host"])
    fresh = Console(data["digest"], tuple(data["holders"]), event.seq, event.time)
    consoles[data["host"]] = replace(fresh, proofs=before.proofs, uses=before.uses) if before else fresh


def _proven(consoles: dict[str, Console], event: Event) -> None:
    data, before = event.data, consoles[event.data["host"]]
    proofs = tuple(datetime.fromisoformat(at) for at in data["logins"])
    consoles[data["host"]] = replace(before, proven=event.seq, proofs=(*before.proofs, *proofs))


def _used(consoles: dict[str, Console], event: Event) -> None:
    data, host = event.data, event.data["host"]
    at, due = datetime.fromisoformat(data["at"]), date.fromisoformat(data["ratify_by"])
    before = consoles.get(host) or Console("", (), -1, event.time)
    consoles[host] = replace(before, uses=(*before.uses, Use(host, at, data["login"], due, event.seq)))


def _touched(consoles: dict[str, Console], event: Event) -> None:
    """A run changed the account: what was proven before it proves nothing of it now."""
    data = event.data
    if data["host"] in consoles and data["kind"] in ("changed", "failed") and f"user:{ACCOUNT}" in data["objects"]:
        consoles[data["host"]] = replace(consoles[data["host"]], proven=-1)


def by_hand(consoles: dict[str, Console], event: Event) -> None:
    """Fold a person's work by hand: what was proven before ends when the account was another afterwards."""
    host = event.data["host"]
    if host in consoles and event.data.get("console") is True:
        consoles[host] = replace(consoles[host], proven=-1)


def _told(consoles: dict[str, Console], event: Event) -> None:
    """Somebody recorded an act by hand whose evidence is one of the logins."""
    for host, console in consoles.items():
        if host in event.data["hosts"]:
            mine = [u.digest == event.data["evidence"] and not u.request for u in console.uses]
            told = (replace(u, request=event.subject) if m else u for u, m in zip(console.uses, mine, strict=True))
            consoles[host] = replace(console, uses=tuple(told))


FOLDS: Mapping[str, Callable[[dict[str, Console], Event], None]] = {
    SEALED: _sealed,
    PROVEN: _proven,
    USED: _used,
    "emergency.recorded": _told,
    "task.finished": _touched,
}
"""Event type → what it changes."""

EVENTS = frozenset({SEALED, PROVEN, USED})
"""What sopti records by itself."""
