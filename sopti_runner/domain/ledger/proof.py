"""Proof that one event is in a ledger, for a reader who gets nothing else of it (c2sp.org/tlog-proof).

The rule this module keeps: the proof carries the event's own bytes as the format's extra data, and counts only when the
event's place, the path and a checkpoint signed by keys that the reader brought along all agree.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from sopti_runner.domain.ledger.checkpoint import Checkpoint, open_checkpoint
from sopti_runner.domain.ledger.event import Event, leaf_hash, parse
from sopti_runner.domain.ledger.merkle import HASH_BYTES, verify_inclusion
from sopti_runner.domain.ledger.trust import Trust
from sopti_runner.errors import N_, IntegrityError

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class EventProof:
    """What a ``.tlog-proof`` file says.

    Attributes:
        body: The event's stored bytes.
        index: Its place, counted from 0.
        path: Inclusion proof (RFC 9162 section 2.1.3), 32 bytes each, from the leaf up.
        note: The signed checkpoint whose root the path leads to.
    """

    body: bytes
    index: int
    path: tuple[bytes, ...]
    note: str

    def __str__(self) -> str:
        """Give the file's text."""
        hashes = "".join(_b64(step) + "\n" for step in self.path)
        return f"{HEADER}\nextra {_b64(self.body)}\nindex {self.index}\n{hashes}\n{self.note}"


def parse_proof(text: str) -> EventProof:
    """Read a file's text; IntegrityError when it is not exactly of this form. Nothing is verified."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    index = _INDEX.fullmatch(lines[2]) if len(lines) > 2 else None
    if not blank or lines[0] != HEADER or not lines[1].startswith("extra ") or index is None:
        raise IntegrityError(N_("it does not begin with {header}, extra and index"), header=HEADER)
    path = tuple(map(_bytes, lines[3:]))
    if len(path) > MAX_HASHES or any(len(step) != HASH_BYTES for step in path):
        raise IntegrityError(
            N_("its path is not at most {count} hashes of {size} bytes"), count=MAX_HASHES, size=HASH_BYTES
        )
    return EventProof(_bytes(lines[1].removeprefix("extra ")), int(index[1]), path, note)


def check_proof(proof: EventProof, trust: Trust) -> tuple[Event, Checkpoint]:
    """Give the proven event and the checkpoint that vouches for it.

    Raises:
        IntegrityError, NoteError: The event is not shown to be in the log of the trust; says what does not agree.
    """
    checkpoint, signatures = open_checkpoint(proof.note, [*trust.log_keys, *trust.witnesses])
    signers = {signature.key for signature in signatures}
    if checkpoint.origin != trust.origin or not signers & set(trust.log_keys):
        raise IntegrityError(N_("the checkpoint is not signed by the log {log}"), log=trust.origin)
    seen = len({key.public for key in signers & set(trust.witnesses)})
    if seen < trust.quorum:
        raise IntegrityError(
            N_("{seen} of the {quorum} witnesses asked for cosigned the checkpoint"), seen=seen, quorum=trust.quorum
        )
    event = parse(proof.body)
    if event.log != trust.origin or event.seq != proof.index:
        raise IntegrityError(N_("the event calls itself number {seq} of {log}"), seq=event.seq, log=event.log)
    if not verify_inclusion(leaf_hash(proof.body), proof.index, checkpoint.size, proof.path, checkpoint.root):
        raise IntegrityError(N_("the path does not lead from the event to the checkpoint's root"))
    return event, checkpoint


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise IntegrityError(N_("{text} is not base64"), text=repr(text[:24])) from None
    if _b64(raw) != text:
        raise IntegrityError(N_("{text} is base64 with stray bits"), text=repr(text[:24]))
    return raw
