"""What a text needs from a language: sentences, and dates, hours and numbers as its readers write them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from sopti_runner.domain.change import Wording
from sopti_runner.domain.period import Period, Zone


class Words(Protocol):
    """One language of the documents and texts."""

    @property
    def lang(self) -> str:
        """``id`` or ``en``."""
        ...

    def __call__(self, text: str, /, **fields: object) -> str:
        """Translate a message id and fill its ``{field}`` placeholders."""
        ...

    def day(self, day: date) -> str:
        """``22 November 2026``."""
        ...

    def weekday(self, day: date) -> str:
        """``Minggu``, ``Sunday``."""
        ...

    def month(self, period: Period, *, short: bool = False) -> str:
        """``November 2026``, or short ``Nov``."""
        ...

    def hour(self, at: datetime, zone: Zone) -> str:
        """``07.30 WIB`` of an aware instant."""
        ...

    def moment(self, at: datetime, zone: Zone) -> str:
        """``22 November 2026 07.30 WIB`` of an aware instant."""
        ...

    def number(self, value: int) -> str:
        """``1.284``."""
        ...

    def percent(self, part: int, whole: int) -> str:
        """``97,5%`` with at most one decimal; a dash when there is no whole."""
        ...


def pick(words: Words, wording: Wording) -> str:
    """Give the reader's one of two wordings."""
    return wording.en if words.lang == "en" else wording.id
