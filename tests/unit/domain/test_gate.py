"""The gate: open for exactly the approved thing, and shut for each reason alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sopti_runner.domain.gate import Authority, Evidence, Permit, Refusal, decide
from sopti_runner.domain.office import Status
from sopti_runner.domain.policy import policy_from
from sopti_runner.domain.request import State
from sopti_runner.domain.run import Run
from tests.unit.domain.desk import Desk

DESK = Desk()
REQUEST = DESK.request("approve")
NOW = DESK.clock.now()


def the_case():
    """Give fresh authority and evidence of one approved request whose gate is open."""
    court = DESK.court()
    request = court.requests[REQUEST]
    approval = court.approvals[request.approval]
    authority = Authority(court, request, approval, DESK.id["op2"], "operator")
    return authority, Evidence(plan=approval.plan)


def approval_with(**changed):
    def change(authority, evidence, now):
        return replace(authority, approval=replace(authority.approval, **changed)), evidence, now

    return change


def evidence_with(**changed):
    return lambda authority, evidence, now: (authority, replace(evidence, **changed), now)


def request_with(**changed):
    def change(authority, evidence, now):
        return replace(authority, request=replace(authority.request, **changed)), evidence, now

    return change


def plan_with(**changed):
    def change(authority, evidence, now):
        plan = replace(authority.request.plan, **changed)
        return replace(authority, request=replace(authority.request, plan=plan)), evidence, now

    return change


def later(**span):
    def change(authority, evidence, now):
        moved = timedelta(**span)
        return (
            authority,
            evidence,
            replace(now, time=now.time + moved, mono=now.mono + moved // timedelta(microseconds=1)),
        )

    return change


def wall(**span):
    return lambda authority, evidence, now: (authority, evidence, replace(now, time=now.time + timedelta(**span)))


def executor(name, office="operator"):
    def change(authority, evidence, now):
        return replace(authority, executor=DESK.id[name], executor_office=office), evidence, now

    return change


def key_retired(seq):
    def change(authority, evidence, now):
        authority.court.register.retire_key(authority.approval.key, seq)
        return authority, evidence, now

    return change


def no_approval(authority, evidence, now):
    return replace(authority, approval=None), evidence, now


def waiver_over(authority, evidence, now):
    authority.court.policy = policy_from({"waivers": {"adviser_approves": "2026-11-22"}})
    return replace(authority, approval=replace(authority.approval, waived=("adviser_approves",))), evidence, now


def approver_executes(authority, evidence, now):
    DESK.with_office(authority.court, "sec", "operator")
    return replace(authority, executor=DESK.id["sec"]), evidence, now


def voucher_executes(authority, evidence, now):
    key = DESK.key["op2"].fingerprint
    return replace(authority, approval=replace(authority.approval, key=key)), evidence, now


def host_leased(authority, evidence, now):
    other = Run("run-9", "another", "a-9", "", "", now.time, 1, hosts={"web1": "unknown"})
    authority.court.runs["run-9"] = other
    return authority, evidence, now


DRIFT = (("web1", "file:/etc/contoh", "a", "b"),)
ALONE = {
    "clock_back": wall(hours=-1),
    "clock_jump": wall(hours=30),
    "clock_pause": lambda a, e, now: (
        replace(a, approval=replace(a.approval, expires=now.time + timedelta(days=99))),
        e,
        replace(now, time=now.time + timedelta(days=15), boot="boot-9"),
    ),
    "executor_no_office": executor("spare"),
    "executor_is_approver": approver_executes,
    "executor_vouched": voucher_executes,
    "no_approval": no_approval,
    "approval_of_other_request": approval_with(request="another"),
    "approval_used": approval_with(used_by="run-1"),
    "approval_revoked": approval_with(revoked=True),
    "approval_too_early": approval_with(not_before=NOW.time + timedelta(seconds=1)),
    "approval_expired": later(days=3),
    "key_compromised": key_retired(1),
    "waiver_ended": waiver_over,
    "plan_unreadable": evidence_with(plan=""),
    "plan_differs": evidence_with(plan="0" * 64),
    "hosts_differ": approval_with(hosts=("web1",)),
    "plan_failed": plan_with(unapprovable=1),
    "host_leased": host_leased,
    "wrong_state": request_with(state=State.PLANNED),
    "copy_tampered": evidence_with(tampered=("roles/contoh.yml",)),
    "ledger_unsound": evidence_with(ledger="event 3: its signature does not verify"),
    "input_changed": evidence_with(altered=("roles/contoh.yml",)),
    "host_not_checked": evidence_with(unchecked=(("web1", "unreachable"),)),
    "drift": evidence_with(drift=DRIFT),
    "hosts_not_compared": evidence_with(drift=None),
    "console_unproven": evidence_with(shuts=("web1",)),
}
NOBODY_ELSE = {"clock_back", "clock_jump", "clock_pause", "approval_too_early", "plan_unreadable", "plan_differs"} | {
    *("hosts_differ", "plan_failed", "wrong_state", "copy_tampered", "input_changed", "host_not_checked", "drift"),
    "ledger_unsound",
    "hosts_not_compared",
    "host_leased",
}


def refusal(*changes):
    """Give the gate's decision on the open case after some changes."""
    authority, evidence = the_case()
    now = NOW
    for change in changes:
        authority, evidence, now = change(authority, evidence, now)
    return decide(authority, evidence, now)


def test_gate_opens_for_the_approved_plan_and_hosts():
    authority, evidence = the_case()
    approval = authority.approval
    assert decide(authority, evidence, NOW) == Permit(approval.id, approval.plan, ("web1", "web2"))


@pytest.mark.parametrize("code", ALONE)
def test_gate_is_shut_by_each_reason_alone(code):
    shut = refusal(ALONE[code])
    assert isinstance(shut, Refusal)
    assert {r.code for r in shut.reasons} == {code}
    assert all(str(r) for r in shut.reasons)


@pytest.mark.parametrize("code", sorted(ALONE.keys() - NOBODY_ELSE))
def test_gate_says_who_may_act_instead(code):
    assert {r.who for r in refusal(ALONE[code]).reasons} <= {("secretary",), ("operator",)}


def test_gate_has_no_reason_that_is_not_tried_here():
    import inspect
    import re

    from sopti_runner.domain import gate, standing, time_rules

    source = "".join(map(inspect.getsource, (gate, standing, time_rules)))
    not_the_gates = {"no_technical_change"}  # such a request never has a plan
    assert set(re.findall(r'Reason\(\s*"(\w+)"', source)) - not_the_gates == set(ALONE)


def test_gate_lists_every_reason_at_once():
    codes = ["executor_no_office", "approval_used", "approval_revoked", "hosts_differ", "copy_tampered", "drift"]
    shut = refusal(*(ALONE[code] for code in codes))
    assert sorted({r.code for r in shut.reasons}) == sorted(codes)
    drifted = next(r for r in shut.reasons if r.code == "drift")
    assert dict(drifted.fields) == {"host": "web1", "object": "file:/etc/contoh", "expected": "a", "found": "b"}


@pytest.mark.parametrize(
    "change",
    [
        later(days=3, microseconds=-1),  # the last moment
        approval_with(not_before=NOW.time),
        key_retired(10_000),  # a key changed in the ordinary way after the approval
        executor("dual"),
        wall(seconds=-5),
    ],
)
def test_gate_stays_open_up_to_the_edge(change):
    assert isinstance(refusal(change), Permit)


def test_gate_judges_expiry_by_the_later_of_clock_and_ledger():
    """Within the clock's tolerance a reading may lie before the last event; that revives no approval."""
    authority, evidence = the_case()
    expires = authority.court.last.time
    expired = replace(
        authority, approval=replace(authority.approval, expires=expires, not_before=expires - timedelta(1))
    )
    shut = decide(expired, evidence, replace(NOW, time=expires - timedelta(seconds=3)))
    assert [r.code for r in shut.reasons] == ["approval_expired"]


def test_gate_compares_persons_and_not_offices():
    """The approver as acting operator is refused in whatever way the office is held."""
    authority, evidence = the_case()
    DESK.with_office(authority.court, "sec", "operator")
    post = authority.court.register.appointments["sec/operator"]
    authority.court.register.appointments["sec/operator"] = replace(post, status=Status.PLH)
    shut = decide(replace(authority, executor=DESK.id["sec"]), evidence, NOW)
    assert [r.code for r in shut.reasons] == ["executor_is_approver"]
