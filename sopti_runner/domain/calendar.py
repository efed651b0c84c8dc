"""Working days of a court: adopted holidays, day numbers of a flow, and the close of a month.

The rule this module keeps:

- What counts as a holiday is what was **adopted** by an event, with later overrides; a library's new opinion about a
  year changes nothing until someone adopts it again.
- Days belong to the court's own zone, which is chosen and never defaulted.
- A year nobody adopted, or one whose joint leave is unknown, still gives dates, and a warning with them.

Source: SOP column "Waktu / hari ke" (an ordinal day in the flow) and "30 setiap bulan"; Perpres 21/2023 (the week is
Monday to Friday).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from sopti_runner.domain.holiday import CalendarYear, DayKind, Holiday, Override
from sopti_runner.domain.period import Period, Zone
from sopti_runner.errors import N_, ContentError, UsageError

ONE_DAY = timedelta(days=1)
MONDAY_TO_FRIDAY = frozenset(range(5))


class Roll(StrEnum):
    """Where a month's close goes when its day is not a working day."""

    PREVIOUS = "previous"
    NEXT = "next"
    NONE = "none"


class WarningKind(StrEnum):
    """What is not known about a year that a deadline touches."""

    NOT_ADOPTED = "not_adopted"
    JOINT_LEAVE_UNKNOWN = "joint_leave_unknown"


@dataclass(frozen=True, slots=True, order=True)
class CalendarWarning:
    """A doubt about dates: the year, and what is missing."""

    year: int
    kind: WarningKind

    @property
    def text(self) -> str:
        """The message id, with a ``{year}`` field."""
        if self.kind is WarningKind.NOT_ADOPTED:
            return N_("The calendar of {year} is not adopted: only Saturdays and Sundays count as free. Next: {next}")
        return N_("The joint leave of {year} is not known yet: dates may still move. Next: {next}")

    @property
    def next(self) -> str:
        """The command that mends it."""
        return f"sopti office adopt-calendar {self.year}"


@dataclass(frozen=True, slots=True)
class Dates:
    """Dates in order, and every doubt about them."""

    dates: tuple[date, ...]
    warnings: tuple[CalendarWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """The court's calendar at a moment.

    Attributes:
        zone: The court's zone.
        years: Adopted years; the latest adoption of each.
        overrides: In the order they were decided; the last one about a day holds.
        workweek: Weekdays that are worked, Monday = 0.
        cut_off: Local hour, 0 to 24, from which a request counts as come on the next working day.
    """

    zone: Zone
    years: Mapping[int, CalendarYear] = field(default_factory=dict)
    overrides: Sequence[Override] = ()
    workweek: frozenset[int] = MONDAY_TO_FRIDAY
    cut_off: int = 15

    def __post_init__(self) -> None:
        if not self.workweek or not self.workweek <= frozenset(range(7)) or not 0 <= self.cut_off <= 24:
            raise ContentError(N_("A calendar needs a working day in the week and a cut-off hour from 0 to 24."))

    def holiday(self, day: date) -> Holiday | None:
        """Give why a day is free, or None; weekends are no holidays."""
        for override in reversed(self.overrides):
            if override.day == day:
                return Holiday(day, DayKind.LOCAL, override.reason) if override.free else None
        year = self.years.get(day.year)
        return next((h for h in year.days if h.day == day), None) if year else None

    def working_day(self, day: date) -> bool:
        """Tell whether the court works that day; a ``-date`` override opens also a weekend day."""
        return self._opened(day) or (day.weekday() in self.workweek and self.holiday(day) is None)

    def next_working_day(self, day: date) -> date:
        """Give the day itself when worked, else the first worked day after it; ContentError when none in a year."""
        return self._walk(day, ONE_DAY)

    def flow_deadlines(self, start: datetime, days: Iterable[int]) -> Dates:
        """Give the date of each day number of a flow (SOP "hari ke-n").

        Args:
            start: When the request came, aware; day 1 is that local day when it is worked and the hour is before
                the cut-off, else the next working day.
            days: Day numbers from 1, in any order; the dates come in the same order.

        Raises:
            UsageError: A day number is below 1.
        """
        local = start.astimezone(self.zone.tz)
        first = local.date() if local.time() < self._cut_off_time() else local.date() + ONE_DAY
        numbers = tuple(days)
        if any(n < 1 for n in numbers):
            raise UsageError(N_("Day numbers of a flow start at 1."), found=str(min(numbers)))
        flow = [self.next_working_day(first)]
        while len(flow) < max(numbers, default=1):
            flow.append(self.next_working_day(flow[-1] + ONE_DAY))
        return Dates(tuple(flow[n - 1] for n in numbers), self.doubts(local.date(), flow[-1]))

    def month_close(self, period: Period, day: int = 30, roll: Roll = Roll.PREVIOUS) -> Dates:
        """Give the one date on which a month closes: ``day``, clamped to the month's end, rolled to a working day."""
        last = monthrange(period.year, period.month)[1]
        nominal = date(period.year, period.month, min(day, last))
        closes = nominal if roll is Roll.NONE else self._walk(nominal, ONE_DAY if roll is Roll.NEXT else -ONE_DAY)
        return Dates((closes,), self.doubts(min(nominal, closes), max(nominal, closes)))

    def working_days_late(self, due: date, done: date) -> int:
        """Give how many working days lie after ``due``, up to and with ``done``; 0 when it was in time."""
        return sum(self.working_day(due + ONE_DAY * n) for n in range(1, (done - due).days + 1))

    def doubts(self, first: date, last: date) -> tuple[CalendarWarning, ...]:
        """Give what is not known about the years from ``first`` to ``last``, by year."""
        found = []
        for year in range(first.year, last.year + 1):
            adopted = self.years.get(year)
            if adopted is None:
                found.append(CalendarWarning(year, WarningKind.NOT_ADOPTED))
            elif not adopted.joint_leave_known:
                found.append(CalendarWarning(year, WarningKind.JOINT_LEAVE_UNKNOWN))
        return tuple(found)

    def _opened(self, day: date) -> bool:
        return next((not o.free for o in reversed(self.overrides) if o.day == day), False)

    def _cut_off_time(self) -> time:
        return time.max if self.cut_off == 24 else time(self.cut_off)

    def _walk(self, day: date, step: timedelta) -> date:
        for _ in range(366):
            if self.working_day(day):
                return day
            day += step
        raise ContentError(N_("The calendar has no working day within a year."), on=day.isoformat())
