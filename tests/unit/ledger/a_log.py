"""A log to audit, and to cheat with, and the keys that stand around it."""

from __future__ import annotations

import json

from sopti_runner.domain.ledger.checkpoint import Checkpoint
from sopti_runner.domain.ledger.encoding import place
from sopti_runner.domain.ledger.event import ZERO_LEAF, blob_digest, leaf_hash, seal_blob
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.ledger.trust import Trust
from sopti_runner.domain.ledger.verify import audit
from tests.fakes import ORIGIN, Drafts, FakeClock, FakeLogKey, FakeWitnessKey

KEY, THIEF, WITNESS, SECOND = FakeLogKey(), FakeLogKey(seed=2), FakeWitnessKey(), FakeWitnessKey("ma.example/w", 101)
TRUST = Trust(ORIGIN, (KEY.verifier,), (WITNESS.verifier, SECOND.verifier), 1)
PERSON = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHB6GczmkDdKdVyqBPUVlUPTpImPpIHS5TBmXsH1zo2a"


class Log:
    """A log to audit, and to cheat with: bodies, notes and blobs, made anew from drafts at will."""

    def __init__(self, count=60, signed=(20, 40), witnessed=(20, 40)):
        self.clock = FakeClock()
        drafts = Drafts(self.clock)
        self.blobs = {}
        self.events = []
        for number in range(count):
            self.clock.move(seconds=7)
            blob = seal_blob("reason", b"alasan %d" % number, bytes([number % 256]) * 32)
            kind = "court.created" if number == 0 else "request.registered"
            data = {"vkey": KEY.vkey} if number == 0 else {"n": number}
            self.add(drafts(kind, f"r-{number}", data, [blob] if number % 5 == 1 else []))
        self.notes = [self.note(size, witnesses=(WITNESS,) if size in witnessed else ()) for size in signed]

    @property
    def bodies(self):
        return [event.body for event in self.events]

    def add(self, draft, at=None):
        at = at or self.clock.now()
        prev = self.events[-1].leaf if self.events else ZERO_LEAF
        self.blobs |= {blob_digest(blob): blob for blob in draft.blobs}
        self.events.append(
            place(draft, log=ORIGIN, seq=len(self.events), prev=prev, time=at.time, boot=at.boot, mono=at.mono)
        )

    def note(self, size, key=KEY, witnesses=(), bodies=None):
        root = Frontier(map(leaf_hash, (bodies or self.bodies)[:size])).root()
        text = str(Checkpoint(ORIGIN, size, root))
        cosigned = "".join(w.cosign(text, self.clock.time) for w in witnesses)
        return size, f"{text}\n{key.sign(text)}{cosigned}"

    def audit(self, trust=TRUST, **changes):
        given_ = {"bodies": self.bodies, "notes": self.notes, "blobs": self.blobs.get} | changes
        return audit(given_.pop("bodies"), trust=trust, **given_)


def rewritten(bodies, start, change):
    """History from ``start`` on made anew, chain and all, after ``change`` of one body's JSON value."""
    made = list(bodies[:start])
    prev = leaf_hash(made[-1]) if made else ZERO_LEAF
    for seq, body in enumerate(bodies[start:], start):
        value = json.loads(body) | {"prev": prev.hex(), "seq": seq}
        if seq == start:
            change(value)
        made.append(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())
        prev = leaf_hash(made[-1])
    return made
