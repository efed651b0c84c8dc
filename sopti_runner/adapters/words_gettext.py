"""Words of a language from the gettext catalogues, dates and numbers from Babel.

Babel is imported at the first date or number, so that a command that needs none starts fast.
"""

from __future__ import annotations

import gettext
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from sopti_runner.domain.period import Period, Zone
from sopti_runner.errors import N_, ReportError, UsageError

FOLDER = Path(__file__).parents[1] / "locale"
LANGUAGES = ("id", "en")
NO_VALUE = "–"


class GettextWords:
    """One language; implements ``domain.words.Words``.

    Args:
        lang: ``id`` or ``en``.

    Raises:
        UsageError: Another language.
        ReportError: The compiled catalogue is missing: a document must not come out in the wrong language unnoticed.
    """

    def __init__(self, lang: str = "id") -> None:
        if lang not in LANGUAGES:
            raise UsageError(N_("sopti does not speak this language."), on=lang, expected=", ".join(LANGUAGES))
        self._lang = lang
        try:
            self._catalogue = gettext.translation("sopti", FOLDER, [lang], fallback=lang == "en")
        except FileNotFoundError as fault:
            raise ReportError(
                N_("The words of this language are missing from the installation."), on=str(FOLDER), next="make venv"
            ) from fault

    @property
    def lang(self) -> str:
        """``id`` or ``en``."""
        return self._lang

    def __call__(self, text: str, /, **fields: object) -> str:
        """Translate a message id and fill its placeholders; an untranslated id stays English."""
        translated = self._catalogue.gettext(text) if text else ""
        return translated.format(**fields) if fields else translated

    def day(self, day: date) -> str:
        """``22 November 2026``."""
        return self._format_date(day, "d MMMM yyyy")

    def weekday(self, day: date) -> str:
        """``Minggu``, ``Sunday``."""
        return self._format_date(day, "EEEE")

    def month(self, period: Period, *, short: bool = False) -> str:
        """``November 2026``, or short ``Nov``."""
        return self._format_date(date(period.year, period.month, 1), "LLL" if short else "LLLL yyyy")

    def hour(self, at: datetime, zone: Zone) -> str:
        """``07.30 WIB`` (Indonesian, with a dot) or ``07:30 WIB``."""
        local = at.astimezone(zone.tz)
        return f"{local:%H}{'.' if self._lang == 'id' else ':'}{local:%M} {zone.abbreviation}"

    def moment(self, at: datetime, zone: Zone) -> str:
        """``22 November 2026 07.30 WIB``."""
        return f"{self.day(at.astimezone(zone.tz).date())} {self.hour(at, zone)}"

    def number(self, value: int) -> str:
        """``1.284``."""
        return str(self._numbers.format_decimal(value, locale=self._lang))

    def percent(self, part: int, whole: int) -> str:
        """``97,5%``, ``100%``; a dash when there is no whole."""
        if not whole:
            return NO_VALUE
        return str(self._numbers.format_percent(Decimal(part) / Decimal(whole), "#,##0.#%", locale=self._lang))

    def _format_date(self, day: date, pattern: str) -> str:
        return str(self._dates.format_date(day, pattern, locale=self._lang))

    @cached_property
    def _dates(self) -> Any:
        from babel import dates  # noqa: PLC0415  slow to import, and many commands show no date

        return dates

    @cached_property
    def _numbers(self) -> Any:
        from babel import numbers  # noqa: PLC0415  slow to import, and many commands show no number

        return numbers
