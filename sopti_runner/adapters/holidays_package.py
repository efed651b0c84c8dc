"""Proposes a year's Indonesian holidays from the ``holidays`` package; a court adopts the proposal, or not.

The package's default category leaves out joint leave (cuti bersama), so both categories are asked for by name.
"""

from __future__ import annotations

import re

import holidays

from sopti_runner.domain.holiday import CalendarYear, DayKind, Holiday
from sopti_runner.errors import N_, UsageError

SOURCE = "holidays"
_DOUBT = re.compile(r"\s*\((?:perkiraan|estimated)\)", re.IGNORECASE)
_CATEGORIES = {"public": DayKind.PUBLIC, "government": DayKind.JOINT_LEAVE}


def proposal(year: int) -> CalendarYear:
    """Give the year's public holidays and joint leave, labels in Indonesian without "(perkiraan)".

    Religious dates of years far ahead are estimates; ``joint_leave_known`` is False while the package lists no
    joint leave for the year.

    Raises:
        UsageError: The package does not know the year at all.
    """
    known = holidays.country_holidays("ID")
    if not known.start_year <= year <= known.end_year:
        raise UsageError(
            N_("No holidays are known for this year"),
            on=str(year),
            expected=f"{known.start_year}-{known.end_year}",
            next="sopti office override-day --help",
        )
    found = {kind: _days(year, category, kind) for category, kind in _CATEGORIES.items()}
    days = {h.day: h for kind in (DayKind.JOINT_LEAVE, DayKind.PUBLIC) for h in found[kind]}
    return CalendarYear(
        year=year,
        days=tuple(sorted(days.values())),
        source=SOURCE,
        version=holidays.__version__,
        joint_leave_known=bool(found[DayKind.JOINT_LEAVE]),
    )


def _days(year: int, category: str, kind: DayKind) -> list[Holiday]:
    listed = holidays.country_holidays("ID", years=year, categories=(category,), language="id")
    return [Holiday(day, kind, _DOUBT.sub("", label)) for day, label in listed.items() if day.year == year]
