"""Emergency changes: off without a decree, within it while it counts, and answered for by somebody else in time."""

import inspect
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sopti_runner.domain import emergency_rules
from sopti_runner.domain.authority_audit import AuthorityAudit
from sopti_runner.domain.emergency import Verdict
from sopti_runner.domain.emergency_rules import ratify_by
from sopti_runner.domain.gate import Authority, Evidence, Permit, Refusal, decide
from sopti_runner.domain.lateness import late
from sopti_runner.errors import RefusedError
from tests.unit.domain.desk import Desk


@pytest.fixture
def desk():
    return Desk()


def refused(call):
    """Give the codes of the reasons."""
    with pytest.raises(RefusedError) as caught:
        call()
    return {r.code for r in caught.value.reasons}


def lawful(desk):
    """Give whether an auditor finds nothing wrong with what was recorded."""
    audit = AuthorityAudit()
    return [d for event in desk.ledger.kept for d in audit.see(event)] == []


def request_of(desk, ident):
    return desk.court().requests[ident]


# --- off until a decree ----------------------------------------------------------------------------------------------


def test_emergency_without_a_decree_is_refused(desk):
    assert refused(lambda: desk.do("declare", "op", decree="none")) == {"no_decree"}
    assert desk.court().requests == {}


def test_decree_without_its_text_is_refused(desk):
    content = {"models": ["contoh"], "offices": ["operator"], "hosts": [], "hours": 4}
    content |= {"first": "2026-11-23", "last": "2026-12-01"}
    assert refused(lambda: desk.do("propose", "kabag", kind="decree", content=content)) == {"decree_text_missing"}


def test_decree_counts_only_when_another_official_confirmed_it(desk):
    today = "2026-11-23"
    content = {"models": ["contoh"], "offices": ["operator"], "hosts": [], "hours": 4, "first": today, "last": today}
    ident = desk.do("propose", "kabag", texts={"decree": "SK"}, kind="decree", content=content).subject
    assert refused(lambda: desk.do("declare", "op", decree=ident)) == {"no_decree"}
    assert refused(lambda: desk.do("confirm", "kabag", ident)) == {"own_proposal"}
    desk.do("confirm", "sec", ident)
    desk.do("declare", "op", decree=ident)


BAD = {
    "models": [[], ["a", "a"], ["b", "a"], ["../x"], "contoh", [1]],
    "offices": [[], ["king"], ["operator", "operator"]],
    "hosts": [["Web1"], ["web1", "web1"], None],
    "hours": [0, 73, True, "4"],
    "last": ["2026-11-22", "2027-11-24", "never", None],
}


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, values in BAD.items() for v in values])
def test_decree_with_a_value_that_cannot_be_is_refused(desk, key, value):
    assert refused(lambda: desk.decree(**{key: value})) == {"proposal_malformed"}


def test_ended_decree_allows_nothing_any_more(desk):
    decree = desk.decree()
    readied = desk.emergency("plan", decree)
    desk.rule("end_decree", decree=decree)
    assert refused(lambda: desk.do("declare", "op", decree=decree)) == {"decree_ended"}
    assert refused(lambda: desk.apply("op", readied)) == {"decree_ended"}
    assert desk.hosts.applied == []


def test_expired_decree_allows_nothing_any_more(desk):
    decree = desk.decree(last="2026-11-23", hours=72)
    readied = desk.emergency("plan", decree)
    desk.clock.run(days=1)
    assert refused(lambda: desk.apply("op", readied)) == {"decree_not_in_force"}
    assert desk.hosts.applied == []


def test_ending_a_decree_that_does_not_exist_is_refused(desk):
    assert refused(lambda: desk.rule("end_decree", decree="none")) == {"decree_unknown"}


# --- within the decree ------------------------------------------------------------------------------------------------


def test_emergency_runs_without_an_approval_and_waits_for_ratification(desk):
    request = desk.emergency("apply", desk.decree())
    found = request_of(desk, request)
    assert (found.state, found.emergency.waits, found.due["B8"]) == ("unratified", True, "2026-11-24")
    assert len(desk.hosts.applied) == 1
    assert lawful(desk)


def test_emergency_of_a_model_that_the_decree_does_not_name_is_refused(desk):
    declared = desk.do("declare", "op", decree=desk.decree(models=["other"])).subject
    assert refused(lambda: desk.plan("op", declared)) == {"model_not_allowed"}


def test_emergency_on_a_host_that_the_decree_does_not_name_is_refused(desk):
    declared = desk.do("declare", "op", decree=desk.decree(hosts=["web1"])).subject
    assert refused(lambda: desk.plan("op", declared)) == {"host_not_allowed"}
    desk.plan("op", declared, hosts=["web1"])
    desk.apply("op", declared)


def test_emergency_by_an_office_that_the_decree_does_not_name_is_refused(desk):
    decree = desk.decree(offices=["section_head"])
    assert refused(lambda: desk.do("declare", "op", decree=decree)) == {"not_in_office"}
    assert request_of(desk, desk.emergency("apply", decree, "head")).state == "unratified"


def test_emergency_by_who_confirmed_the_decree_is_refused(desk):
    declared = desk.do("declare", "dual", decree=desk.decree(confirmed_by="dual")).subject
    assert refused(lambda: desk.plan("dual", declared)) == {"executor_confirmed_decree"}


def test_emergency_plan_grows_stale(desk):
    readied = desk.emergency("plan", desk.decree(hours=1))
    desk.clock.run(hours=1, seconds=1)
    assert refused(lambda: desk.apply("op", readied)) == {"plan_stale"}
    desk.plan("op", readied)
    desk.apply("op", readied)


def test_emergency_is_run_once(desk):
    request = desk.emergency("apply", desk.decree())
    assert refused(lambda: desk.apply("op", request)) == {"wrong_state", "no_approval"}
    assert len(desk.hosts.applied) == 1


def test_emergency_needs_everything_else_of_the_gate(desk):
    readied = desk.emergency("plan", desk.decree())
    desk.hosts.state["web1"] = 5
    assert refused(lambda: desk.apply("op", readied)) == {"drift"}
    desk.hosts.state["web1"], desk.hosts.content = 0, 1
    assert refused(lambda: desk.apply("op", readied)) == {"input_changed"}
    assert desk.hosts.applied == []


def gate_case(desk, **changed):
    """Give what the gate says of a declared and planned emergency after some changes to its request."""
    readied = desk.emergency("plan", desk.decree())
    court = desk.court()
    request = replace(court.requests[readied], **changed)
    evidence = Evidence(plan=court.requests[readied].plan.digest)
    return decide(Authority(court, request, None, desk.id["op"], "operator"), evidence, desk.clock.now())


def test_gate_opens_for_a_declared_emergency(desk):
    decision = gate_case(desk)
    assert isinstance(decision, Permit)
    assert (decision.approval, bool(decision.decree), decision.hosts) == ("", True, ("web1", "web2"))


def test_gate_is_shut_for_a_declared_emergency_without_a_plan(desk):
    decision = gate_case(desk, plan=None)
    assert isinstance(decision, Refusal)
    assert "no_plan" in {r.code for r in decision.reasons}


def test_partial_emergency_goes_on_only_with_an_approval(desk):
    desk.hosts.ends = "partial"
    request = desk.emergency("apply", desk.decree())
    assert request_of(desk, request).state == "unratified_part"
    assert refused(lambda: desk.plan("op", request)) == {"wrong_state"}
    desk.do("ratify", "sec", request)
    desk.hosts.ends = "done"
    desk.plan("op", request)
    assert refused(lambda: desk.apply("op", request)) == {"wrong_state", "no_approval"}
    desk.do("consider", "kabag", request)
    desk.do("approve", "sec", request)
    desk.apply("op", request)
    assert request_of(desk, request).state == "done"
    assert lawful(desk)


# --- answered for afterwards ------------------------------------------------------------------------------------------


def test_ratification_in_time_leaves_no_exception(desk):
    request = desk.emergency("apply", desk.decree())
    assert request_of(desk, request).emergency.exception
    desk.clock.run(days=1)
    desk.do("ratify", "sec", request)
    found = request_of(desk, request)
    assert (found.state, found.emergency.verdict, found.emergency.exception) == ("done", Verdict.RATIFIED, False)
    assert lawful(desk)


def test_ratification_after_a_working_day_stays_an_exception(desk):
    request = desk.emergency("apply", desk.decree())
    desk.clock.run(days=3)
    assert list(late(request_of(desk, request), desk.court().calendar, desk.clock.time.date())) == [("B8", 2)]
    desk.do("ratify", "sec", request)
    assert request_of(desk, request).emergency.late == 2
    assert request_of(desk, request).emergency.exception
    assert lawful(desk)


def test_refused_ratification_needs_a_reason_and_stays_an_exception(desk):
    request = desk.emergency("apply", desk.decree())
    waiting = desk.acts.prepare("refuse", person=desk.id["sec"], subjects=[request], data={}, texts={})
    assert refused(lambda: desk.acts.sign(waiting, desk.key["sec"])) == {"text_missing"}
    desk.do("refuse", "sec", request)
    found = request_of(desk, request)
    assert (found.state, found.emergency.verdict, found.emergency.exception) == ("done", Verdict.REFUSED, True)
    assert refused(lambda: desk.do("ratify", "sec", request)) == {"wrong_state", "nothing_to_ratify"}


def test_emergency_is_not_answered_for_by_who_acted(desk):
    request = desk.emergency("apply", desk.decree(confirmed_by="chair"), "dual")
    assert refused(lambda: desk.do("ratify", "dual", request)) == {"ratifier_acted"}
    assert refused(lambda: desk.do("refuse", "dual", request)) == {"ratifier_acted"}


def test_ratification_is_the_approvers(desk):
    request = desk.emergency("apply", desk.decree())
    assert refused(lambda: desk.do("ratify", "head", request)) == {"not_in_office"}


def test_ratification_is_never_attested(desk):
    request = desk.emergency("apply", desk.decree())
    attested = {"kind": "attested", "by": "op2"}
    assert desk.judged("ratify", "sec", request, proof=attested) == ["signature_needed"]


def test_request_of_the_usual_kind_has_nothing_to_ratify(desk):
    request = desk.request("approve")
    assert desk.judged("ratify", "sec", request) == ["nothing_to_ratify", "wrong_state"]


def test_emergency_is_not_closed_before_it_was_answered_for(desk):
    request = desk.emergency("apply", desk.decree())
    assert refused(lambda: desk.do("close", "op", request)) == {"wrong_state"}
    desk.do("refuse", "sec", request)
    desk.do("close", "op", request)


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2026-11-23T16:00", "2026-11-24"),  # Monday 23.00 WIB
        ("2026-11-27T16:00", "2026-11-30"),  # Friday 23.00
        ("2026-11-27T17:30", "2026-11-30"),  # Saturday 00.30 in the court's zone
        ("2026-11-29T16:00", "2026-11-30"),  # Sunday 23.00
    ],
)
def test_ratification_is_due_one_working_day_after_the_act(desk, at, due):
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert ratify_by(desk.court(), moment).isoformat() == due


def test_day_of_the_ratification_is_not_moved_by_a_later_calendar(desk):
    request = desk.emergency("apply", desk.decree())
    desk.rule("calendar_override", date="2026-11-24", working=False, legal_number="SK 1")
    assert request_of(desk, request).due["B8"] == "2026-11-24"


# --- done by hand -----------------------------------------------------------------------------------------------------


def hand(desk, hours=-2, **said):
    return {"done_at": (desk.clock.time + timedelta(hours=hours)).isoformat(), **said}


def test_act_by_hand_is_recorded_without_a_decree_and_must_be_ratified(desk):
    request = desk.do("record", "op", **hand(desk)).subject
    found = request_of(desk, request)
    assert (found.state, found.emergency.decree, found.emergency.waits) == ("unratified", "", True)
    assert refused(lambda: desk.do("ratify", "head", request)) == {"not_in_office"}
    desk.do("ratify", "sec", request)
    assert lawful(desk)


def test_act_by_hand_names_the_decree_that_was_in_force(desk):
    decree = desk.decree()
    assert request_of(desk, desk.do("record", "op", **hand(desk)).subject).emergency.decree == decree


def test_act_by_hand_is_not_answered_for_by_who_did_it(desk):
    request = desk.do("record", "op", **hand(desk, acted=desk.id["sec"])).subject
    assert refused(lambda: desk.do("ratify", "sec", request)) == {"ratifier_acted"}
    desk.do("ratify", "dual", request)


def test_act_by_hand_told_late_is_due_from_when_it_was_done(desk):
    request = desk.do("record", "op", **hand(desk, hours=-24 * 7)).subject
    assert request_of(desk, request).due["B8"] == "2026-11-17"
    desk.do("ratify", "sec", request)
    assert request_of(desk, request).emergency.late == 4


@pytest.mark.parametrize(
    "said",
    [
        {"hours": 1},
        {"hours": -24 * 367},
        {"hosts": []},
        {"hosts": ["../etc"]},
        {"evidence": "abc"},
        {"evidence": 1},
        {"done_at": "yesterday"},
        {"done_at": "2026-11-23T00:00"},
        {"acted": None},
    ],
    ids=str,
)
def test_act_by_hand_with_a_word_that_cannot_be_is_refused(desk, said):
    assert refused(lambda: desk.do("record", "op", **hand(desk, **said))) == {"record_malformed"}


def test_act_by_hand_of_somebody_unknown_is_refused(desk):
    assert refused(lambda: desk.do("record", "op", **hand(desk, acted="p-nobody"))) == {"acted_unknown"}


# --- every reason ---------------------------------------------------------------------------------------------------


def test_reason_about_emergencies_is_tried_here():
    source = inspect.getsource(emergency_rules)
    here = Path(__file__).read_text(encoding="utf-8")
    codes = set(re.findall(r'Reason\(\s*"(\w+)"', source))
    assert len(codes) == 10
    assert {code for code in codes if f'"{code}"' not in here} == set()
