"""Who vouches for how much of a log: its own key, witnesses, and the checkpoint an auditor brought along.

The rule this module keeps: a checkpoint is held against the events, never the events against it alone; only what
somebody outside has seen (a quorum of witnesses, or the auditor) protects against the holder of the log's key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sopti_runner.domain.ledger.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from sopti_runner.domain.ledger.note import COSIGNATURE, ED25519, NoteError, VerifierKey
from sopti_runner.domain.ledger.trust import Trust
from sopti_runner.domain.ledger.verification import Defect
from sopti_runner.errors import N_


@dataclass(slots=True)
class Vouched:
    """How far each kind of voucher reaches, as tree sizes.

    Attributes:
        signed: Largest checkpoint that the log signed and the events make.
        witnessed: Largest of them that a quorum of trusted witnesses cosigned.
        known: The auditor's own checkpoint, when the events make it.
        holding: Number of sizes at which a checkpoint holds.
        defects: What does not hold.
    """

    signed: int = 0
    witnessed: int = 0
    known: int = 0
    holding: int = 0
    defects: list[Defect] = field(default_factory=list)

    @property
    def protected(self) -> int:
        """Events before this place can't have changed since somebody outside saw them."""
        return max(self.known, self.witnessed)


@dataclass(frozen=True, slots=True)
class Told:
    """What a ``witness.cosigned`` event tells: the checkpoint of this size bears lines with these SHA-256 digests."""

    seq: int
    size: int
    lines: frozenset[bytes]


def check_notes(
    notes: Sequence[tuple[int, str]],
    *,
    origin: str,
    roots: Mapping[int, bytes],
    size: int,
    keys: Sequence[VerifierKey],
    trust: Trust | None,
    first_bad: int | None = None,
    told: Iterable[Told] = (),
) -> Vouched:
    """Hold checkpoints against the events.

    Args:
        notes: (size, signed note).
        origin: The log they must speak of.
        roots: Root that the events make at each size in ``notes`` and in ``trust``, as far as the log goes.
        size: Number of events.
        keys: The log's keys; empty when none is known, and then signatures are not checked.
        trust: What the auditor brought along, or None.
        first_bad: First event that the events themselves show to be bad, or None.
        told: Cosignatures that events tell of: each must stand in its checkpoint, byte for byte.
    """
    vouched = Vouched(defects=list(_lost(notes, told)))
    seen = [_Seen(trust.known, OUTSIDE)] if trust and trust.known else []
    for at, note in sorted(notes):
        try:
            seen.append(_read(at, note, origin, keys, trust))
        except NoteError as error:
            what = N_("A checkpoint can't be believed")
            vouched.defects.append(Defect("checkpoint_bad", what, None, at, found=str(error)))
    holding = [one for one in seen if roots.get(one.claimed.size) == one.claimed.root]
    vouched.defects += [_broken(one, holding, roots, size, first_bad) for one in seen if one not in holding]
    _count(vouched, holding, trust)
    return vouched


SIGNED, OUTSIDE = 1, 2


@dataclass(frozen=True, slots=True)
class _Seen:
    """A checkpoint and who vouches for it: 0 nobody known, ``SIGNED`` the log, ``OUTSIDE`` witnesses or the auditor."""

    claimed: Checkpoint
    rank: int


def _read(at: int, note: str, origin: str, keys: Sequence[VerifierKey], trust: Trust | None) -> _Seen:
    """Give what a note claims and who vouches for it; NoteError when it can't be believed."""
    claimed = read_checkpoint(note)
    if (claimed.origin, claimed.size) != (origin, at):
        raise NoteError(f"it speaks of {claimed.origin} at size {claimed.size}")
    by_log, witnesses = _signers(note, origin, keys, trust)
    outside = by_log and trust is not None and 0 < trust.quorum <= witnesses
    return _Seen(claimed, OUTSIDE if outside else SIGNED if by_log else 0)


def _lost(notes: Sequence[tuple[int, str]], told: Iterable[Told]) -> Iterator[Defect]:
    """Give the cosignatures that events tell of and no checkpoint bears: a witness's word can't be dropped unseen."""
    for one in told:
        borne = {_digest(line) for size, note in notes if size == one.size for line in note.splitlines(keepends=True)}
        if one.lines - borne:
            what = N_("A checkpoint does not bear a cosignature that an event tells of")
            yield Defect("cosignature_lost", what, None, one.size, f"as told by event {one.seq}", "no such line")


def _digest(line: str) -> bytes:
    return hashlib.sha256(line.encode()).digest()


def _count(vouched: Vouched, holding: Sequence[_Seen], trust: Trust | None) -> None:
    known = [one for one in holding if trust and one.claimed is trust.known]
    kept = [one for one in holding if not (trust and one.claimed is trust.known)]
    vouched.known = max((one.claimed.size for one in known), default=0)
    vouched.holding = len({one.claimed.size for one in kept})
    for one in kept:
        vouched.signed = max(vouched.signed, one.claimed.size if one.rank >= SIGNED else 0)
        vouched.witnessed = max(vouched.witnessed, one.claimed.size if one.rank == OUTSIDE else 0)


def _signers(note: str, origin: str, keys: Sequence[VerifierKey], trust: Trust | None) -> tuple[bool, int]:
    """Give whether the log signed a note, and how many different witnesses did; NoteError for a bad signature."""
    if not keys:
        return False, 0
    _, signatures = open_checkpoint(note, (*keys, *(trust.witnesses if trust else ())))
    if not any(s.key.kind == ED25519 and s.key.name == origin for s in signatures):
        raise NoteError("the log did not sign it")
    return True, len({s.key.public for s in signatures if s.key.kind == COSIGNATURE})


def _broken(
    one: _Seen, holding: Sequence[_Seen], roots: Mapping[int, bytes], size: int, first_bad: int | None
) -> Defect:
    """Give what is wrong when the events do not make a checkpoint, with the first event that can be the cause.

    Only checkpoints that are vouched for as well as this one narrow the search: the holder of the log's key can make
    others that agree with a forgery.
    """
    claimed = one.claimed
    if claimed.size > size:
        what = N_("Events that a checkpoint counts are gone")
        return Defect("tail_cut", what, size, claimed.size, f"{claimed.size} events", f"{size} events")
    good = max((h.claimed.size for h in holding if h.rank >= one.rank and h.claimed.size < claimed.size), default=0)
    cause = first_bad if first_bad is not None and good <= first_bad < claimed.size else good
    what = N_("History was changed before this checkpoint, at or after the event named")
    return Defect("root_differs", what, cause, claimed.size, claimed.root.hex(), roots[claimed.size].hex())
