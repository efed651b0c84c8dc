"""What a reader is shown of a log, true or forged, and what an auditor holds it against.

The rule this module keeps: a forger is as clever as they can be. Checkpoints that no longer fit are left out rather
than shown; whoever holds the log's key signs new ones.
"""

import json
from dataclasses import dataclass, replace

from sopti_runner.adapters.bundle import ZipBundle, write_bundle
from sopti_runner.adapters.bundle.verifier import verify_bundle
from sopti_runner.domain.ledger.checkpoint import Checkpoint, read_checkpoint
from sopti_runner.domain.ledger.encoding import canonical
from sopti_runner.domain.ledger.event import ZERO_LEAF, leaf_hash
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.ledger.note import parse_vkey
from sopti_runner.services.verifying import trust_of


@dataclass(frozen=True)
class Copy:
    """A log as it is handed out: bodies in order, notes by size, blobs by digest."""

    bodies: tuple
    notes: dict
    blobs: dict

    @classmethod
    def of(cls, store):
        """Give what a ledger would export."""
        refs = [ref.digest for event in store.events() for ref in event.blobs]
        blobs = {digest: blob for digest in refs if (blob := store.blob(digest))}
        return cls(tuple(store.bodies()), dict(store.checkpoints()), blobs)

    def write(self, target):
        """Write the copy as a bundle."""
        with target.open("wb") as file:
            write_bundle(file, bodies=self.bodies, notes=self.notes.items(), blobs=self.blobs.get, extras={})
        return target

    def with_bodies(self, bodies):
        return replace(self, bodies=tuple(bodies))

    def fitting(self):
        """Leave out the checkpoints that these events do not make."""
        sizes = [size for size, note in self.notes.items() if read_checkpoint(note).root == root(self.bodies, size)]
        return replace(self, notes={size: self.notes[size] for size in sizes if size <= len(self.bodies)})

    def signed_by(self, key):
        """Sign the end with the log's key; checkpoints that no longer fit are left out."""
        fitting, size = self.fitting(), len(self.bodies)
        text = str(Checkpoint(json.loads(self.bodies[0])["log"], size, root(self.bodies, size)))
        return replace(fitting, notes={size: f"{text}\n{key.sign(text)}", **fitting.notes})


def root(bodies, size):
    """Give the root over the first ``size`` bodies, or of all when there are fewer."""
    return Frontier(map(leaf_hash, bodies[:size])).root()


def chained(bodies, start):
    """Give the bodies with places and links from ``start`` on made anew, as whoever rewrites a history does."""
    made = list(bodies[:start])
    prev = leaf_hash(made[-1]) if made else ZERO_LEAF
    for seq, body in enumerate(bodies[start:], start):
        made.append(canonical(json.loads(body) | {"seq": seq, "prev": prev.hex()}))
        prev = leaf_hash(made[-1])
    return made


def defences(house):
    """Give what auditors may bring along, from nothing to a checkpoint from elsewhere newer than any change."""
    keys = replace(trust_of(house.books), known=None, witnesses=(), quorum=0)
    return {
        "alone": None,
        "keys": keys,
        "paper": replace(keys, known=Checkpoint(keys.origin, house.paper.size, house.paper.root)),
        "witness": replace(keys, witnesses=(parse_vkey(house.witness_key.vkey),), quorum=1),
        "newest": replace(keys, known=read_checkpoint(house.sink.notes(keys.origin)[-1][1])),
    }


def read(bundle, trust):
    """Judge a bundle as an auditor's verifier does."""
    with ZipBundle(bundle) as opened:
        return verify_bundle(opened, trust)
