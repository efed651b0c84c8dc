"""Events: one fact each, as exact bytes.

The rule this module keeps:

- A body is encoded once (RFC 8785) and stored; every hash is over the stored bytes, nothing is serialised again to
  verify.
- ``leaf = SHA-256(0x00 ‖ body)`` (RFC 6962 section 2.1) and ``prev`` is the leaf before: one hash serves chain and
  tree.
- A body holds pseudonymous ids, enums, digests, times and integers; names and free text are blobs, each with a salt of
  its own, so that they can be erased and the tree still verifies.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sopti_runner.domain.ledger.strict_json import read_json
from sopti_runner.errors import N_, IntegrityError

Json = Any  # JSON values without floats: RFC 8785 and the readers of other languages agree on these byte for byte

VERSION = 1
MAX_BODY_BYTES = 1 << 20
ZERO_LEAF = bytes(32)  # "prev" of the first event
SALT_BYTES = 32

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}").fullmatch
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII).fullmatch
_DIGEST = re.compile(r"[0-9a-f]{64}").fullmatch
_TYPE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+").fullmatch
_LOG = re.compile(r"[^\s+\x00-\x1f]+").fullmatch


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
        boot: Boot id of the writer's machine; with ``mono`` it shows a clock that was set.
        mono: Microseconds since boot: nanoseconds pass 2^53 - 1, the largest integer RFC 8785 writes, after 104 days.
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


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that only one event of a log may ever take (``approval``, its id)."""

    kind: str
    key: str


def leaf_hash(body: bytes) -> bytes:
    """Give the leaf of a body: ``SHA-256(0x00 ‖ body)`` (RFC 6962 section 2.1), 32 bytes."""
    return hashlib.sha256(b"\0" + body).digest()


def seal_blob(name: str, content: bytes, salt: bytes) -> Blob:
    """Give a blob from its content and 32 fresh random bytes; ValueError for any other length of salt."""
    if len(salt) != SALT_BYTES:
        raise ValueError("a blob's salt is 32 random bytes")
    return Blob(name, salt, content)


def blob_digest(blob: Blob) -> bytes:
    """Give ``SHA-256(salt ‖ content)``, 32 bytes: what the event's body says about the blob."""
    return hashlib.sha256(blob.salt + blob.content).digest()


def claims_of(data: Mapping[str, Json]) -> tuple[Claim, ...]:
    """Give what an event takes for good, from its ``claims: [[kind, key], …]``; ValueError when malformed."""
    claims = data.get("claims", ())
    if not isinstance(claims, (list, tuple)):
        raise ValueError("claims is not a list")
    for claim in claims:
        if not (isinstance(claim, (list, tuple)) and len(claim) == 2 and all(isinstance(x, str) and x for x in claim)):
            raise ValueError("a claim is not a pair of kind and key")
    return tuple(Claim(kind, key) for kind, key in claims)


def objects_of(event: Event) -> tuple[tuple[str, str], ...]:
    """Give the (host, ``kind:key``) pairs that a ``task.finished`` event touched; none for any other event."""
    host, objects = event.data.get("host"), event.data.get("objects")
    if event.type != "task.finished" or not isinstance(host, str) or not isinstance(objects, list):
        return ()
    return tuple(dict.fromkeys((host, name) for name in objects if isinstance(name, str)))


def leased_by(event: Draft | Event) -> tuple[str, ...]:
    """Give the hosts that a ``run.started`` event takes until its run ends, each once; none for any other event."""
    hosts = event.data.get("hosts")
    if event.type != "run.started" or not isinstance(hosts, (list, tuple)):
        return ()
    return tuple(dict.fromkeys(host for host in hosts if isinstance(host, str)))


def released_by(event: Draft | Event) -> str:
    """Give the run whose hosts a ``run.finished`` event frees, empty for any other event."""
    run = event.data.get("run")
    return run if event.type == "run.finished" and isinstance(run, str) else ""


def leases_after(held: dict[str, str], event: Draft | Event) -> dict[str, str]:
    """Give host → id of the run that has it after an event, from what held before it."""
    if event.type not in ("run.started", "run.finished"):
        return held
    ended = released_by(event)
    kept = {host: run for host, run in held.items() if run != ended}
    return kept | dict.fromkeys(leased_by(event), event.id)


def erased_by(event: Event) -> tuple[bytes, ...]:
    """Give the digests of the blobs that a ``blob.erased`` event (``digests: [hex, …]``) declares erased."""
    digests = event.data.get("digests")
    if event.type != "blob.erased" or not isinstance(digests, list):
        return ()
    return tuple(bytes.fromhex(d) for d in digests if isinstance(d, str) and _DIGEST(d))


def loss_proposed(event: Event) -> int:
    """Give how many events are lost for good if this proposal to go on with a copy is confirmed; 0 for other events."""
    content = event.data.get("content")
    if event.type != "governance.proposed" or event.data.get("kind") != "restore" or not isinstance(content, dict):
        return 0
    seen, size = content.get("seen_size"), content.get("size")
    return max(0, seen - size) if type(seen) is int and type(size) is int else 0


def cosigned_by(event: Event) -> tuple[int, frozenset[bytes]]:
    """Give the checkpoint size of a ``witness.cosigned`` event and the SHA-256 of each cosignature line it tells of."""
    size, lines = event.data.get("size"), event.data.get("lines")
    kept = lines if isinstance(lines, list) else []
    told = frozenset(bytes.fromhex(line) for line in kept if isinstance(line, str) and _DIGEST(line))
    return size if type(size) is int else -1, told


def founders_of(event: Event) -> frozenset[str]:
    """Give the ids of the persons who founded the court, from its genesis event; none for any other."""
    rows = event.data.get("persons")
    if event.type != "court.created" or not isinstance(rows, list):
        return frozenset()
    return frozenset(row["person"] for row in rows if isinstance(row, dict) and isinstance(row.get("person"), str))


def parse(body: bytes, *, seq: int | None = None) -> Event:
    """Give the event of stored bytes, strictly: what this version would not have written is refused.

    Args:
        body: The exact stored bytes.
        seq: Where the body was found, for the error only; the caller compares it with ``Event.seq``.

    Raises:
        IntegrityError: The body is no event of this format; says where and what.
    """
    try:
        return event_from(_checked(body), body)
    except ValueError as error:
        raise IntegrityError(
            N_("event {seq} can't be read: {why}"),
            on=f"seq {'?' if seq is None else seq}",
            expected=N_("a body as docs/ledger-format.md describes it"),
            found=N_("{count} bytes that are something else"),
            next="sopti ledger verify",
            seq="?" if seq is None else seq,
            why=str(error),
            count=len(body),
        ) from None


_KEYS = frozenset(
    ["v", "log", "seq", "prev", "id", "time", "boot", "mono", "type", "subject", "actor", "data", "blobs"]
)
_ACTOR_KEYS = frozenset(("person", "capacity", "credential"))
_BLOB_KEYS = frozenset(("name", "sha256", "size"))


def _checked(body: bytes) -> dict[str, Json]:
    """Give the body's JSON object with exactly the known keys; ValueError in words otherwise."""
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"it has {len(body)} bytes, more than {MAX_BODY_BYTES}")
    value = read_json(body)
    _require_keys("body", value, _KEYS)
    if type(value["v"]) is not int or value["v"] != VERSION:
        raise ValueError(f"v is {value['v']!r}, not {VERSION}")
    return value  # type: ignore[no-any-return]  # _require_keys refused anything but an object


def event_from(value: dict[str, Json], body: bytes) -> Event:
    """Give the event of a body's JSON object with exactly the keys of a body; ValueError for a malformed value."""
    time, prev, actor = value["time"], value["prev"], value["actor"]
    if type(time) is not str or not _TIME(time):
        raise ValueError(f"time is {time!r}, not UTC with six digits of a second")
    if type(prev) is not str or not _DIGEST(prev):
        raise ValueError("prev is not 64 lower-case hex digits")
    if type(value["data"]) is not dict:
        raise ValueError("data is not an object")
    _require_keys("actor", actor, _ACTOR_KEYS)
    claims_of(value["data"])
    return Event(
        log=_matching(value, "log", _LOG),
        seq=_natural(value, "seq"),
        prev=bytes.fromhex(prev),
        id=_matching(value, "id", _ID),
        time=datetime.fromisoformat(time[:-1] + "+00:00"),
        boot=_text(value, "boot"),
        mono=_natural(value, "mono"),
        type=_matching(value, "type", _TYPE),
        subject=_text(value, "subject"),
        actor=Actor(_text(actor, "person"), _text(actor, "capacity"), _text(actor, "credential")),
        data=value["data"],
        blobs=_blob_refs(value["blobs"]),
        body=body,
        leaf=leaf_hash(body),
    )


def _blob_refs(value: Json) -> tuple[BlobRef, ...]:
    if type(value) is not list:
        raise ValueError("blobs is not a list")
    if not value:
        return ()
    for ref in value:
        _require_keys("blob", ref, _BLOB_KEYS)
    return tuple(
        BlobRef(_text(r, "name"), bytes.fromhex(_matching(r, "sha256", _DIGEST)), _natural(r, "size")) for r in value
    )


def _require_keys(what: str, value: Json, keys: frozenset[str]) -> None:
    if type(value) is not dict:
        raise ValueError(f"{what} is not an object")
    if value.keys() != keys:
        missing, unknown = sorted(keys - value.keys()), sorted(value.keys() - keys)
        raise ValueError(f"{what} lacks the keys {missing} and has the unknown keys {unknown}")


def _text(value: dict[str, Json], key: str) -> str:
    text = value[key]
    if type(text) is not str:
        raise ValueError(f"{key} is not a string")
    return text


def _matching(value: dict[str, Json], key: str, match: Any) -> str:
    text = value[key]
    if type(text) is not str or not match(text):
        raise ValueError(f"{key} is {text!r}, which is malformed")
    return text


def _natural(value: dict[str, Json], key: str) -> int:
    number = value[key]
    if type(number) is not int or number < 0:
        raise ValueError(f"{key} is not a whole number from 0")
    return number
