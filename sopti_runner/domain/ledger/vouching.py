"""Who vouches for how much of a log: its own key, witnesses, and the checkpoint an auditor brought along.

The rule this module keeps: a checkpoint is held against the events, never the events against it alone; only what
somebody outside has seen (a quorum of witnesses, or the auditor) protects against the holder of the log's key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        holding: Number of checkpoints that hold.
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


def check_notes(
    notes: Sequence[tuple[int, str]],
    *,
    origin: str,
    roots: Mapping[int, bytes],
    size: int,
    keys: Sequence[VerifierKey],
    trust: Trust | None,
) -> Vouched:
    """Hold checkpoints against the events.

    Args:
        notes: (size, signed note), by size.
        origin: The log they must speak of.
        roots: Root that the events make at each size in ``notes`` and in ``trust``, as far as the log goes.
        size: Number of events.
        keys: The log's keys; empty when none is known, and then signatures are not checked.
        trust: What the auditor brought along, or None.
    """
    vouched = Vouched()
    good_until = 0
    for at, note in notes:
        try:
            claimed = read_checkpoint(note)
            if (claimed.origin, claimed.size) != (origin, at):
                raise NoteError(f"it speaks of {claimed.origin} at size {claimed.size}")
            by_log, witnesses = _signers(note, origin, keys, trust)
        except NoteError as error:
            what = N_("A checkpoint can't be believed")
            vouched.defects.append(Defect("checkpoint_bad", what, None, at, found=str(error)))
            continue
        broken = _broken(claimed, roots, size, good_until)
        if broken:
            vouched.defects.append(broken)
            continue
        good_until = at
        vouched.holding += 1
        vouched.signed = at if by_log else vouched.signed
        if by_log and trust and 0 < trust.quorum <= witnesses:
            vouched.witnessed = at
    if trust and trust.known:
        broken = _broken(trust.known, roots, size, 0)
        vouched.known = 0 if broken else trust.known.size
        vouched.defects += [broken] if broken else []
    return vouched


def _signers(note: str, origin: str, keys: Sequence[VerifierKey], trust: Trust | None) -> tuple[bool, int]:
    """Give whether the log signed a note, and how many different witnesses did; NoteError for a bad signature."""
    if not keys:
        return False, 0
    _, signatures = open_checkpoint(note, (*keys, *(trust.witnesses if trust else ())))
    if not any(s.key.kind == ED25519 and s.key.name == origin for s in signatures):
        raise NoteError("the log did not sign it")
    return True, len({s.key.public for s in signatures if s.key.kind == COSIGNATURE})


def _broken(claimed: Checkpoint, roots: Mapping[int, bytes], size: int, good_until: int) -> Defect | None:
    """Give what is wrong when the events do not make a checkpoint; ``good_until`` is the last size that held."""
    if claimed.size > size:
        what = N_("Events that a checkpoint counts are gone")
        return Defect("tail_cut", what, size, claimed.size, f"{claimed.size} events", f"{size} events")
    if roots[claimed.size] != claimed.root:
        what = N_("History was changed before this checkpoint, at or after the event named")
        return Defect("root_differs", what, good_until, claimed.size, claimed.root.hex(), roots[claimed.size].hex())
    return None
