"""Events: one fact each, as exact bytes.

The rule this module keeps:

- A body is encoded once (RFC 8785) and stored; every hash is over the stored bytes, nothing is serialised again to verify.
- ``leaf = SHA-256(0x00 ‖ body)`` (RFC 6962 section 2.1) and ``prev`` is the leaf before: one hash serves chain and tree.
- A body holds pseudonymous ids, enums, digests, times and integers; names and free text are blobs, each with a salt of
  its own, so that they can be erased and the tree still verifies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = Any  # JSON values without floats: RFC 8785 and the readers of other languages agree on these byte for byte


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted, as the ledger names them.

    Attributes:
        person: Pseudonymous id (``p-…``), or ``system`` for what sopti does by itself.
        capacity: ``office:status`` at the time of the act (``secretary:definitive``), or empty for none.
        credential: Fingerprint of the key that signed (``SHA256:…``), ``attested``, ``paper``, or empty for ``system``.
    """

    person: str
    capacity: str = ""
    credential: str = ""


SYSTEM = Actor("system")


@dataclass(frozen=True, slots=True)
class Blob:
    """A name or free text beside the ledger; ``digest = SHA-256(salt ‖ content)``.

    Attributes:
        name: What it is, within its event (``reason``, ``plan``).
        salt: 32 random bytes, erased together with the content.
        content: The exact bytes.
    """

    name: str
    salt: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class BlobRef:
    """A blob as an event's body refers to it: name, digest (32 bytes) and size of the content in bytes."""

    name: str
    digest: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before the ledger gives it its place: what happened, to what, by whom.

    Attributes:
        id: UUIDv7 text, unique in the log; a retry with the same id is not a second event.
    """

    id: str
    type: str
    subject: str
    actor: Actor
    data: Mapping[str, Json] = field(default_factory=dict)
    blobs: Sequence[Blob] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """An event in its place.

    Attributes:
        seq: Position in the log, from 0.
        prev: Leaf of the event before, 32 bytes; zeros at 0.
        time: Writer's clock, aware UTC, microseconds.
        boot: Boot id of the writer's machine; with ``mono`` (nanoseconds since boot) it shows a clock that was set.
        body: The exact stored bytes.
        leaf: ``SHA-256(0x00 ‖ body)``, 32 bytes.
    """

    log: str
    seq: int
    prev: bytes
    id: str
    time: datetime
    boot: str
    mono: int
    type: str
    subject: str
    actor: Actor
    data: Mapping[str, Json]
    blobs: tuple[BlobRef, ...]
    body: bytes
    leaf: bytes
