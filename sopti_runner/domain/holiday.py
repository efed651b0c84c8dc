"""Free days as a court adopted or decided them, and how an event carries them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sopti_runner.domain.plain import one_line, shortened
from sopti_runner.errors import N_, ContentError, UsageError

MAX_LEGAL_NUMBER = 200


class DayKind(StrEnum):
    """Why a day is free."""

    PUBLIC = "public"
    JOINT_LEAVE = "joint_leave"
    LOCAL = "local"


@dataclass(frozen=True, slots=True, order=True)
class Holiday:
    """One free day; ``label`` is the public name of the holiday, in Indonesian."""

    day: date
    kind: DayKind
    label: str


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """The holidays of one year, as adopted.

    Attributes:
        days: Sorted by date.
        source: Where they come from (``holidays``, or a decree's number).
        version: Version of the source at adoption.
        joint_leave_known: False while the government has not yet published the year's joint leave (cuti bersama).
    """

    year: int
    days: tuple[Holiday, ...]
    source: str
    version: str
    joint_leave_known: bool

    def to_data(self) -> dict[str, Any]:
        """Give the JSON value that the adoption event carries."""
        return {
            "year": self.year,
            "source": self.source,
            "version": self.version,
            "joint_leave_known": self.joint_leave_known,
            "days": [{"day": h.day.isoformat(), "kind": h.kind.value, "label": h.label} for h in self.days],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> CalendarYear:
        """Read an adoption event's value; ContentError when it is malformed or a day lies outside the year."""
        try:
            year = date(int(data["year"]), 1, 1).year
            days = tuple(
                sorted(Holiday(date.fromisoformat(d["day"]), DayKind(d["kind"]), str(d["label"])) for d in data["days"])
            )
            known = data["joint_leave_known"] is True
            made = cls(year, days, str(data["source"]), str(data["version"]), known)
        except (KeyError, TypeError, ValueError) as fault:
            raise ContentError(N_("This is not a calendar year."), found=str(fault)) from fault
        if outside := [h.day for h in days if h.day.year != year]:
            raise ContentError(N_("A holiday lies outside its calendar year."), on=str(year), found=str(outside[0]))
        return made


@dataclass(frozen=True, slots=True)
class Override:
    """One day that a later decision made free or working.

    Attributes:
        free: True for ``+date`` (the day becomes a holiday), False for ``-date`` (a holiday becomes a working day).
        reason: For a person to read.
        legal_number: Number of the decree or letter behind it: one line of 1 to 200 characters, for it stands in an
            event and stays for good.
    """

    day: date
    free: bool
    reason: str
    legal_number: str

    def __post_init__(self) -> None:
        if not self.legal_number.strip():
            raise UsageError(
                N_("A change of the calendar needs the number of the decree behind it."), on=self.day.isoformat()
            )
        if len(self.legal_number) > MAX_LEGAL_NUMBER or one_line(self.legal_number) != self.legal_number:
            raise UsageError(
                N_("The number of a decree is one line of at most {count} characters"),
                on=self.day.isoformat(),
                found=shortened(self.legal_number, 60),
                count=MAX_LEGAL_NUMBER,
            )
