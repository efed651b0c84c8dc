"""The gate: may this plan run now?

The rule this module keeps:

- ``decide`` is pure, total and fail-closed: whatever it can't establish is a reason to refuse, and it gives every
  reason at once with who may act instead.
- It judges the exact thing: the digest of the stored plan, the sealed copy, the inputs as they are now, the hosts as
  they are now, the clock, the approval, and the person who would carry it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sopti_runner.domain import emergency_rules, standing
from sopti_runner.domain.approval import Approval
from sopti_runner.domain.authority import offices_for
from sopti_runner.domain.court import Court
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.request import ActName, Request
from sopti_runner.domain.time_rules import Instant, believed, clock_reason
from sopti_runner.errors import N_


@dataclass(frozen=True, slots=True)
class Authority:
    """What would justify a run: a request, its approval or the decree it was declared by, and who would carry it out.

    Attributes:
        approval: The request's approval, or None.
        executor: Person id.
        executor_office: Office in which the executor acts.
    """

    court: Court
    request: Request
    approval: Approval | None
    executor: str
    executor_office: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found when the plan was looked at again.

    Attributes:
        plan: Digest (hex) recomputed from the stored plan, or empty when it can't be read.
        altered: Inputs whose present content differs from the sealed copy, by name.
        tampered: Files of the sealed copy itself that no longer match.
        drift: (host, object, expected, found) of approved objects that changed on their hosts; None when the hosts have
            not been compared yet, which the last decision before a run refuses.
        unchecked: Hosts that could not be compared, with the reason.
        ledger: The first thing found wrong with the ledger that all this rests on, or empty.
        way: Why this plan is not carried out in the way that was asked for (by a playbook's run, by hand).
        shuts: Hosts of which the plan may take the standing key away.
    """

    plan: str
    altered: tuple[str, ...] = ()
    tampered: tuple[str, ...] = ()
    drift: tuple[tuple[str, str, str, str], ...] | None = ()
    unchecked: tuple[tuple[str, str], ...] = ()
    ledger: str = ""
    way: tuple[Reason, ...] = ()
    shuts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Permit:
    """The gate is open for this approval or decree, this plan and these hosts, once."""

    approval: str
    plan: str
    hosts: tuple[str, ...]
    decree: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The gate stays shut; never without a reason."""

    reasons: tuple[Reason, ...]


def decide(authority: Authority, evidence: Evidence, now: Instant) -> Permit | Refusal:
    """Judge a run.

    Args:
        authority: Request, approval and executor, as the ledger tells them.
        evidence: What was found of plan, inputs and hosts.
        now: Clock reading, taken once.
    """
    court, approval = authority.court, authority.approval
    reasons: list[Reason] = []
    clock = clock_reason(court.last, now, court.policy.pause_days)
    if clock:
        reasons.append(clock)
    moment = believed(court.last, now, court.policy.pause_days).time
    reasons += _executor_reasons(authority, moment)
    request = authority.request
    start = standing.start_words(request, approval)
    if request.by_decree:
        reasons += emergency_rules.may_not_start(court, request, authority.executor, moment)
    elif approval is None:
        reasons.append(standing.no_approval(request, offices_for(court, ActName.APPROVE)))
    else:
        reasons += _approval_reasons(authority, approval, moment)
    if start["hosts"]:
        reasons += _plan_reasons(request, start["plan"], start["hosts"], evidence)
        reasons += _lease_reasons(court, start["hosts"])
    reasons += standing.out_of_order(request, ActName.START)
    shut = court.access.weaker(evidence.shuts)
    reasons += standing.unproven(court.access.consoles, shut, offices_for(court, ActName.START))
    reasons += _evidence_reasons(evidence)
    if reasons:
        return Refusal(tuple(reasons))
    return Permit(start.get("approval", ""), start["plan"], tuple(start["hosts"]), start.get("decree", ""))


def _executor_reasons(authority: Authority, now: datetime) -> Iterable[Reason]:
    court = authority.court
    allowed = offices_for(court, ActName.START, authority.request.by_decree)
    if authority.executor_office not in allowed or not court.capacity(
        authority.executor, authority.executor_office, now
    ):
        yield Reason(
            "executor_no_office",
            N_("{person} holds no office that carries out changes; these do: {offices}"),
            {"person": authority.executor, "offices": ", ".join(allowed)},
            allowed,
        )
    if authority.approval is None or authority.request.by_decree:
        return
    voucher = court.register.owner(authority.approval.key)
    if authority.approval.person == authority.executor:
        yield Reason("executor_is_approver", N_("Who approved a change never carries it out"), who=allowed)
    elif voucher and voucher.id == authority.executor:
        yield Reason(
            "executor_vouched", N_("Who vouched for an approval on paper never carries the change out"), who=allowed
        )


def _approval_reasons(authority: Authority, approval: Approval, now: datetime) -> Iterable[Reason]:
    approvers = offices_for(authority.court, ActName.APPROVE)
    if approval.request != authority.request.id:
        yield Reason("approval_of_other_request", N_("The approval belongs to another request"), who=approvers)
    if approval.used_by:
        yield Reason("approval_used", N_("The approval was used by run {run}"), {"run": approval.used_by}, approvers)
    if approval.revoked:
        yield Reason("approval_revoked", N_("The approval was withdrawn or overtaken by a newer plan"), who=approvers)
    if now < approval.not_before:
        yield Reason(
            "approval_too_early", N_("The approval counts from {when}"), {"when": approval.not_before.isoformat()}
        )
    if now >= approval.expires:
        yield Reason(
            "approval_expired", N_("The approval expired at {when}"), {"when": approval.expires.isoformat()}, approvers
        )
    person = authority.court.register.owner(approval.key)
    key = person.key(approval.key) if person else None
    if key is None or (key.retired is not None and key.retired <= approval.seq):
        yield Reason(
            "key_compromised", N_("The key behind the approval was reported as not to be trusted"), who=approvers
        )
    waived = {w for w in approval.waived if not authority.court.policy.waived(w, authority.court.today(now))}
    if waived:
        yield Reason("waiver_ended", N_("The approval rests on a waiver that has ended"), who=approvers)


def _plan_reasons(request: Request, plan: str, hosts: Sequence[str], evidence: Evidence) -> Iterable[Reason]:
    if not evidence.plan:
        yield Reason("plan_unreadable", N_("The stored plan can't be read"))
    elif evidence.plan != plan or request.plan is None or request.plan.digest != plan:
        yield Reason("plan_differs", N_("The plan is not the one that was approved"))
    if request.plan and set(hosts) != set(request.plan.hosts):
        yield Reason("hosts_differ", N_("The approval names other hosts than the plan"))
    yield from standing.unpredicted(request.plan)


def _lease_reasons(court: Court, hosts: Sequence[str]) -> Iterable[Reason]:
    """Two runs never have a host at once: a run has all its hosts until its end is in the ledger."""
    held = court.leases
    for host in sorted(held.keys() & set(hosts)):
        fields = {"host": host, "run": held[host], "request": _number(court, held[host])}
        yield Reason("host_leased", N_("{host} is taken by run {run} of {request}, which has not ended"), fields)


def _number(court: Court, run: str) -> str:
    request = court.requests.get(court.runs[run].request)
    return request.number if request else court.runs[run].request


def _evidence_reasons(evidence: Evidence) -> Iterable[Reason]:
    if evidence.ledger:
        fields = {"why": evidence.ledger, "page": "docs/runbooks/ledger-does-not-verify.md"}
        yield Reason("ledger_unsound", N_("The ledger does not verify: {why}. See {page}"), fields)
    yield from evidence.way
    for name in evidence.tampered:
        yield Reason("copy_tampered", N_("The sealed copy was changed: {name}"), {"name": name})
    for name in evidence.altered:
        yield Reason("input_changed", N_("Changed since it was approved: {name}"), {"name": name})
    for host, why in evidence.unchecked:
        yield Reason(
            "host_not_checked", N_("{host} could not be compared with the plan: {why}"), {"host": host, "why": why}
        )
    for host, thing, expected, found in evidence.drift or ():
        yield Reason(
            "drift",
            N_("{host}: {object} is not as it was when the plan was made (expected {expected}, found {found})"),
            {"host": host, "object": thing, "expected": expected, "found": found},
        )
    if evidence.drift is None:
        yield Reason("hosts_not_compared", N_("The hosts have not been compared with the plan"))
