"""Access to hosts: which authority signs, which certificates were issued, and how each host lets sopti in.

The rules this module keeps:

- A certificate opens one host (its principal), for one errand, for a short time, and says so in its key ID: the host's
  own sshd writes that ID beside each login.
- A serial is used once in a log; the event that issues it is written before the certificate is made.
- How a host lets sopti in is what was last tried on it, never what somebody wrote in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sopti_runner.domain import console
from sopti_runner.domain.console import Console
from sopti_runner.domain.hand_work import Session, recorded
from sopti_runner.domain.ledger.event import BlobRef, Event

EARLY_S = 60
"""Seconds before its issue from which a certificate counts: clocks of hosts differ a little."""

KIND = "access"
"""Kind of the object that says how a host lets sopti in (``access:ssh``); a run that touches it may change the way."""

BACK = "access:plain"
"""The object of a task that only leads back to a standing key; any other of the kind may take the last one away."""


class Purpose(StrEnum):
    """What a certificate is for."""

    READ = "read"
    RUN = "run"
    SESSION = "session"


WINDOW_S: Mapping[Purpose, int] = {Purpose.READ: 3600, Purpose.RUN: 4 * 3600, Purpose.SESSION: 3600}
"""Purpose → seconds that a certificate counts; the key itself is destroyed as soon as the errand is done."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as it is to be signed.

    Attributes:
        key_id: What sshd writes beside a login: request, errand and host.
        first: From when it counts, aware UTC.
        last: Until when, aware UTC.
        terminal: It may open a terminal; only a person's session needs one.
    """

    serial: int
    host: str
    key_id: str
    first: datetime
    last: datetime
    terminal: bool = False

    @property
    def principal(self) -> str:
        """What the host must list to accept it."""
        return principal_of(self.host)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate as the ledger tells of it.

    Attributes:
        key: ``SHA256:…`` of the key it was made for.
        errand: Id of the run, or of the event that issued it.
        request: Request id, or empty.
        person: Whose session it is, or empty.
        revoked_at: When it was listed as revoked, aware UTC, or None.
    """

    certificate: Certificate
    purpose: Purpose
    key: str
    errand: str
    request: str
    person: str
    seq: int
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """How a host let sopti in when it was last tried.

    Attributes:
        certificate: A certificate opened it.
        plain: A plain key opened it.
        authority: Fingerprint of the authority whose certificate opened it, or empty.
        at: When it was tried, aware UTC.
    """

    certificate: bool
    plain: bool
    authority: str
    at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority of the gate.

    Attributes:
        public: Its public key, ``ssh-ed25519 AAAA…``.
        retired: It signs no more, and hosts are to forget it.
    """

    fingerprint: str
    public: str
    seq: int
    retired: bool = False


@dataclass
class Access:
    """What the ledger says about ways into hosts.

    Attributes:
        authorities: By fingerprint, in the order made.
        issued: Serial → certificate.
        ways: Host → how it was last tried.
        reconciled: Host → until when its own log was held against the ledger, aware UTC.
        revocations: The newest list of what is revoked (a KRL of OpenSSH), or None.
        sessions: Run → what was recorded of a person's work by hand.
        consoles: Host → its sealed way in by the console.
    """

    authorities: dict[str, Authority] = field(default_factory=dict)
    issued: dict[int, Issued] = field(default_factory=dict)
    ways: dict[str, Way] = field(default_factory=dict)
    reconciled: dict[str, datetime] = field(default_factory=dict)
    revocations: BlobRef | None = None
    sessions: dict[str, Session] = field(default_factory=dict)
    consoles: dict[str, Console] = field(default_factory=dict)

    @property
    def in_use(self) -> tuple[Authority, ...]:
        """The authorities that hosts are to trust, the newest first."""
        return tuple(a for a in reversed(self.authorities.values()) if not a.retired)

    @property
    def next_serial(self) -> int:
        """The serial that no certificate has yet."""
        return max(self.issued, default=0) + 1

    def by_certificate(self, host: str) -> bool:
        """Tell whether a certificate opened the host when it was last tried."""
        way = self.ways.get(host)
        return way is not None and way.certificate

    def opened(self, run: str) -> Issued | None:
        """Give the certificate by which a person was let in for a run, None when nobody was."""
        return next((i for i in self.issued.values() if i.errand == run and i.purpose is Purpose.SESSION), None)

    def weaker(self, hosts: Iterable[str]) -> tuple[str, ...]:
        """Give the hosts that a plain key opens, or may open, sorted."""
        return tuple(sorted(h for h in hosts if not self.by_certificate(h) or self.ways[h].plain))


def principal_of(host: str) -> str:
    """Give the principal that stands for a host, ``sopti-<inventory name>``."""
    return f"sopti-{host}"


def key_id(number: str, purpose: Purpose, errand: str, host: str) -> str:
    """Give the key ID of a certificate.

    Args:
        number: Registration number, or empty for a look that no request asked for.
        purpose: Run, read or session.
        errand: Id of the run, or of the event that issued the certificate.
        host: Inventory name.
    """
    return f"sopti {number or '-'} {purpose.value} {errand} host {host}"


def certificates(
    first_serial: int, ids: Mapping[str, str], purpose: Purpose, now: datetime, window_s: int = 0
) -> tuple[Certificate, ...]:
    """Give one certificate for each host, serials counting up.

    Args:
        first_serial: Of the first host.
        ids: Host → key ID.
        purpose: Says how long they count, unless ``window_s`` does.
        now: Aware UTC.
        window_s: Seconds that they count from ``now``.
    """
    first = now.replace(microsecond=0) - timedelta(seconds=EARLY_S)
    last = now.replace(microsecond=0) + timedelta(seconds=window_s or WINDOW_S[purpose])
    rows = enumerate(sorted(ids.items()), first_serial)
    return tuple(Certificate(n, host, name, first, last, purpose is Purpose.SESSION) for n, (host, name) in rows)


def _made(access: Access, event: Event) -> None:
    data = event.data
    access.authorities[data["fingerprint"]] = Authority(data["fingerprint"], data["public"], event.seq)


def _retired(access: Access, event: Event) -> None:
    fingerprint = event.data["fingerprint"]
    access.authorities[fingerprint] = replace(access.authorities[fingerprint], retired=True)


def _certified(access: Access, event: Event) -> None:
    data, purpose = event.data, Purpose(event.data["purpose"])
    first, last = datetime.fromisoformat(data["first"]), datetime.fromisoformat(data["last"])
    for row in data["certificates"]:
        name = key_id(data["number"], purpose, data["errand"], row["host"])
        signed = Certificate(int(row["serial"]), row["host"], name, first, last, purpose is Purpose.SESSION)
        if signed.serial in access.issued:
            raise ValueError(f"the serial {signed.serial} is used twice")
        access.issued[signed.serial] = Issued(
            signed,
            purpose,
            data["key"],
            data["errand"],
            event.subject if data["number"] else "",
            data.get("person", ""),
            event.seq,
        )


def _checked(access: Access, event: Event) -> None:
    data = event.data
    access.ways[data["host"]] = Way(
        data["certificate"] is True, data["plain"] is True, data["authority"], event.time, event.seq
    )


def _revoked(access: Access, event: Event) -> None:
    access.revocations = next((b for b in event.blobs if b.name == "krl"), access.revocations)
    for serial in event.data["serials"]:
        if serial in access.issued:
            access.issued[serial] = replace(access.issued[serial], revoked_at=event.time)


def _session(access: Access, event: Event) -> None:
    access.sessions[event.data["run"]] = recorded(event)
    console.by_hand(access.consoles, event)


def _reconciled(access: Access, event: Event) -> None:
    access.reconciled[event.data["host"]] = datetime.fromisoformat(event.data["until"])


def _of_console(fold: Callable[[dict[str, Console], Event], None]) -> Callable[[Access, Event], None]:
    return lambda access, event: fold(access.consoles, event)


FOLDS: Mapping[str, Callable[[Access, Event], None]] = {
    "authority.made": _made,
    "authority.retired": _retired,
    "access.certified": _certified,
    "access.checked": _checked,
    "access.revoked": _revoked,
    "access.reconciled": _reconciled,
    "session.recorded": _session,
    **{kind: _of_console(fold) for kind, fold in console.FOLDS.items()},
}
"""Event type → what it changes."""

EVENTS = frozenset(kind for kind in FOLDS if kind.startswith(("authority.", "access.", "session."))) | console.EVENTS
"""Events about access; sopti records them by itself, and what they change on a host goes through an approved run."""
