"""Zones and months: to which month an instant belongs is a question of the court's own zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sopti_runner.errors import N_, UsageError


class Zone(StrEnum):
    """The places of Indonesia's three zones, by their IANA names; WIB has two."""

    JAKARTA = "Asia/Jakarta"
    PONTIANAK = "Asia/Pontianak"
    MAKASSAR = "Asia/Makassar"
    JAYAPURA = "Asia/Jayapura"

    @property
    def abbreviation(self) -> str:
        """``WIB``, ``WITA`` or ``WIT``."""
        return {Zone.MAKASSAR: "WITA", Zone.JAYAPURA: "WIT"}.get(self, "WIB")

    @property
    def tz(self) -> ZoneInfo:
        """The zone's rules."""
        return ZoneInfo(self.value)

    @classmethod
    def chosen(cls, text: str) -> Zone:
        """Read a person's choice: an abbreviation or an IANA name, in any case; UsageError for anything else."""
        given = text.strip().lower()
        for zone in cls:
            if given in (zone.abbreviation.lower(), zone.value.lower()):
                return zone
        raise UsageError(
            N_("This is not a time zone of Indonesia."),
            on=text,
            expected="WIB, WITA, WIT",
            next="sopti init --zone WIB",
        )


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One month of one year, in the court's own zone."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.month <= 12 and 1970 <= self.year <= 9998):
            raise UsageError(N_("This is not a month."), on=f"{self.year}-{self.month}", expected="YYYY-MM")

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read ``YYYY-MM``; UsageError for anything else."""
        year, _, month = text.partition("-")
        if not (len(year) == 4 and len(month) == 2 and (year + month).isascii() and (year + month).isdigit()):
            raise UsageError(N_("This is not a month."), on=text, expected="YYYY-MM", next="sopti recap 2026-11")
        return cls(int(year), int(month))

    def back(self, months: int = 1) -> Period:
        """Give the period so many months earlier."""
        index = self.year * 12 + self.month - 1 - months
        return Period(index // 12, index % 12 + 1)

    def bounds(self, zone: Zone) -> tuple[datetime, datetime]:
        """Give the first instant of the period and of the next one, both aware UTC."""
        after = self.back(-1)
        starts = (datetime(p.year, p.month, 1, tzinfo=zone.tz).astimezone(UTC) for p in (self, after))
        return next(starts), next(starts)


def period_of(instant: datetime, zone: Zone) -> Period:
    """Give the period an aware instant belongs to in the court's zone."""
    local = instant.astimezone(zone.tz)
    return Period(local.year, local.month)
