"""Runs as they are told, and stopped: host by host, by who may carry out, and recorded."""

from dataclasses import replace

import pytest

from sopti_runner.domain.plan import RecordClass
from sopti_runner.errors import NotFoundError, RefusedError, UsageError
from sopti_runner.ports import HostOutcome, TaskOutcome
from sopti_runner.services.ending import Recorder, close_run
from sopti_runner.services.running import cancel_run, find_run, tell_run
from tests.unit.domain.desk import Desk
from tests.unit.domain.example_court import START
from tests.unit.services.test_applying import going_on


@pytest.fixture
def desk():
    return Desk()


def two_tasks(desk):
    """Let every plan hold two tasks a host, the second one a command."""
    plan = desk.engine.plan

    def longer(*words):
        made = plan(*words)
        more = [replace(r, ordinal=1, task="roles/contoh.yml:9", name="restart", args="b" * 64, kind=RecordClass.OPAQUE)
                for r in made.records]  # fmt: skip
        return replace(made, records=tuple(sorted((*made.records, *more), key=lambda r: (r.host, r.ordinal))))

    desk.engine.plan = longer


def wrote(host):
    return TaskOutcome(host, 0, "roles/contoh.yml:1", "copy", "", "a" * 64, "changed", None, "", "", (), START, START)


def test_run_that_died_is_told_with_what_was_done_what_not_and_what_nobody_knows(desk):
    two_tasks(desk)
    request = desk.request("approve")
    with going_on(desk, request) as run:
        told = tell_run(desk.books, request)
        assert [(h.done, h.unknown, h.missing) for h in told.hosts] == [((), "", ("write", "restart"))] * 2
        recorder = Recorder(desk.books, desk.court().runs[run])
        recorder.take(wrote("web1"))
        recorder.flush()
    outcomes = [HostOutcome("web1", "unknown", "a task began"), HostOutcome("web2", "not_started")]
    close_run(desk.books, desk.court().runs[run], outcomes)
    first, second = tell_run(desk.books, run[:9]).hosts
    assert (first.outcome, first.reason, first.done, first.unknown, first.missing) == (
        "unknown", "a task began", ("write",), "restart", (),
    )  # fmt: skip
    assert (second.outcome, second.done, second.unknown, second.missing) == (
        "not_started",
        (),
        "",
        ("write", "restart"),
    )


def test_run_of_a_request_that_stands_on_another_plan_is_told_without_what_was_planned(desk):
    request = desk.request("approve")
    desk.hosts.ends = "partial"
    desk.apply("op2", request)
    desk.hosts.content = 1
    desk.plan("op", request)
    assert [h.missing for h in tell_run(desk.books, request).hosts] == [None, None]


def test_run_is_found_by_id_beginning_request_or_as_the_newest_and_nothing_else(desk):
    with pytest.raises(NotFoundError):
        find_run(desk.court(), "")
    runs = [desk.apply("op2", desk.request("approve")) for _ in range(2)]
    court = desk.court()
    assert find_run(court, "") == find_run(court, court.requests[runs[1].request].number) == court.runs[runs[1].id]
    assert find_run(court, runs[0].id[:35] if runs[0].id[:35] != runs[1].id[:35] else runs[0].id).id == runs[0].id
    for named in (runs[0].id[:3], "REG-2026-9999", "x"):
        with pytest.raises(NotFoundError):
            find_run(court, named)


def stop(desk, who, named, pause=lambda: False):
    return cancel_run(desk.acts, desk.engine, named, desk.key[who], pause)


def test_cancel_by_who_may_carry_out_is_recorded_and_asks_the_run_to_end(desk):
    request = desk.request("approve")
    with going_on(desk, request) as run:
        ended = stop(desk, "op2", request)
        assert (ended.outcome, ended.cancelled_by) == ("running", desk.id["op2"])
        assert desk.hosts.stopped == [run]
        event = desk.ledger.kept[-1]
        assert (event.type, event.data["run"], event.actor.person) == ("run.cancelled", run, desk.id["op2"])
    assert desk.court().requests[request].state == "running"


def test_cancel_waits_until_the_run_has_ended(desk):
    request = desk.request("approve")
    with going_on(desk, request) as run:
        outcomes = [HostOutcome("web1", "failed", stopped=True), HostOutcome("web2", "not_started", stopped=True)]

        def pause():
            close_run(desk.books, desk.court().runs[run], outcomes)
            return True

        ended = stop(desk, "op", request, pause)
    assert (ended.outcome, ended.stopped, ended.cancelled_by) == ("interrupted", True, desk.id["op"])


@pytest.mark.parametrize("who", ["sec", "head"])
def test_cancel_by_another_person_is_refused_and_stops_nothing(desk, who):
    request = desk.request("approve")
    with going_on(desk, request), pytest.raises(RefusedError):
        stop(desk, who, request)
    assert desk.hosts.stopped == []
    assert desk.ledger.kept[-1].type == "gate.refused"


def test_cancel_of_a_run_that_is_over_changes_nothing(desk):
    run = desk.apply("op2", desk.request("approve"))
    size = len(desk.ledger.kept)
    with pytest.raises(UsageError, match="over"):
        stop(desk, "op", run.id)
    assert len(desk.ledger.kept) == size


def test_cancel_act_that_names_another_run_is_refused(desk):
    over = desk.apply("op2", desk.request("approve"))
    request = desk.request("approve")
    with going_on(desk, request):
        assert desk.judged("cancel", "op", request, run=over.id) == ["run_over"]
        assert desk.judged("cancel", "op", request, run="r-9") == ["run_over"]
