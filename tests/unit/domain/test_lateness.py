"""Which steps are to come and which are late, on a real court's requests."""

from datetime import date

import pytest

from sopti_runner.domain.lateness import late, pending
from tests.unit.domain.desk import Desk

TUESDAY_AFTER = date(2026, 12, 1)  # requests are registered on Monday 23 November 2026 and due by Friday


@pytest.fixture
def desk():
    return Desk()


def steps(desk, request):
    return pending(desk.court().requests[request])


def lates(desk, request, today):
    court = desk.court()
    return list(late(court.requests[request], court.calendar, today))


def test_pending_of_a_new_request_is_all_but_its_registration(desk):
    assert steps(desk, desk.request("register")) == ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9")


def test_pending_follows_the_acts_done(desk):
    assert steps(desk, desk.request("classify")) == ("B5", "B6", "B7", "B8", "B9")


def test_pending_after_a_triage_is_approval_and_work(desk):
    request = desk.request("register")
    desk.do("triage", "op", request)
    assert steps(desk, request) == ("B8", "B9")


def test_pending_of_a_request_classified_as_no_change_has_no_advice(desk):
    request = desk.request("examine")
    desk.do("classify", "op", request, change_type="none")
    assert steps(desk, request) == ("B5", "B6", "B8", "B9")


def test_pending_after_resubmission_begins_anew(desk):
    request = desk.request("classify")
    desk.do("return", "head", request)
    assert lates(desk, request, TUESDAY_AFTER) == []
    desk.do("resubmit", "op", request)
    assert steps(desk, request)[0] == "B2"


def test_late_counts_working_days_and_not_weekends(desk):
    request = desk.request("prioritise")
    court = desk.court()
    assert court.requests[request].due["B9"] == "2026-11-27"
    assert lates(desk, request, date(2026, 11, 27)) == [("B7", 1), ("B8", 1)]
    assert lates(desk, request, date(2026, 11, 29)) == [("B7", 1), ("B8", 1)]
    assert lates(desk, request, TUESDAY_AFTER) == [("B7", 3), ("B8", 3), ("B9", 2)]


def test_run_that_did_not_reach_every_host_leaves_the_work_late(desk):
    desk.hosts.ends = "partial"
    request = desk.request("apply")
    assert steps(desk, request) == ("B7", "B8", "B9")
    assert lates(desk, request, TUESDAY_AFTER) == [("B7", 3), ("B8", 3), ("B9", 2)]


@pytest.mark.parametrize(
    ("until", "again", "left"),
    [
        ("approve", "plan", ("B7", "B8", "B9")),
        ("approve", "revoke", ("B7", "B8", "B9")),
        ("consider", "", ("B8", "B9")),
    ],
)
def test_what_stood_on_another_plan_is_to_do_again(desk, until, again, left):
    request = desk.request(until)
    if again == "plan":
        desk.hosts.content += 1
        desk.plan("op", request)
    elif again:
        desk.do(again, "sec", request)
    assert steps(desk, request) == left


def test_late_is_nothing_once_it_was_carried_out(desk):
    assert lates(desk, desk.request("apply"), TUESDAY_AFTER) == []
