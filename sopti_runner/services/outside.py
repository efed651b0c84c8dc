"""What left this machine, held against the ledger: an old copy or another history takes no act and sends nothing.

The rule this module keeps: only a note that the log itself signed counts, so nobody who can write on the share can stop
a court; and a ledger that the newest such note does not fit is not carried on, also when it has grown since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from sopti_runner.domain.court import Court
from sopti_runner.domain.ledger.checkpoint import Checkpoint, open_checkpoint
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.ledger.note import NoteError, VerifierKey, parse_vkey
from sopti_runner.domain.reason import Reason
from sopti_runner.errors import N_
from sopti_runner.ports import CheckpointSink, LedgerStore


def newest_sent(sinks: Sequence[CheckpointSink], court: Court) -> Checkpoint | None:
    """Give the largest checkpoint of this log that some place outside shows now, or None."""
    if not sinks or not court.vkey:
        return None
    key = parse_vkey(court.vkey)
    found = (next(_signed(sink, court.origin, key), None) for sink in sinks)
    return max((one for one in found if one), key=lambda one: one.size, default=None)


def _signed(sink: CheckpointSink, origin: str, key: VerifierKey) -> Iterator[Checkpoint]:
    for note in sink.newest(origin):
        try:
            yield open_checkpoint(note, [key])[0]
        except NoteError:
            continue


def other_history(store: LedgerStore, court: Court, sent: Checkpoint | None) -> Reason | None:
    """Give why this ledger may not be carried on, or None when what was sent belongs to it."""
    if sent is None:
        return None
    fields = {"sent": sent.size, "size": court.size, "page": "docs/runbooks/restore-old-ledger.md"}
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
