"""Applying as a service: decided, started once, recorded truly, and no host touched otherwise."""

import pytest

from sopti_runner.errors import IntegrityError, LedgerError, NotFoundError, RefusedError
from tests.unit.domain.desk import Desk
from tests.unit.domain.example_court import KilledError


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def approved(desk):
    return desk.request("approve")


def refused(desk, who, request):
    """Apply, expect a refusal, and give its codes; no host was touched and the refusal is an event."""
    ran = list(desk.hosts.applied)
    with pytest.raises(RefusedError) as error:
        desk.apply(who, request)
    codes = [r.code for r in error.value.reasons]
    assert desk.hosts.applied == ran
    assert desk.ledger.kept[-1].type == "gate.refused"
    assert desk.ledger.kept[-1].data["reasons"] == codes
    return codes


def test_run_of_an_approved_plan_is_recorded_from_start_to_end(desk, approved):
    run = desk.apply("op2", approved)
    assert (run.outcome, dict(run.hosts)) == ("done", {"web1": "changed", "web2": "changed"})
    assert desk.hosts.applied == [run.id]
    types = [e.type for e in desk.ledger.kept]
    assert types.index("run.started") < types.index("run.finished")
    started = next(e for e in desk.ledger.kept if e.type == "run.started")
    assert started.data["claims"] == [["approval", run.approval]]


def test_run_is_started_once_for_one_approval(desk, approved):
    desk.apply("op2", approved)
    assert set(refused(desk, "op2", approved)) >= {"approval_used", "wrong_state"}


def test_run_without_approval_is_refused(desk):
    request = desk.request("consider")
    assert set(refused(desk, "op2", request)) == {"no_approval", "wrong_state"}


def test_run_without_a_plan_is_refused(desk):
    request = desk.request("register")
    assert "no_approval" in refused(desk, "op2", request)


@pytest.mark.parametrize(
    ("who", "code"),
    [("sec", "executor_is_approver"), ("head", "executor_no_office"), ("stranger", "executor_no_office")],
)
def test_run_by_another_person_is_refused(desk, approved, who, code):
    assert code in refused(desk, who, approved)


def test_run_after_an_edit_or_drift_is_refused_and_the_approval_stays_usable(desk, approved):
    desk.hosts.content = 1
    assert refused(desk, "op2", approved) == ["input_changed"]
    desk.hosts.content = 0
    desk.hosts.state["web2"] = 1
    assert refused(desk, "op2", approved) == ["drift"]
    desk.hosts.state["web2"] = 0
    assert desk.apply("op2", approved).outcome == "done"


def test_run_from_a_sealed_copy_that_was_changed_is_refused(desk, approved):
    desk.hosts.tampered.add(desk.court().requests[approved].plan.sealed)
    assert refused(desk, "op2", approved) == ["copy_tampered"]


def test_run_on_a_ledger_that_does_not_verify_is_refused(desk, approved):
    desk.ledger.wrong = "event 3: its signature does not verify"
    assert refused(desk, "op2", approved) == ["ledger_unsound"]


def test_start_while_another_run_goes_on_is_refused_and_recorded(desk, approved):
    with desk.applying.lock.hold():
        assert refused(desk, "op2", approved) == ["run_going_on"]
    assert desk.apply("op2", approved).outcome == "done"


def test_run_of_a_plan_that_was_erased_is_refused(desk, approved):
    desk.ledger.blobs.pop(desk.court().requests[approved].plan.blob.digest)
    assert "plan_unreadable" in refused(desk, "op2", approved)


def test_run_by_who_vouched_for_the_paper_is_refused_and_by_another_allowed(desk):
    request = desk.request("consider")
    waiting = desk.waiting("approve", "sec", request, texts={"scan": b"%PDF"}, recorder=desk.id["op"])
    desk.acts.record(waiting, desk.act(waiting, kind="paper", by="op2").proof)
    assert refused(desk, "op2", request) == ["executor_vouched"]
    assert desk.apply("op", request).outcome == "done"


def test_run_with_a_stolen_approvers_key_is_refused(desk, approved):
    desk.rule("retire_key", confirmed_by="head", fingerprint=desk.key["sec"].fingerprint, compromised_from=1)
    assert refused(desk, "op2", approved) == ["key_compromised"]


def test_run_with_an_ordinarily_changed_approvers_key_is_allowed(desk, approved):
    desk.rule("retire_key", confirmed_by="head", fingerprint=desk.key["sec"].fingerprint, compromised_from=None)
    assert desk.apply("op2", approved).outcome == "done"


def test_run_past_the_expiry_is_refused_also_when_the_clock_is_set_back(desk, approved):
    desk.clock.run(days=3)
    assert refused(desk, "op2", approved) == ["approval_expired"]
    desk.clock.set_wall(days=-2)
    assert refused(desk, "op2", approved)[0] == "clock_back"


def test_run_past_the_expiry_is_refused_when_the_clock_was_set_back_unseen(desk, approved):
    """No event lies between: only the monotonic clock knows that time passed."""
    desk.clock.run(days=4)
    desk.clock.set_wall(days=-4)
    assert refused(desk, "op2", approved) == ["clock_back"]


def test_run_killed_in_the_middle_is_found_and_never_run_again(desk, approved):
    desk.hosts.ends = "killed"
    with pytest.raises((KilledError, LedgerError)):
        desk.apply("op2", approved)
    desk.ledger.full, desk.hosts.ends = False, "done"
    assert desk.court().requests[approved].state == "running"
    assert "approval_used" in refused(desk, "op2", approved)
    run = next(iter(desk.court().runs.values()))
    assert (run.outcome, set(run.hosts.values())) == ("interrupted", {"unknown"})
    assert desk.court().requests[approved].state == "partial"


def test_run_is_not_started_when_the_ledger_can_not_take_it(desk, approved):
    desk.ledger.full = True
    with pytest.raises(LedgerError):
        desk.apply("op2", approved)
    assert desk.hosts.applied == []


def test_run_whose_sealed_copy_changed_while_it_ran_says_so(desk, approved):
    sealed = desk.court().requests[approved].plan.sealed
    run_for_real = desk.engine.apply

    def apply_and_tamper(*args):
        desk.hosts.tampered.add(sealed)
        return run_for_real(*args)

    desk.engine.apply = apply_and_tamper
    with pytest.raises(IntegrityError):
        desk.apply("op2", approved)
    finished = next(e for e in desk.ledger.kept if e.type == "run.finished")
    assert finished.data["tampered"] == ["roles/contoh.yml"]


def test_run_of_an_unknown_request_is_not_found(desk):
    with pytest.raises(NotFoundError):
        desk.apply("op", "REG-2026-0099")
