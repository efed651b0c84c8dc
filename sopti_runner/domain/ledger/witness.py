"""A witness: somebody else who remembers the largest checkpoint and refuses any history that does not extend it.

The rule this module keeps (c2sp.org/tlog-witness, ``add-checkpoint``): the answer is a function of what was remembered
and what was asked; whoever calls stores the new state **before** handing out the cosignature, and lets no second
request in between. The statuses are those of the protocol, so that a public witness gives the same answers.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sopti_runner.domain.ledger.checkpoint import Checkpoint, parse_checkpoint
from sopti_runner.domain.ledger.merkle import EMPTY_ROOT, HASH_BYTES, verify_consistency
from sopti_runner.domain.ledger.note import NoteError, VerifierKey, open_note, split_note

MAX_PROOF_LINES = 63

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class WitnessState:
    """What a witness remembers of one log: the largest checkpoint it cosigned."""

    size: int = 0
    root: bytes = EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request to cosign.

    Attributes:
        old: Size the log believes the witness remembers.
        proof: Consistency proof from ``old`` to the checkpoint, 32 bytes each; empty when ``old`` is 0.
        note: The checkpoint, signed by the log.
    """

    old: int
    proof: tuple[bytes, ...]
    note: str

    def __str__(self) -> str:
        """Give the request's text as the protocol sends it."""
        hashes = "".join(base64.b64encode(step).decode() + "\n" for step in self.proof)
        return f"old {self.old}\n{hashes}\n{self.note}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A witness's answer.

    Attributes:
        status: 200 cosign, 400 malformed, 403 not signed by the log, 404 unknown log, 409 another size or root is
            remembered, 422 not a continuation of what was remembered.
        reason: For a person; empty at 200.
        checkpoint: What may be cosigned; None unless 200.
        remembered: The size the witness remembers, which a 409 tells the log.
    """

    status: int
    reason: str
    checkpoint: Checkpoint | None
    remembered: int

    @property
    def accepted(self) -> bool:
        """Whether the checkpoint may be cosigned."""
        return self.status == 200


def parse_request(text: str) -> AddCheckpoint:
    """Give the request of its protocol text; NoteError when malformed."""
    head, blank, note = text.partition("\n\n")
    first, *hashes = head.split("\n")
    match = _OLD.fullmatch(first)
    if match is None or not blank:
        raise NoteError('the request does not begin with "old <size>", its proof and an empty line')
    if len(hashes) > MAX_PROOF_LINES:
        raise NoteError(f"the request has more than {MAX_PROOF_LINES} hashes")
    return AddCheckpoint(int(match[1]), tuple(_hash(line) for line in hashes), note)


def judge_checkpoint(
    state: WitnessState, request: AddCheckpoint, *, origin: str, keys: Iterable[VerifierKey]
) -> tuple[Verdict, WitnessState]:
    """Judge one request by what is remembered.

    Args:
        state: What the witness remembers of this log; ``WitnessState()`` for nothing.
        request: What is asked.
        origin: The log this state is about.
        keys: The keys of that log, from the witness's own copy.

    Returns:
        The verdict, and what to remember from now on (unchanged unless accepted).
    """
    try:
        claimed = parse_checkpoint(split_note(request.note).text)
    except NoteError as error:
        return _refuse(state, 400, str(error))
    if claimed.origin != origin:
        return _refuse(state, 404, f"the log {claimed.origin!r} is not known here")
    try:
        open_note(request.note, (key for key in keys if key.name == origin))
    except NoteError as error:
        return _refuse(state, 403, str(error))
    return _judge_history(state, request, claimed)


def _judge_history(state: WitnessState, request: AddCheckpoint, new: Checkpoint) -> tuple[Verdict, WitnessState]:
    if request.old > new.size:
        return _refuse(state, 400, f"the old size {request.old} is larger than the checkpoint's {new.size}")
    if request.old != state.size:
        return _refuse(state, 409, f"size {state.size} is remembered, not {request.old}")
    if new.size == state.size and new.root != state.root:
        return _refuse(state, 409, f"another root is remembered at size {state.size}: the log has two histories")
    if (request.old == 0 and request.proof) or not (
        request.old == 0 or verify_consistency(request.old, new.size, state.root, new.root, request.proof)
    ):
        return _refuse(state, 422, f"size {new.size} is not a continuation of what is remembered at {state.size}")
    return Verdict(200, "", new, new.size), replace(state, size=new.size, root=new.root)


def _refuse(state: WitnessState, status: int, reason: str) -> tuple[Verdict, WitnessState]:
    return Verdict(status, reason, None, state.size), state


def _hash(line: str) -> bytes:
    try:
        raw = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"the proof line {line[:60]!r} is not base64") from None
    if len(raw) != HASH_BYTES:
        raise NoteError(f"the proof line {line[:60]!r} is not a hash of 32 bytes")
    return raw
