"""A witness in a process of its own: python -m tests.hostile.witness_process FOLDER REQUEST VKEY, killed as it answers;
or FOLDER LEAVES, which cosigns one checkpoint after the other and prints each size it answered.
"""

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from sopti_runner.adapters.log_key import WitnessKey
from sopti_runner.adapters.witness_state import WitnessStateFile
from sopti_runner.domain.ledger.event import leaf_hash
from sopti_runner.domain.ledger.merkle import Tree
from sopti_runner.domain.ledger.witness import AddCheckpoint
from sopti_runner.services.witnessing import cosign
from tests.fakes import FakeLogKey, FakeWitnessKey


class DeadlyKey:
    """A witness's key; whoever asks it to sign dies, after the decision was stored and before any answer."""

    def __init__(self, key):
        self.vkey = key.vkey

    def cosign(self, text, time):
        os.kill(os.getpid(), signal.SIGKILL)


def tree(leaves):
    return Tree(leaf_hash(b"%d" % n) for n in range(leaves))


def die_answering(folder, request, vkey):
    key = DeadlyKey(WitnessKey.load(folder / "witness.key"))
    memory = WitnessStateFile(folder / "memory.json")
    cosign(Path(request).read_text(), vkey=vkey, memory=memory, key=key, now=datetime.now(UTC))


def cosign_on(folder, leaves):
    """Go on from what is remembered."""
    log, memory, whole = FakeLogKey(), WitnessStateFile(folder / "memory.json"), tree(leaves)
    for size in range(memory.remembered(log.origin).size, leaves):
        proof = tuple(whole.consistency(size, size + 1)) if size else ()
        request = AddCheckpoint(size, proof, log.note(size + 1, whole.root(size + 1)))
        cosign(str(request), vkey=log.vkey, memory=memory, key=FakeWitnessKey(), now=datetime.now(UTC))
        print(size + 1, flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        die_answering(Path(sys.argv[1]), *sys.argv[2:])
    else:
        cosign_on(Path(sys.argv[1]), int(sys.argv[2]))
