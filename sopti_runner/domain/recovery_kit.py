"""The recovery kit: what an empty machine needs, on one sheet in a sealed envelope that two persons hold.

The rule this module keeps: the sheet carries the one secret that opens the backups; its digest, which the ledger
records, is made without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

from sopti_runner.domain.ledger.event import Event
from sopti_runner.domain.period import Zone
from sopti_runner.errors import N_

MADE = "kit.made"
HOLDERS = 2
STEPS = (
    N_("Install Debian 12 and sopti {release} on an empty machine, as the README tells: `make install`"),
    N_("Make the place of the backups reachable there: `{repository}`"),
    N_("Write the password of this sheet into the file `/srv/sopti/password.txt`."),
    N_("Put the newest backup back: `sopti self restore {repository} --password-file password.txt`"),
    N_("The key of the ledger that it prints must be the one on this sheet."),
    N_(
        "Destroy that file: `shred -u /srv/sopti/password.txt`. As root, put the old settings in place: "
        "`install -m 0640 -o root -g sopti /var/lib/sopti/restored/settings /etc/sopti/sopti.toml`"
    ),
    N_("Have the court go on with this copy: `sopti self resume`; then another official: `sopti office confirm`"),
    N_("Examine everything: `sopti doctor`. Then back up, make a new kit, and destroy this one."),
)


@dataclass(frozen=True, slots=True)
class RecoveryKit:
    """One sheet.

    Attributes:
        letterhead: Lines of the court's letterhead.
        holders: Person id → name of each who keeps a sealed copy, in order.
        repository: Where the backups are.
        password: What opens them.
        password_id: 16 hex digits that tell one password from another.
        log: The ledger's origin.
        vkey: The ledger's key, as auditors know it.
        authority: ``SHA256:…`` of the SSH certificate authority, or empty.
        checkpoint: The newest signed note, or empty.
        release: Version of sopti.
        made_at: Aware UTC.
    """

    letterhead: tuple[str, ...]
    holders: Mapping[str, str]
    repository: str
    password: str
    password_id: str
    log: str
    vkey: str
    authority: str
    checkpoint: str
    release: str
    zone: Zone
    made_at: datetime

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over all that the sheet says but the password and the names."""
        said: dict[str, Any] = {
            "v": 1,
            "holders": list(self.holders),
            "repository": self.repository,
            "password": self.password_id,
            "log": self.log,
            "vkey": self.vkey,
            "authority": self.authority,
            "checkpoint": self.checkpoint,
            "release": self.release,
            "made_at": self.made_at.astimezone(UTC).isoformat(timespec="seconds"),
        }
        return hashlib.sha256(rfc8785.dumps(said)).hexdigest()

    def record(self) -> dict[str, Any]:
        """Give what the ledger keeps of it."""
        return {
            "holders": list(self.holders),
            "digest": self.digest,
            "password": self.password_id,
            "authority": self.authority,
        }


@dataclass(frozen=True, slots=True)
class HeldKit:
    """What the ledger tells of a kit.

    Attributes:
        holders: Ids of the persons who keep a sealed copy.
        password: Id of the password on it, 16 hex digits.
        authority: ``SHA256:…`` of the SSH certificate authority on it, or empty.
        at: When it was made, aware UTC.
    """

    holders: tuple[str, ...]
    password: str
    authority: str
    at: datetime


def held_kit(event: Event) -> HeldKit:
    """Give the kit that a ``kit.made`` event tells of."""
    data = event.data
    return HeldKit(tuple(data["holders"]), data["password"], data["authority"], event.time)
