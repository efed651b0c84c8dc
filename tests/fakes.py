"""Fakes that implement ports: a clock that is set, a ledger in memory, keys and sinks without files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sopti_runner.domain.ids import uuid7
from sopti_runner.domain.ledger.checkpoint import Checkpoint, read_checkpoint
from sopti_runner.domain.ledger.encoding import canonical, place
from sopti_runner.domain.ledger.event import (
    SYSTEM,
    ZERO_LEAF,
    Draft,
    blob_digest,
    claims_of,
    leased_by,
    leases_after,
    objects_of,
)
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.ledger.note import (
    COSIGNATURE,
    ED25519,
    NoteError,
    cosign_note,
    merge_notes,
    sign_note,
    verifier_key,
)
from sopti_runner.domain.plan import Plan
from sopti_runner.domain.time_rules import Instant
from sopti_runner.errors import IntegrityError, LedgerError, RefusedError
from sopti_runner.ports import Head

ORIGIN = "sopti.pn-contoh.example/ledger"
OFFICIALS = {
    "op": ["operator"],
    "op2": ["operator"],
    "head": ["section_head"],
    "kabag": ["division_head"],
    "sec": ["secretary"],
    "chair": ["chair"],
}
"""One person and one deputy for each office that an invented court of appeal has."""
START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


def plan_of(sealed, playbook, variables, tags, records):
    """Give the plan that an invented engine makes of a sealed copy."""
    return Plan(
        playbook=playbook,
        snapshot=sealed.files,
        inventory=sealed.inventory,
        variables=variables,
        hosts=sealed.hosts,
        tags=tuple(tags),
        engine=sealed.engine,
        host_keys=sealed.host_keys,
        hmac_key_id="k" * 16,
        records=tuple(records),
    )


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, time=START, boot="b-1"):
        self.time, self.boot, self.mono = time, boot, 1_000_000

    def now(self):
        return Instant(self.time, self.boot, self.mono)

    def move(self, **span):
        self.time += timedelta(**span)
        self.mono += max(0, timedelta(**span) // timedelta(microseconds=1))


class Drafts:
    """Makes drafts with ids that are unique and the same at every run."""

    def __init__(self, clock=None):
        self.clock, self.count = clock or FakeClock(), 0

    def __call__(self, type_="read.finished", subject="r-1", data=None, blobs=(), actor=SYSTEM):
        self.count += 1
        ident = uuid7(self.clock.time, self.count.to_bytes(10, "big"))
        return Draft(ident, type_, subject, actor, data or {}, blobs)


class FakeLogKey:
    """The log's key, made from a seed byte; implements LogSigner."""

    def __init__(self, origin=ORIGIN, seed=1):
        self.origin, self.key = origin, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)

    @property
    def verifier(self):
        return verifier_key(self.origin, ED25519, self.key)

    @property
    def vkey(self):
        return str(self.verifier)

    def sign(self, text):
        return sign_note(text, self.origin, self.key)

    def note(self, size, root):
        text = str(Checkpoint(self.origin, size, root))
        return f"{text}\n{self.sign(text)}"


class FakeWitnessKey:
    """A witness's key, made from a seed byte; implements Cosigner."""

    def __init__(self, name="pt-contoh.example/saksi", seed=100):
        self.name, self.key = name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)

    @property
    def verifier(self):
        return verifier_key(self.name, COSIGNATURE, self.key)

    @property
    def vkey(self):
        return str(self.verifier)

    def cosign(self, text, time):
        return cosign_note(text, self.name, self.key, time)


class FakeSink:
    """Checkpoints kept in memory; implements CheckpointSink."""

    def __init__(self):
        self.kept = {}

    def publish(self, origin, size, note):
        self.kept[origin, size] = note
        return f"memory:{origin}/{size}"

    def newest(self, origin):
        yield from (note for _size, note in reversed(self.notes(origin)))

    def notes(self, origin):
        return [(size, note) for (of, size), note in sorted(self.kept.items()) if of == origin]


class MemoryStore:
    """The ledger in memory; implements LedgerStore with the same refusals."""

    def __init__(self):
        self._log, self._events, self._blobs, self._notes, self._claims = "", [], {}, {}, {}

    @property
    def log(self):
        if not self._log:
            raise LedgerError("There is no ledger here")
        return self._log

    def create(self, log):
        if self._log == log and self._events:
            raise IntegrityError("The log exists already", on=log)
        self._log = log

    def head(self):
        self.log  # noqa: B018  refuses before create, as every reader does
        leaves = [event.leaf for event in self._events]
        return Head(len(leaves), leaves[-1] if leaves else ZERO_LEAF, Frontier(leaves).root())

    def append(self, drafts, at, *, expect_size=None):
        known = {event.id: event for event in self._events}
        fresh = {}
        for draft in drafts:
            _require_same(draft, known.get(draft.id) or fresh.setdefault(draft.id, draft))
        fresh = [draft for ident, draft in fresh.items() if ident not in known]
        if fresh and expect_size not in (None, len(self._events)):
            raise RefusedError("The ledger grew", on=self.log)
        claims = [claim for draft in fresh for claim in claims_of(draft.data)]
        for at_, claim in enumerate(claims):
            if claim in self._claims or claim in claims[:at_]:
                raise RefusedError("taken already", on=claim.key)
        held = {}
        for event in [*self._events, *fresh]:
            for host in leased_by(event):
                if host in held:
                    raise RefusedError("taken by another run", on=host)
            held = leases_after(held, event)
        placed, seq, prev = [], len(self._events), self.head().leaf
        for draft in fresh:
            event = place(draft, log=self.log, seq=seq, prev=prev, time=at.time, boot=at.boot, mono=at.mono)
            placed.append(event)
            seq, prev = seq + 1, event.leaf
        self._events += placed
        self._claims |= {claim: event.seq for event in placed for claim in claims_of(event.data)}
        self._blobs |= {blob_digest(blob): blob for draft in fresh for blob in draft.blobs}
        known |= {event.id: event for event in placed}
        return tuple(known[draft.id] for draft in drafts)

    def events(self, start=0, *, types=(), subject=""):
        self.log  # noqa: B018  refuses before create, as every reader does
        for event in self._events[start:]:
            wanted = not types or any(
                event.type.startswith(t[:-1]) if t.endswith(".*") else event.type == t for t in types
            )
            if wanted and subject in ("", event.subject):
                yield event

    def bodies(self, start=0):
        return iter([event.body for event in self._events[start:]])

    def leaves(self, start=0):
        return iter([event.leaf for event in self._events[start:]])

    def touching(self, host, object_):
        return iter([event for event in self._events if (host, object_) in objects_of(event)])

    def blob(self, digest):
        return self._blobs.get(digest)

    def erase(self, digest):
        return self._blobs.pop(digest, None) is not None

    def save_checkpoint(self, size, note):
        try:
            claimed = read_checkpoint(note)
            if (claimed.origin, claimed.size) != (self.log, size):
                raise NoteError("another log or size")
            self._notes[size] = merge_notes(self._notes[size], note) if size in self._notes else note
        except NoteError as error:
            raise IntegrityError("The checkpoint does not belong here", on=str(size)) from error

    def checkpoints(self):
        return sorted(self._notes.items())

    copied_at = 0

    def differences(self):
        return []

    def rebuild(self):
        return []


def _require_same(draft, kept):
    said, says = ((d.type, d.subject, d.actor, canonical(d.data)) for d in (draft, kept))
    if said != says:
        raise IntegrityError("An event id was used for two different events", on=draft.id)
