"""Logins as a host's own sshd wrote them down, held against the certificates that the ledger issued.

The rule this module keeps: a login is explained by one certificate that was issued for this host and this key, with
this key ID and serial, and signed by an authority of the ledger; everything else is a finding, whoever it was.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sopti_runner.domain.access import Access, Issued
from sopti_runner.domain.console import ACCOUNT, explained

_ACCEPTED = re.compile(
    r"Accepted (?P<method>\S+) for (?P<user>\S+) from (?P<source>\S+) port \d+ ssh2(?:: (?P<key>.*))?"
)
_CERTIFICATE = re.compile(
    r"\S+-CERT (?P<key>SHA256:\S+) ID (?P<id>.*) \(serial (?P<serial>\d+)\) CA \S+ (?P<authority>SHA256:\S+)"
)
_KEY = re.compile(r"\S+ (?P<key>SHA256:\S+)")
_AS_ROOT = re.compile(r"\s*(?P<user>\S+) : TTY=\S+ ; PWD=[^;]* ; USER=root ; COMMAND=")
_CONSOLE = re.compile(r"pam_unix\(login:session\): session opened for user (?P<user>[^\s(]+)")

CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Login:
    """One login.

    Attributes:
        at: When the host wrote it, aware UTC.
        user: Account on the host.
        method: ``publickey``, ``password``, …, or ``console``.
        source: Address it came from; empty at the console.
        key: ``SHA256:…`` of the key, or empty.
        key_id: Of a certificate, or empty.
        serial: Of a certificate, or 0.
        authority: ``SHA256:…`` of the key that signed the certificate, or empty.
    """

    at: datetime
    user: str
    method: str
    source: str = ""
    key: str = ""
    key_id: str = ""
    serial: int = 0
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be said of a login.

    Attributes:
        code: Empty when the ledger explains it, else why not: ``console``, ``console_opened`` (by the sealed account),
            ``standing_key``, ``unknown_key``, ``without_key``, ``unknown_certificate``, ``other_certificate``,
            ``revoked_certificate``.
        issued: The certificate that explains it, or None.
    """

    login: Login
    code: str
    issued: Issued | None = None


def parse_login(at: datetime, message: str) -> Login | None:
    """Give the login that a line of sshd or of the console's login tells of, None for any other line."""
    console = _CONSOLE.match(message)
    if console:
        return Login(at, console["user"], CONSOLE)
    accepted = _ACCEPTED.fullmatch(message)
    if not accepted:
        return None
    user, method, source, shown = accepted["user"], accepted["method"], accepted["source"], accepted["key"] or ""
    certificate = _CERTIFICATE.fullmatch(shown)
    if certificate:
        serial = int(certificate["serial"])
        return Login(at, user, method, source, certificate["key"], certificate["id"], serial, certificate["authority"])
    key = _KEY.match(shown)
    return Login(at, user, method, source, key["key"] if key else "")


def became_root(message: str) -> str:
    """Give the account of which a line of sudo says that it ran something as root, or an empty text."""
    found = _AS_ROOT.match(message)
    return found["user"] if found else ""


def tell(access: Access, host: str, login: Login, standing: Collection[str]) -> Told:
    """Say which certificate explains a login, or why none does.

    Args:
        access: What the ledger says of certificates.
        host: Inventory name of the host whose log it stands in.
        login: The login.
        standing: Fingerprints of the gate's own standing keys.
    """
    if login.method == CONSOLE:
        return Told(login, _at_console(access, host, login))
    if not login.key:
        return Told(login, "without_key")
    if not login.authority:
        return Told(login, "standing_key" if login.key in standing else "unknown_key")
    issued = access.issued.get(login.serial)
    if issued is None or login.authority not in access.authorities:
        return Told(login, "unknown_certificate")
    signed = issued.certificate
    if (signed.host, signed.key_id, issued.key) != (host, login.key_id, login.key):
        return Told(login, "other_certificate")
    return Told(login, "revoked_certificate" if issued.revoked_at and login.at > issued.revoked_at else "", issued)


def _at_console(access: Access, host: str, login: Login) -> str:
    if login.user != ACCOUNT:
        return "console"
    return "" if explained(access.consoles.get(host), login.at) else "console_opened"
