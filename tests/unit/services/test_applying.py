"""Applying as a service: decided, started once, recorded truly, and no host touched otherwise."""

from contextlib import contextmanager

import pytest

from sopti_runner.errors import IntegrityError, LedgerError, NotFoundError, RefusedError
from sopti_runner.ports import HostOutcome, TaskOutcome, Veto
from sopti_runner.services.ending import Recorder, close_run
from tests.unit.domain.desk import Desk
from tests.unit.domain.example_court import START, KilledError


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


def test_task_that_the_gate_stops_is_a_refusal_naming_what_was_expected_and_found(desk, approved):
    desk.hosts.veto = Veto("web1", "roles/contoh.yml:1", "task_other_state", "file:/etc/contoh", "01", "02", START)
    desk.hosts.ends = "partial"
    run = desk.apply("op2", approved)
    (refusal,) = [e for e in desk.ledger.kept if e.type == "gate.refused"]
    assert dict(refusal.data) == {
        "act": "task", "run": run.id, "reasons": ["task_other_state"], "host": "web1", "task": "roles/contoh.yml:1",
        "object": "file:/etc/contoh", "expected": "01", "found": "02", "clock": START.isoformat(),
    }  # fmt: skip
    assert (run.outcome, refusal.subject, refusal.actor.person) == ("partial", approved, "system")
    assert desk.ledger.kept[-1].type == "run.finished"


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


def on(desk, *hosts):
    """Give a request with an approved plan for these hosts."""
    request = desk.request("prioritise")
    desk.plan("op", request, hosts)
    desk.do("consider", "kabag", request)
    desk.do("approve", "sec", request)
    return request


@contextmanager
def going_on(desk, request):
    """Let a request's run go on, in a process that lives, while something else is tried."""
    desk.hosts.ends = "killed"
    with pytest.raises((KilledError, LedgerError)):
        desk.apply("op", request)
    desk.ledger.full, desk.hosts.ends = False, "done"
    (run,) = set(desk.court().leases.values())
    with desk.applying.locks.hold(run):
        yield run


def test_start_on_a_host_that_another_run_has_is_refused_naming_both(desk):
    first, second, third = on(desk, "web1"), on(desk, "web1", "web2"), on(desk, "web2")
    with going_on(desk, first) as run:
        with pytest.raises(RefusedError) as error:
            desk.apply("op2", second)
        assert [(r.code, r.fields["host"], r.fields["run"]) for r in error.value.reasons] == [
            ("host_leased", "web1", run)
        ]
        assert desk.apply("op2", third).outcome == "done"  # nobody has its host
    desk.applying.bury_dead()
    assert desk.court().leases == {}
    assert desk.court().runs[run].outcome == "interrupted"


def test_start_after_another_run_on_its_hosts_since_they_were_compared_is_refused(desk):
    first, second = on(desk, "web1"), on(desk, "web1")
    compare = desk.engine.drift

    def overtaken(plan, sealed):
        found = compare(plan, sealed)
        desk.engine.drift = compare
        desk.apply("op", first)
        return found

    desk.engine.drift = overtaken
    ran = len(desk.hosts.applied)
    with pytest.raises(RefusedError) as error:
        desk.apply("op2", second)
    assert [r.code for r in error.value.reasons] == ["hosts_not_compared"]
    assert len(desk.hosts.applied) == ran + 1  # the other one


def test_killed_run_is_buried_once_and_its_tasks_are_told_once(desk, approved):
    told = TaskOutcome("web1", 0, "t:1", "copy", "", "", "changed", None, "", "", (), START, START)

    def recall(hosts, run_id, on_task):
        on_task(told)
        return [HostOutcome(host, "unknown") for host in hosts]

    desk.engine.recall = recall
    with going_on(desk, approved) as run:
        assert desk.applying.bury_dead() == ()  # it lives
        recorder = Recorder(desk.books, desk.court().runs[run])
        recorder.take(told)
        recorder.flush()
    assert desk.applying.bury_dead() == (run,)
    assert desk.applying.bury_dead() == ()
    late = close_run(desk.books, desk.court().runs[run], [HostOutcome("web1", "changed")])
    assert late.outcome == "interrupted"
    types = [e.type for e in desk.ledger.kept]
    assert (types.count("task.finished"), types.count("run.finished")) == (1, 1)


def test_task_told_by_two_processes_is_one_event(desk, approved):
    told = TaskOutcome("web1", 0, "t:1", "copy", "", "", "changed", None, "", "", (), START, START)
    run = desk.apply("op2", approved)
    recorders = [Recorder(desk.books, run) for _ in "ab"]
    for recorder in recorders:
        recorder.take(told)
        recorder.flush()
    assert [e.type for e in desk.ledger.kept].count("task.finished") == 1
    assert desk.books.court().size == len(desk.ledger.kept)


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
