"""What the services need for ways into hosts, as Protocols: the certificate authority, and who tries a host's door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sopti_runner.domain.access import Certificate
from sopti_runner.domain.console import ConsoleSeen
from sopti_runner.domain.login import Login
from sopti_runner.domain.sshsig import PublicKey
from sopti_runner.ports import Engine


@dataclass(frozen=True, slots=True)
class HostKeys:
    """What opens hosts during one errand.

    Attributes:
        folder: Private folder of the errand; gone when it is over.
        key: File of the private key that was made for it.
        certificates: Host → files of its certificates, the newest authority's first.
        plain: Hosts to which the inventory's own key is offered as well.
    """

    folder: str
    key: str
    certificates: Mapping[str, tuple[str, ...]]
    plain: frozenset[str]


class ErrandKey(Protocol):
    """A key pair made for one errand."""

    @property
    def public(self) -> str:
        """``ssh-ed25519 AAAA…``."""
        ...

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` of the public key."""
        ...

    def certify(self, certificates: Sequence[Certificate], plain: frozenset[str]) -> HostKeys:
        """Have each certificate signed; LedgerError when there is no authority."""
        ...


class SshAuthority(Protocol):
    """The gate as SSH certificate authority."""

    def exists(self) -> bool:
        """Tell whether there is one."""
        ...

    def publics(self) -> Sequence[PublicKey]:
        """Give the public keys of the authorities in use, the newest first."""
        ...

    def create(self, name: str) -> PublicKey:
        """Make the authority's key, ``name`` its comment; LedgerError when there is one already."""
        ...

    def rotate(self, name: str) -> PublicKey:
        """Put the authority aside, still signing, and make a new one."""
        ...

    def retire(self) -> PublicKey:
        """Destroy the authority that was put aside and give its public key."""
        ...

    def sign(self, public: str, certificate: Certificate) -> Sequence[str]:
        """Give the certificate of a public key, signed by each authority in use."""
        ...

    def revocations(self, before: bytes, serials: Sequence[int], keys: Sequence[str]) -> bytes:
        """Give a KRL of OpenSSH: what was revoked before, and these serials and public keys."""
        ...

    def errand(self) -> AbstractContextManager[ErrandKey]:
        """Give a fresh key, destroyed at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Errand:
    """Why hosts are reached.

    Attributes:
        request: Request id, or empty for a look that no request asked for.
        number: Its registration number, or empty.
        hosts: Inventory names.
        run: Id of the run, or empty for a look.
        converting: It may change how its hosts let sopti in.
    """

    request: str
    number: str
    hosts: tuple[str, ...]
    run: str = ""
    converting: bool = False


class Escort(Protocol):
    """Gives an engine that carries what opens the errand's hosts."""

    def __call__(self, engine: Engine, errand: Errand) -> AbstractContextManager[Engine]:
        """Give the engine for the length of an errand; LedgerError when the certificates can't be recorded or made."""
        ...


class HostDoors(Protocol):
    """Hosts looked at from outside, by ways of one's choice."""

    def hosts(self) -> Sequence[str]:
        """Give the hosts of the inventory as it is now, sorted."""
        ...

    def standing_key(self, host: str) -> PublicKey | None:
        """Give the public half of the key that the inventory names for a host, None when it names none."""
        ...

    def opens(self, host: str, keys: HostKeys, *, plain: bool) -> tuple[bool, str]:
        """Try a new login by certificate alone, or by the inventory's own key alone: (opened, what was said)."""
        ...


class HostJournals(Protocol):
    """Hosts' own logs of who came in."""

    def hosts(self) -> Sequence[str]:
        """Give the hosts of the inventory as it is now, sorted."""
        ...

    def standing_key(self, host: str) -> PublicKey | None:
        """Give the public half of the key that the inventory names for a host, None when it names none."""
        ...

    def logins(self, host: str, keys: HostKeys, since: datetime | None) -> tuple[datetime, Sequence[Login]]:
        """Give from where the host's log begins, and each login after ``since``; DeviceError when it can't be read."""
        ...


class HostConsoles(Protocol):
    """The account for a host's console, as the host itself tells of it."""

    def look(self, host: str, keys: HostKeys) -> ConsoleSeen:
        """Give what the host says; DeviceError when it can't be asked, NotFoundError for one not in the inventory."""
        ...
