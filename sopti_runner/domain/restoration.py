"""A ledger put back from a copy: what must be agreed before it goes on, and what it no longer stands for.

The rule this module keeps:

- A copy takes nothing on until two persons agreed on where it ends and on the newest checkpoint seen elsewhere; nothing
  but their proposals may stand between the copy's end and their agreement.
- Events that were seen elsewhere and are not here are lost for good, and every later reader is told so.
- Nobody knows what the lost events did: every open plan, approval, decree, proof of a console and run ends
  with the copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from sopti_runner.domain.access import Access
from sopti_runner.domain.approval import Approval
from sopti_runner.domain.emergency import Decree
from sopti_runner.domain.ledger.event import Draft, Event
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.request import ON_PLAN, RUN_ENDS, UNRATIFIED_ENDS, Request, State
from sopti_runner.domain.run import UNKNOWN, Run
from sopti_runner.errors import N_

if TYPE_CHECKING:
    from sopti_runner.domain.governance import Proposal

KIND, RECORDED = "restore", "log.restored"
RUNBOOK = "docs/runbooks/restore-old-ledger.md"
_ROOT = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Restoration:
    """A copy that two persons agreed to go on with.

    Attributes:
        seq: Its event.
        size: Number of events of the copy.
        seen: Number of events under the newest checkpoint seen elsewhere.
        at: Aware UTC.
    """

    seq: int
    size: int
    seen: int
    at: datetime

    @property
    def lost(self) -> int:
        """Number of events known to be lost; there may have been more that no checkpoint covered."""
        return max(0, self.seen - self.size)


def check_restoration(data: Mapping[str, Any]) -> None:
    """Check the values of a proposal of this kind; ValueError when they can't be."""
    for key in ("size", "seen_size"):
        if type(data[key]) is not int or not 0 < data[key] < 2**53:
            raise ValueError(N_("size and seen_size are numbers of events"))
    if not isinstance(data["seen_root"], str) or not _ROOT.fullmatch(data["seen_root"]):
        raise ValueError(N_("seen_root is a root hash, 64 hex digits"))


def is_proposal(event: Event) -> bool:
    """Tell whether an event proposes to go on with a copy."""
    return event.type == "governance.proposed" and event.data.get("kind") == KIND


def goes_on(draft: Draft) -> bool:
    """Tell whether an event may be written into a copy before anybody agreed to go on with it."""
    return draft.type == RECORDED or (draft.type == "governance.proposed" and draft.data.get("kind") == KIND)


def off_the_end(content: Mapping[str, Any], ends: int) -> Iterator[Reason]:
    """Give why a proposal can't be about this ledger: it names another end than the copy has.

    Args:
        content: The proposal's data.
        ends: Number of events before the first proposal of this kind that nothing else followed.
    """
    if content.get("size") != ends:
        yield Reason(
            "restore_elsewhere",
            N_("The proposal speaks of a copy of {said} events; this one has {size}, or something was recorded since"),
            {"said": content.get("size"), "size": ends},
        )


@dataclass(slots=True)
class Restorations:
    """What the ledger tells of copies that were put back.

    Attributes:
        past: In order.
        end: Number of events before the proposals to go on with a copy that stand last; None when something else does.
    """

    past: list[Restoration] = field(default_factory=list)
    end: int | None = None

    @property
    def losses(self) -> list[Restoration]:
        """Those after which events were known to be lost."""
        return [one for one in self.past if one.lost]

    def note(self, event: Event) -> None:
        """Take notice of an event, whatever it is."""
        if not is_proposal(event):
            self.end = None
        elif self.end is None:
            self.end = event.seq

    def ends(self, size: int) -> int:
        """Give where the copy ends, in a ledger of ``size`` events."""
        return size if self.end is None else self.end

    def waits(self, copied_at: int) -> bool:
        """Tell whether a ledger copied at this size (0: it is no copy) is one that nobody agreed to go on with yet."""
        return copied_at > 0 and not any(one.seq >= copied_at for one in self.past)


class Open(Protocol):
    """What of a court a restoration ends."""

    access: Access
    approvals: dict[str, Approval]
    decrees: dict[str, Decree]
    requests: dict[str, Request]
    runs: dict[str, Run]
    restorations: Restorations


def begin_anew(court: Open, proposal: Proposal, event: Event) -> None:
    """Fold a confirmed restoration: what allowed anything is void, every run that was going on is cut.

    A decree may have been ended, and a console's envelope opened, in what the copy does not hold.
    """
    data = proposal.data
    court.restorations.past.append(Restoration(event.seq, data["size"], data["seen_size"], event.time))
    consoles = court.access.consoles
    consoles |= {host: replace(console, proven=-1) for host, console in consoles.items()}
    court.decrees = {ident: replace(decree, ended=True) for ident, decree in court.decrees.items()}
    court.approvals = {ident: _voided(held) for ident, held in court.approvals.items()}
    court.requests = {ident: _set_back(held) for ident, held in court.requests.items()}
    court.runs = {ident: _cut_short(run, event.time) for ident, run in court.runs.items()}


def waiting_reason(size: int) -> Reason:
    """Give the reason for which a copy takes nothing on."""
    return Reason(
        "copy_waits",
        N_(
            "This ledger was put back from a copy of {size} events and is still to be compared. Next: sopti self resume"
        ),
        {"size": size},
    )


def _voided(approval: Approval) -> Approval:
    """Give an approval as it stands after a restoration: one that was not used can't be used any more."""
    return approval if approval.used_by else replace(approval, revoked=True)


def _set_back(request: Request) -> Request:
    """Give a request as it stands after a restoration: without plan and approval, with nothing granted."""
    emergency = request.emergency
    if request.state in ON_PLAN or request.state is State.READIED:
        begins = State.DECLARED if emergency else State.PRIORITISED
        return replace(request, state=begins, plan=None, approval="", advice="", advised_by="", advised_plan="")
    ends = RUN_ENDS["interrupted"]
    ended = UNRATIFIED_ENDS[ends] if emergency and emergency.waits else ends
    changed = {State.RUNNING: ended, State.GRANTED: State.TRIAGED}
    return replace(request, state=changed.get(request.state, request.state))


def _cut_short(run: Run, at: datetime) -> Run:
    """Give a run as it stands after a restoration: one that was going on left nobody knows what."""
    if run.outcome != "running":
        return run
    return replace(run, outcome="interrupted", ended_at=at, hosts=dict.fromkeys(run.hosts or {}, UNKNOWN))
