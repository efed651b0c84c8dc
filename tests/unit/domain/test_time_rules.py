"""The clock's rules at their edges, and that being refused never makes a clock right."""

from datetime import UTC, datetime, timedelta

import pytest

from sopti_runner.domain.time_rules import JUMP, LAG, TOLERANCE, Instant, believed, clock_reason

LAST = Instant(datetime(2026, 11, 23, 2, 0, tzinfo=UTC), "boot-1", 10_000_000)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
PAUSE = 14


def reading(wall, ran=None, boot="boot-1"):
    ran = wall if ran is None else ran
    return Instant(LAST.time + wall, boot, max(0, LAST.mono + ran // timedelta(microseconds=1)))


CASES = [
    (reading(timedelta(0)), None),
    (reading(HOUR), None),
    (reading(400 * DAY), None),  # the machine ran all the time
    (reading(-TOLERANCE, timedelta(0)), None),
    (reading(-TOLERANCE - SECOND, timedelta(0)), "clock_back"),
    (reading(-400 * DAY, SECOND), "clock_back"),
    (reading(JUMP + SECOND, SECOND), None),
    (reading(JUMP + 2 * SECOND, SECOND), "clock_jump"),
    (reading(HOUR, HOUR + LAG), None),
    (reading(HOUR, HOUR + LAG + SECOND), "clock_back"),  # set back, yet after the last event
    (reading(timedelta(0), 10 * DAY), "clock_back"),
    (reading(PAUSE * DAY, boot="boot-2", ran=timedelta(0)), None),
    (reading(PAUSE * DAY + SECOND, boot="boot-2", ran=timedelta(0)), "clock_pause"),
    (reading(-HOUR, boot="boot-2", ran=timedelta(0)), "clock_back"),
]


@pytest.mark.parametrize(("now", "code"), CASES)
def test_clock_reading_is_refused_outside_its_bounds(now, code):
    reason = clock_reason(LAST, now, PAUSE)
    assert (reason.code if reason else None) == code
    assert reason is None or str(reason)


def test_clock_of_an_empty_log_is_taken_as_it_is():
    assert clock_reason(None, LAST, PAUSE) is None
    assert believed(None, LAST, PAUSE) == LAST


@pytest.mark.parametrize(("now", "code"), CASES)
def test_believed_reading_never_goes_back_nor_takes_over_what_is_refused(now, code):
    taken = believed(LAST, now, PAUSE)
    assert taken.time >= LAST.time
    if code:
        assert taken == LAST
        assert clock_reason(taken, now, PAUSE).code == code, "asked twice, refused twice"
    else:
        assert (taken.boot, taken.mono) == (now.boot, now.mono)
        assert taken.time == max(now.time, LAST.time)
