"""Dated offices and keys: what counts is the day of the act and what the ledger knew by then."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from sopti_runner.domain.office import Appointment, Key, Person, Register, Status

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
POST = Appointment("a1", "p-1", "secretary", Status.PLH, TODAY, TODAY + 2 * DAY, NOON)


@pytest.mark.parametrize(
    ("moved", "counts"),
    [
        (timedelta(0), True),
        (-timedelta(microseconds=1), False),  # not yet confirmed
        (2 * DAY, True),  # the last day
        (3 * DAY, False),
        (-DAY, False),
    ],
)
def test_appointment_counts_from_first_to_last_day_and_not_before_its_confirmation(moved, counts):
    now = NOON + moved
    assert POST.in_force(now, now.date()) is counts


def test_appointment_dated_back_counts_only_from_its_confirmation():
    dated_back = replace(POST, first=TODAY - 30 * DAY)
    assert not dated_back.in_force(NOON - DAY, TODAY - DAY)
    assert dated_back.in_force(NOON, TODAY)


def test_appointment_without_last_day_counts_on():
    assert replace(POST, last=None).in_force(NOON + 4000 * DAY, TODAY + 4000 * DAY)


def test_capacity_of_two_appointments_is_the_definitive_one():
    definitive = replace(POST, id="a2", status=Status.DEFINITIVE, last=None)
    register = Register(appointments={"a1": POST, "a2": definitive})
    assert register.capacity("p-1", "secretary", NOON, TODAY).capacity == "secretary:definitive"
    register = Register(appointments={"a1": POST})
    assert register.capacity("p-1", "secretary", NOON, TODAY).capacity == "secretary:plh"
    assert register.capacity("p-2", "secretary", NOON, TODAY) is None
    assert register.capacity("p-1", "chair", NOON, TODAY) is None


def test_offices_of_a_person_are_those_in_force():
    other = replace(POST, id="a3", office="chair", first=TODAY + DAY)
    register = Register(appointments={"a1": POST, "a3": other})
    assert register.offices_of("p-1", NOON, TODAY) == ("secretary",)
    assert register.offices_of("p-1", NOON + DAY, TODAY + DAY) == ("chair", "secretary")


def test_key_counts_after_its_enrolment_and_before_its_retirement():
    key = Key("SHA256:x", "ssh-ed25519 x", since=5)
    assert [key.counts_at(n) for n in (4, 5, 6)] == [False, False, True]
    gone = key.retire(8)
    assert [gone.counts_at(n) for n in (6, 7, 8, 9)] == [True, True, False, False]


@pytest.mark.parametrize(("first", "second"), [(8, 3), (3, 8), (3, 3)])
def test_key_retired_twice_stays_retired_from_the_earlier_event(first, second):
    assert Key("f", "p", since=1).retire(first).retire(second).retired == min(first, second)


def test_register_finds_the_owner_of_a_key_also_when_it_is_retired():
    register = Register()
    register.enrol(Person("p-1", None, (Key("f1", "k1", 0),)))
    register.enrol(Person("p-1", None, (Key("f2", "k2", 4),)))
    register.retire_key("f1", 6)
    assert [k.retired for k in register.persons["p-1"].keys] == [6, None]
    assert register.owner("f1").id == "p-1"
    assert register.owner("f9") is None
