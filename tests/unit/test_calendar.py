"""The court's working days: fixtures computed by hand from the joint decrees of 2026 and 2027."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sopti_runner.adapters.holidays_package import proposal
from sopti_runner.domain.calendar import Calendar, Roll, WarningKind
from sopti_runner.domain.holiday import CalendarYear, DayKind, Holiday, Override
from sopti_runner.domain.period import Period, Zone, period_of
from sopti_runner.errors import ContentError, UsageError

YEARS = {year: proposal(year) for year in (2026, 2027)}
COURT = Calendar(Zone.JAKARTA, YEARS)


def at(day: str, hour: int = 9, zone: Zone = Zone.JAKARTA) -> datetime:
    """A local hour of a day as UTC."""
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=zone.tz).astimezone(UTC)


def days(*texts: str) -> tuple[date, ...]:
    return tuple(date.fromisoformat(t) for t in texts)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-11-23", days("2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27")),
        ("2026-12-18", days("2026-12-18", "2026-12-21", "2026-12-22", "2026-12-23", "2026-12-28")),
        ("2027-03-05", days("2027-03-05", "2027-03-16", "2027-03-17", "2027-03-18", "2027-03-19")),
        ("2026-11-22", days("2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27")),
    ],
)
def test_flow_of_five_days_skips_weekends_holidays_and_joint_leave(start, expected):
    found = COURT.flow_deadlines(at(start), range(1, 6))
    assert found.dates == expected
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("month", "expected"),
    [("2026-11", "2026-11-30"), ("2026-05", "2026-05-29"), ("2027-02", "2027-02-26"), ("2027-10", "2027-10-29")],
)
def test_month_close_off_a_working_day_rolls_back(month, expected):
    assert COURT.month_close(Period.parse(month)).dates == days(expected)


def test_month_close_falls_on_a_free_day_in_seven_of_24_months():
    periods = [Period(year, month) for year in (2026, 2027) for month in range(1, 13)]
    moved = [str(p) for p in periods if COURT.month_close(p) != COURT.month_close(p, roll=Roll.NONE)]
    assert moved == ["2026-02", "2026-05", "2026-08", "2027-01", "2027-02", "2027-05", "2027-10"]


def test_month_close_rolled_forward_may_leave_the_month():
    assert COURT.month_close(Period(2027, 2), roll=Roll.NEXT).dates == days("2027-03-01")
    assert COURT.month_close(Period(2027, 2), roll=Roll.NONE).dates == days("2027-02-28")


def test_period_of_the_same_instant_differs_between_zones():
    instant = at("2026-11-30", 23)
    assert period_of(instant, Zone.JAKARTA) == Period(2026, 11)
    assert period_of(instant, Zone.MAKASSAR) == Period(2026, 12)
    assert period_of(instant, Zone.JAYAPURA) == Period(2026, 12)


def test_period_bounds_hold_exactly_the_instants_of_the_period():
    start, end = Period(2026, 12).bounds(Zone.JAYAPURA)
    assert start == datetime(2026, 11, 30, 15, tzinfo=UTC)
    assert period_of(start, Zone.JAYAPURA) == period_of(end - timedelta(microseconds=1), Zone.JAYAPURA)
    assert period_of(end, Zone.JAYAPURA) == Period(2027, 1)


@pytest.mark.parametrize(("hour", "first"), [(14, "2026-11-23"), (15, "2026-11-24"), (23, "2026-11-24")])
def test_arrival_from_the_cut_off_counts_from_the_next_working_day(hour, first):
    assert COURT.flow_deadlines(at("2026-11-23", hour), [1]).dates == days(first)


def test_arrival_late_on_friday_counts_from_monday():
    assert COURT.flow_deadlines(at("2026-11-27", 16), [1, 2]).dates == days("2026-11-30", "2026-12-01")


def test_cut_off_is_read_on_the_courts_own_clock():
    instant = at("2026-11-23", 14)
    assert Calendar(Zone.JAYAPURA, YEARS).flow_deadlines(instant, [1]).dates == days("2026-11-24")


def test_year_not_adopted_gives_dates_and_says_so():
    found = Calendar(Zone.JAKARTA, {2026: YEARS[2026]}).flow_deadlines(at("2026-12-31"), range(1, 4))
    assert found.dates == days("2026-12-31", "2027-01-01", "2027-01-04")
    assert [(w.year, w.kind) for w in found.warnings] == [(2027, WarningKind.NOT_ADOPTED)]
    assert "{year}" in found.warnings[0].text


def test_year_without_joint_leave_is_warned_about():
    year = proposal(2028)
    assert not year.joint_leave_known
    found = Calendar(Zone.JAKARTA, {2028: year}).month_close(Period(2028, 6))
    assert [(w.year, w.kind) for w in found.warnings] == [(2028, WarningKind.JOINT_LEAVE_UNKNOWN)]


def test_proposal_has_the_joint_decree_of_2026():
    kinds = [h.kind for h in YEARS[2026].days]
    assert (kinds.count(DayKind.PUBLIC), kinds.count(DayKind.JOINT_LEAVE)) == (17, 8)
    assert not [h.label for h in YEARS[2027].days if "perkiraan" in h.label]


def test_library_update_of_a_past_year_leaves_recorded_deadlines_alone():
    recorded = CalendarYear.from_data(YEARS[2026].to_data())
    before = Calendar(Zone.JAKARTA, {2026: recorded}).flow_deadlines(at("2026-11-23"), range(1, 6))
    newer = replace(
        YEARS[2026],
        version="999",
        days=tuple(sorted((*YEARS[2026].days, Holiday(date(2026, 11, 25), DayKind.PUBLIC, "Hari Guru")))),
    )
    assert Calendar(Zone.JAKARTA, {2026: newer}).flow_deadlines(at("2026-11-23"), range(1, 6)) != before
    again = CalendarYear.from_data(recorded.to_data())
    assert Calendar(Zone.JAKARTA, {2026: again}).flow_deadlines(at("2026-11-23"), range(1, 6)) == before


def test_override_adds_and_removes_days_and_the_last_one_holds():
    election = Override(date(2026, 11, 25), True, "Pemungutan suara", "Keppres contoh 1")
    court = replace(COURT, overrides=(election,))
    assert court.flow_deadlines(at("2026-11-23"), [3]).dates == days("2026-11-26")
    assert court.holiday(date(2026, 11, 25)) == Holiday(date(2026, 11, 25), DayKind.LOCAL, "Pemungutan suara")
    undone = replace(court, overrides=(election, replace(election, free=False)))
    assert undone.flow_deadlines(at("2026-11-23"), [3]).dates == days("2026-11-25")
    christmas_eve = Override(date(2026, 12, 24), False, "Cuti bersama dibatalkan", "SKB contoh 2")
    assert replace(COURT, overrides=(christmas_eve,)).working_day(date(2026, 12, 24))


def test_override_without_a_legal_number_is_refused():
    with pytest.raises(UsageError, match="number of the decree"):
        Override(date(2026, 11, 25), True, "Libur", "  ")


@pytest.mark.parametrize(
    ("done", "late"), [("2026-11-26", 0), ("2026-11-27", 0), ("2026-11-29", 0), ("2026-11-30", 1), ("2026-12-02", 3)]
)
def test_lateness_counts_working_days_only(done, late):
    assert COURT.working_days_late(date(2026, 11, 27), date.fromisoformat(done)) == late


@pytest.mark.parametrize("text", ["WIB", "wib", "Asia/Jakarta", " wit ", "WITA", "asia/pontianak"])
def test_zone_is_read_from_its_names(text):
    assert Zone.chosen(text).abbreviation in {"WIB", "WITA", "WIT"}


@pytest.mark.parametrize("zone", Zone)
def test_zone_abbreviation_is_what_the_zone_database_says(zone):
    assert datetime(2026, 11, 22, tzinfo=zone.tz).tzname() == zone.abbreviation


@pytest.mark.parametrize("text", ["", "UTC", "Asia/Singapore", "GMT+7"])
def test_zone_outside_indonesia_is_refused(text):
    with pytest.raises(UsageError):
        Zone.chosen(text)


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-00", "2026-1", "26-11", "2026-11-01", "२०२६-११"])
def test_period_that_is_no_month_is_refused(text):
    with pytest.raises(UsageError):
        Period.parse(text)


@pytest.mark.parametrize("spoil", [{"year": "x"}, {"days": [{"day": "2026-02-30"}]}, {"days": None}, {"year": 2025}])
def test_calendar_year_malformed_is_refused(spoil):
    with pytest.raises(ContentError):
        CalendarYear.from_data(YEARS[2026].to_data() | spoil)


def test_calendar_year_with_a_missing_field_is_refused():
    data = YEARS[2026].to_data()
    del data["joint_leave_known"]
    with pytest.raises(ContentError):
        CalendarYear.from_data(data)


def test_calendar_without_any_working_day_is_refused():
    with pytest.raises(ContentError):
        Calendar(Zone.JAKARTA, workweek=frozenset())


@given(st.integers(0, 699 * 24 * 60), st.sampled_from(Zone), st.integers(0, 24))
def test_flow_days_are_working_days_in_order_without_gaps(minutes, zone, cut_off):
    court = Calendar(zone, YEARS, cut_off=cut_off)
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    flow = court.flow_deadlines(start, range(1, 6)).dates
    assert all(court.working_day(d) for d in flow)
    assert flow[0] >= start.astimezone(zone.tz).date()
    assert [court.working_days_late(flow[0], d) for d in flow] == [0, 1, 2, 3, 4]


@given(st.integers(0, 2**32))
def test_calendar_year_survives_its_event(seed):
    chance = random.Random(seed)
    chosen = tuple(sorted(chance.sample(YEARS[2026].days, chance.randint(0, 10))))
    year = replace(YEARS[2026], days=chosen, joint_leave_known=chance.random() < 0.5)
    assert CalendarYear.from_data(year.to_data()) == year
