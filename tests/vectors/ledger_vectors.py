"""Makes the vectors of docs/ledger-format.md: python -m tests.vectors.ledger_vectors > tests/vectors/ledger.json."""

from __future__ import annotations

import base64
import json
import sys
from datetime import timedelta
from typing import Any

from sopti_runner.domain.ledger.checkpoint import Checkpoint
from sopti_runner.domain.ledger.encoding import place
from sopti_runner.domain.ledger.event import SYSTEM, ZERO_LEAF, Actor, blob_digest, seal_blob
from sopti_runner.domain.ledger.merkle import Frontier, Tree
from sopti_runner.domain.ledger.witness import AddCheckpoint
from tests.fakes import ORIGIN, START, Drafts, FakeClock, FakeLogKey, FakeWitnessKey

SECRETARY = Actor("p-2", "secretary:definitive", "SHA256:Q2xhaW1lZCBmaW5nZXJwcmludCBvZiBhIHRlc3Qga2V5AAA")
TYPES = ("request.registered", "request.approved", "run.started", "task.finished", "run.finished", "blob.erased")


def events() -> tuple[list[Any], list[Any]]:
    """Give seven events and their blobs, the same at every run."""
    clock, key = FakeClock(), FakeLogKey()
    drafts = Drafts(clock)
    blob = seal_blob("reason", "Buka porta 443 – é, 😀, \n".encode(), bytes(range(32)))
    made, blobs = [], [blob]
    data: dict[str, Any] = {
        "court.created": {"vkey": key.vkey, "zone": "Asia/Jakarta"},
        "request.approved": {"statement": '{"act":"approve","é":"\\n"}', "n": -9007199254740991},
        "run.started": {
            "claims": [["approval", "a-1"]],
            "hosts": ["srv01"],
            "é": None,
            "z": True,
            "€": {},
            "😀": [],
            "דּ": "",
        },
        "task.finished": {"host": "srv01", "objects": ["file:/etc/motd"], "kind": "changed"},
        "blob.erased": {"digests": [blob_digest(blob).hex()]},
    }
    prev = ZERO_LEAF
    for seq, kind in enumerate(("court.created", *TYPES)):
        actor = SECRETARY if kind == "request.approved" else SYSTEM
        draft = drafts(kind, "r-1", data.get(kind), [blob] if kind == "request.registered" else (), actor)
        at = clock.now()
        made.append(place(draft, log=ORIGIN, seq=seq, prev=prev, time=at.time, boot=at.boot, mono=at.mono))
        prev = made[-1].leaf
        clock.move(seconds=61, microseconds=7)
    return made, blobs


def build() -> dict[str, Any]:
    """Give all vectors as a JSON value; bytes in hex, notes as text."""
    made, blobs = events()
    leaves = [event.leaf for event in made]
    tree, key, witness = Tree(leaves), FakeLogKey(), FakeWitnessKey()
    text = str(Checkpoint(ORIGIN, 7, tree.root()))
    note = f"{text}\n{key.sign(text)}{witness.cosign(text, START + timedelta(hours=1))}"
    return {
        "format": 1,
        "origin": ORIGIN,
        "events": [{"body": e.body.hex(), "leaf": e.leaf.hex(), "text": e.body.decode()} for e in made],
        "blobs": [
            {"name": b.name, "salt": b.salt.hex(), "content": b.content.hex(), "digest": blob_digest(b).hex()}
            for b in blobs
        ],
        "roots": [tree.root(size).hex() for size in range(8)],
        "frontier": Frontier(leaves).dump().hex(),
        "inclusion": [
            {"index": i, "size": 7, "proof": [step.hex() for step in tree.inclusion(i, 7)]} for i in range(7)
        ],
        "consistency": [
            {"old": m, "new": 7, "proof": [step.hex() for step in tree.consistency(m, 7)]} for m in range(8)
        ],
        "log": {"seed": "01" * 32, "vkey": key.vkey},
        "witness": {"seed": "64" * 32, "vkey": witness.vkey},
        "checkpoint": {"size": 7, "root_base64": base64.b64encode(tree.root()).decode(), "text": text, "note": note},
        "add_checkpoint": str(AddCheckpoint(3, tuple(tree.consistency(3, 7)), f"{text}\n{key.sign(text)}")),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(build(), indent=1, ensure_ascii=False) + "\n")
