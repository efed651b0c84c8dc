"""What left this machine, held against the ledger: an old copy or another history takes no act and sends nothing.

The rule this module keeps: only a note that the log itself signed counts, so nobody who can write on the share can stop
a court; and a ledger that the newest such note does not fit is not carried on, also when it has grown since.

Where events were lost and two persons agreed to go on without them, the places outside keep what follows beside what
was lost: the old checkpoints stay what they are, the proof that more had existed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sopti_runner.domain.court import Court
from sopti_runner.domain.ledger.checkpoint import Checkpoint, open_checkpoint
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.ledger.note import NoteError, VerifierKey, parse_vkey
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.restoration import RUNBOOK
from sopti_runner.errors import N_
from sopti_runner.ports import CheckpointSink, LedgerStore


def kept_as(court: Court) -> str:
    """Give the name under which places outside keep this ledger's checkpoints now."""
    return _places(court)[-1][0]


def _places(court: Court) -> list[tuple[str, int | None]]:
    """Give each name that checkpoints were kept under, with the number of events seen there when it was given up."""
    names: list[tuple[str, int | None]] = [(court.origin, None)]
    for one in court.restorations.losses:
        names[-1] = (names[-1][0], one.seen)
        names.append((f"{court.origin}#{one.seq}", None))
    return names


def belonging(court: Court) -> list[tuple[str, int | None]]:
    """Give each such name with the size up to which what is kept there belongs to this ledger; None for all of it."""
    ends = [one.size for one in court.restorations.losses]
    return [(name, end) for (name, _seen), end in zip(_places(court), [*ends, None], strict=True)]


def newest_sent(sinks: Sequence[CheckpointSink], court: Court, name: str = "") -> Checkpoint | None:
    """Give the largest checkpoint of this log that some place outside shows now, or None.

    Args:
        sinks: The places.
        court: Names the log and its key.
        name: What it is kept under; the present name when empty.
    """
    if not sinks or not court.vkey:
        return None
    key = parse_vkey(court.vkey)
    found = (next(_signed(sink, name or kept_as(court), key), None) for sink in sinks)
    return max((one for one in found if one), key=lambda one: one.size, default=None)


def _signed(sink: CheckpointSink, name: str, key: VerifierKey) -> Iterator[Checkpoint]:
    for note in sink.newest(name):
        try:
            found = open_checkpoint(note, [key])[0]
        except NoteError:
            continue
        if found.origin == key.name:
            yield found


def reasons(store: LedgerStore, court: Court, sinks: Sequence[CheckpointSink]) -> Iterator[Reason]:
    """Give why this ledger may not be carried on; nothing when what was sent belongs to it."""
    now = other_history(store, court, newest_sent(sinks, court))
    if now:
        yield now
    for name, seen in _places(court)[:-1]:
        before = newest_sent(sinks, court, name)
        if seen is not None and before and before.size > seen:
            yield Reason(
                "ledger_outrun",
                N_(
                    "What was taken for lost went on elsewhere: a checkpoint over {sent} events, {seen} were known. "
                    "See {page}"
                ),
                {"sent": before.size, "seen": seen, "page": RUNBOOK},
            )


def other_history(store: LedgerStore, court: Court, sent: Checkpoint | None) -> Reason | None:
    """Give why this ledger may not be carried on, or None when what was sent belongs to it."""
    if sent is None:
        return None
    fields = {"sent": sent.size, "size": court.size, "page": RUNBOOK}
    if sent.size > court.size:
        return Reason(
            "ledger_behind",
            N_("A checkpoint over {sent} events left this machine, but the ledger has {size}: an old copy? See {page}"),
            fields,
        )
    if Frontier(islice(store.leaves(), sent.size)).root() != sent.root:  # never from a table of checkpoints
        return Reason(
            "ledger_differs",
            N_("The checkpoint over {sent} events that left this machine is of another history. See {page}"),
            fields,
        )
    return None


def not_the_newest(
    store: LedgerStore, court: Court, sinks: Sequence[CheckpointSink], content: Mapping[str, Any]
) -> Iterator[Reason]:
    """Give why a copy can't be carried on as proposed: places outside show something newer, or another history.

    Args:
        store: The copy.
        court: What it tells.
        sinks: Places outside.
        content: ``size`` of the copy, ``seen_size`` and ``seen_root`` (hex) of the newest checkpoint that was named.
    """
    seen = Checkpoint(court.origin, content["seen_size"], bytes.fromhex(content["seen_root"]))
    sent = newest_sent(sinks, court)
    if sent and (sent.size > seen.size or (sent.size == seen.size and sent.root != seen.root)):
        yield Reason(
            "restore_outrun",
            N_("A checkpoint over {sent} events left this machine; the proposal names one over {seen}"),
            {"sent": sent.size, "seen": seen.size},
        )
    for one in (sent, seen):
        if one and one.size <= content["size"]:
            differs = other_history(store, court, one)
            if differs:
                yield differs
