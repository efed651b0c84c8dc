"""What a request's own standing forbids: the same reasons for whoever judges an act, a plan to be made, or a run.

The rule this module keeps: a reason has one code and one text, wherever it is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sopti_runner.domain.approval import Approval
from sopti_runner.domain.console import Console
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.request import TRANSITIONS, ActName, PlanRef, Request
from sopti_runner.errors import N_


def out_of_order(request: Request, act: ActName) -> Iterator[Reason]:
    """Give why an act can't follow the request's state."""
    if (request.state, act) not in TRANSITIONS:
        yield Reason(
            "wrong_state",
            N_("Request {request} is {state}; {act} can't follow"),
            {"request": request.number, "state": request.state.value, "act": act.value},
        )


def without_change(request: Request) -> Iterator[Reason]:
    """Give why a request can't be planned that was classified as no technical change."""
    if not request.technical:
        yield Reason(
            "no_technical_change",
            N_("Request {request} was classified as no technical change"),
            {"request": request.number},
        )


def unpredicted(plan: PlanRef | None) -> Iterator[Reason]:
    """Give why a plan can't be agreed to: what follows a task that failed in check mode can't be foretold."""
    if plan and plan.unapprovable:
        yield Reason(
            "plan_failed", N_("The plan has {count} tasks that failed while planning"), {"count": plan.unapprovable}
        )


def no_approval(request: Request, who: tuple[str, ...]) -> Reason:
    """Give the reason that nothing permits a run; ``who`` are the offices that could approve."""
    return Reason(
        "no_approval", N_("Request {request} has no approval that can be used"), {"request": request.number}, who
    )


def unproven(consoles: Mapping[str, Console], hosts: Iterable[str], who: tuple[str, ...] = ()) -> Iterator[Reason]:
    """Give why each of these hosts can't lose its last standing key; ``who`` are the offices that can mend that."""
    for host in sorted(set(hosts)):
        known = consoles.get(host)
        if known is None or known.sealed < 0:
            text = N_("{host}: its console was never sealed. Next: sopti access seal {host}")
        elif known.opened:
            text = N_("{host}: the envelope of its console was opened. Next: sopti access seal {host}")
        elif not known.ready:
            text = N_("{host}: its console was not proven. Next: log in there, then sopti access prove {host}")
        else:
            continue
        yield Reason("console_unproven", text, {"host": host}, who)


def start_words(request: Request, approval: Approval | None) -> dict[str, Any]:
    """Give what the start of a run must say: what it rests on, and the plan and hosts that this allows."""
    if request.by_decree:
        plan = request.plan
        return {
            "decree": request.by_decree,
            "plan": plan.digest if plan else "",
            "hosts": list(plan.hosts) if plan else [],
        }
    if approval is None:
        return {"approval": "", "plan": request.plan.digest if request.plan else "", "hosts": []}
    return {"approval": approval.id, "plan": approval.plan, "hosts": list(approval.hosts)}


def start_claims(request: Request) -> list[list[str]]:
    """Give what only one start may ever take: the approval, or the declared emergency."""
    return [["emergency", request.id]] if request.by_decree else [["approval", request.approval]]
