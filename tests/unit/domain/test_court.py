"""The court as the ledger tells it: the same from the same events, and moved by nothing an act may not say."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sopti_runner.domain.court import Court, fold
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.request import State
from tests.unit.domain.desk import Desk


@pytest.fixture
def desk():
    return Desk()


def test_court_folded_twice_is_the_same(desk):
    desk.apply("op2", desk.request("approve"))
    desk.rule("policy", policy={"paper": False})
    events = desk.ledger.kept
    whole = fold(events)
    assert whole == fold(events[5:], fold(events[:5]))
    assert whole.size == len(events)


def test_event_of_unknown_type_changes_only_size_and_clock(desk):
    before = desk.court()
    desk.clock.run(hours=1)
    at = desk.clock.now()
    desk.ledger.append([Draft(desk.books.new_id(at), "weather.noted", "x", SYSTEM)], at)
    after = desk.court()
    assert (after.size, after.last) == (before.size + 1, at)
    assert replace(after, size=before.size, last=before.last) == before


def test_request_goes_through_its_flow_and_every_step_is_kept(desk):
    request = desk.request("close")
    folded = desk.court().requests[request]
    assert folded.state is State.CLOSED
    names = ["register", "dispose", "examine", "classify", "verify", "prioritise", "plan", "consider", "approve"]
    assert [s.act for s in folded.steps] == [*names, "start", "run.finished", "close"]
    assert folded.steps[8].capacity == "secretary:definitive"
    assert (folded.number, folded.priority) == ("REG-2026-0001", "P1")


@pytest.mark.parametrize(("act", "who"), [("revoke", "sec"), ("withdraw", "op")])
def test_approval_overtaken_is_no_longer_the_requests(desk, act, who):
    request = desk.request("approve")
    approval = desk.court().requests[request].approval
    desk.do(act, who, request)
    court = desk.court()
    assert court.requests[request].approval == ""
    assert court.approvals[approval].revoked


def test_plan_made_anew_takes_advice_and_approval_away(desk):
    request = desk.request("approve")
    approval = desk.court().requests[request].approval
    desk.hosts.content = 1
    desk.plan("op", request)
    folded = desk.court().requests[request]
    assert (folded.state, folded.approval, folded.advised_by, folded.advised_plan) == (State.PLANNED, "", "", "")
    assert desk.court().approvals[approval].revoked


@pytest.mark.parametrize(
    ("ends", "state"), [("done", State.DONE), ("partial", State.PARTIAL), ("failed", State.PARTIAL)]
)
def test_run_leaves_the_request_where_its_outcome_says(desk, ends, state):
    request = desk.request("approve")
    desk.hosts.ends = ends
    desk.apply("op2", request)
    court = desk.court()
    assert court.requests[request].state is state
    assert court.approvals[court.requests[request].approval].used_by


def test_number_counts_within_the_courts_own_year(desk):
    desk.request("register")
    desk.clock.run(days=38, hours=14, minutes=59)  # 31 December, 23.59 in the court
    second = desk.request("register")
    desk.clock.run(minutes=1)
    third = desk.request("register")
    numbers = [desk.court().requests[r].number for r in (second, third)]
    assert numbers == ["REG-2026-0002", "REG-2027-0001"]


def test_court_is_found_by_number_in_any_case_and_by_id(desk):
    request = desk.request("register")
    court = desk.court()
    assert court.find_request("reg-2026-0001") is court.find_request(request) is court.requests[request]
    assert court.find_request("REG-2026-0002") is None


def test_court_before_genesis_has_no_offices_and_no_executors():
    assert (Court().offices, Court().executor("B8")) == ((), "")


def test_day_is_the_courts_own(desk):
    court = desk.court()
    evening = desk.clock.time.replace(hour=17)  # 00.00 WIB of the next day
    assert court.today(evening) - court.today(evening - timedelta(microseconds=1)) == timedelta(days=1)
