"""What an audit leaves open: what the auditor's own file asks for and is not there, and what no such run could find.

The rule this module keeps: a verdict never stands alone. Whatever could have been done to the log without being seen
by this run is said beside it, and a test of the tamper matrix holds that what is not found is said here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sopti_runner.domain.ledger.trust import Trust
from sopti_runner.domain.ledger.verification import Remark
from sopti_runner.domain.ledger.vouching import Vouched
from sopti_runner.errors import N_


@dataclass(frozen=True, slots=True)
class Looked:
    """What one audit had before it.

    Attributes:
        size: Number of events.
        trust: What the auditor brought along, or None.
        vouched: Who vouches for how much.
        key_known: Whether a key of the log is known at all.
        blobs: Whether texts beside the ledger were looked at.
        acts: Whether each act was judged again.
        founders: Person ids of the genesis event.
        kept: Digest → event that says it was erased, of texts that are still there.
        lost: Event that goes on with an old copy → number of events that are known to be lost by it.
    """

    size: int
    trust: Trust | None
    vouched: Vouched
    key_known: bool
    blobs: bool
    acts: bool
    founders: frozenset[str] = frozenset()
    kept: Mapping[bytes, int] = field(default_factory=dict)
    lost: Mapping[int, int] = field(default_factory=dict)


def gaps(looked: Looked) -> Iterator[Remark]:
    """Give what trust asks for and is not there."""
    trust, vouched = looked.trust, looked.vouched
    if looked.size == 0:
        yield Remark(N_("The log has no events"))
    if trust:
        yield from _gaps_of_trust(looked, trust)
    if trust and trust.quorum and not vouched.witnessed:
        yield Remark(N_("No checkpoint is cosigned by {quorum} witnesses"), {"quorum": trust.quorum})
    for seq, lost in looked.lost.items():
        yield Remark(
            N_("Event {seq} goes on with an old copy: {lost} events that others had seen are lost for good"),
            {"seq": seq, "lost": lost},
        )
    for digest, seq in looked.kept.items():
        yield Remark(
            N_("Event {seq} says that the text {digest} was erased, but it is still here"),
            {"seq": seq, "digest": digest.hex()[:16]},
        )


def _gaps_of_trust(looked: Looked, trust: Trust) -> Iterator[Remark]:
    if not looked.vouched.signed:
        yield Remark(N_("No checkpoint is signed by a log key that the trust file names"))
    elif looked.vouched.signed < looked.size:
        yield _unsigned(looked)
    strangers = sorted(looked.founders - set(trust.persons)) if trust.persons else []
    if strangers:
        yield Remark(N_("The trust file names no key of these founders: {persons}"), {"persons": ", ".join(strangers)})


def _unsigned(looked: Looked) -> Remark:
    return Remark(N_("The log itself has signed only its first {count} events"), {"count": looked.vouched.signed})


def limits(looked: Looked) -> Iterator[Remark]:
    """Give what this run could not have found."""
    trust, size, vouched = looked.trust, looked.size, looked.vouched
    if not trust:
        yield Remark(N_("No trust file: whoever held the log's key could have written this whole history anew"))
    else:
        yield from _limits_of_trust(looked, trust)
    if not trust and vouched.signed < size:
        yield _unsigned(looked)
    if not looked.key_known:
        yield Remark(N_("No log key is known: signatures of checkpoints were not checked"))
    if not looked.blobs:
        yield Remark(N_("Texts beside the ledger were not looked at"))
    if not looked.acts:
        yield Remark(N_("Whether each act was allowed was not checked again"))
    yield Remark(
        N_("Events after the last one here ({last}) could have been cut off: only a larger checkpoint shows that"),
        {"last": size - 1},
    )
    yield Remark(N_("What runs did is what the machine recorded: only the hosts themselves can confirm it"))
    yield Remark(N_("Times are what this machine's clock said; only somebody else's date bounds them"))
    yield Remark(N_("A signature shows whose key was used, not whose hand"))
    yield Remark(N_("What was never written into the ledger can't be found in it"))


def _limits_of_trust(looked: Looked, trust: Trust) -> Iterator[Remark]:
    if not trust.quorum:
        yield Remark(N_("No witnesses: only the checkpoint you brought along binds whoever held the log's key"))
    if not trust.persons:
        yield Remark(N_("No persons in the trust file: whoever held the log's key could have invented all of them"))
    if looked.vouched.protected < looked.size:
        yield Remark(
            N_("Nobody outside has seen events {first} to {last}: they could have been changed, removed or added"),
            {"first": looked.vouched.protected, "last": looked.size - 1},
        )
