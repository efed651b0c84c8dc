"""A person in a capacity, as papers name them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sopti_runner.domain.change import Wording
from sopti_runner.domain.office import Status
from sopti_runner.domain.period import Zone
from sopti_runner.domain.plain import one_line
from sopti_runner.domain.words import Words, pick

STATUS_PREFIX = {Status.DEFINITIVE: "", Status.PLH: "Plh. ", Status.PLT: "Plt. "}


@dataclass(frozen=True, slots=True)
class Signatory:
    """A person in a capacity, at an act.

    Attributes:
        name: The person's name, or the pseudonym when the name was erased; empty when still to come.
        office: Title of the office.
        step: SOP step of the act (``B7``), or empty.
        at: When, aware UTC; None when still to come.
    """

    name: str
    office: Wording
    status: Status = Status.DEFINITIVE
    step: str = ""
    at: datetime | None = None

    def title(self, words: Words) -> str:
        """``Plh. Sekretaris``."""
        return STATUS_PREFIX[self.status] + pick(words, self.office)


def signatory_text(signatory: Signatory, words: Words, zone: Zone) -> str:
    """``Nama, Plh. Sekretaris, 22 November 2026 07.30 WIB``."""
    parts = [one_line(signatory.name), signatory.title(words)]
    return ", ".join([*parts, words.moment(signatory.at, zone)] if signatory.at else parts)
