"""A person in a capacity, as papers name them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sopti_runner.domain.change import Wording
from sopti_runner.domain.office import Status
from sopti_runner.domain.period import Zone
from sopti_runner.domain.plain import one_line
from sopti_runner.domain.statement import ProofKind
from sopti_runner.domain.words import Words, pick
from sopti_runner.errors import N_

STATUS_PREFIX = {Status.DEFINITIVE: "", Status.PLH: "Plh. ", Status.PLT: "Plt. "}
PROOF_WORDS = {
    ProofKind.SIGNATURE.value: N_("own signature"),
    ProofKind.ATTESTED.value: N_("recorded by {name}"),
    ProofKind.PAPER.value: N_("on paper"),
}
"""How an act is known, as papers say it."""


@dataclass(frozen=True, slots=True)
class Signatory:
    """A person in a capacity, at an act.

    Attributes:
        name: The person's name, or the pseudonym when the name was erased; empty when still to come.
        office: Title of the office.
        step: SOP step of the act (``B7``), or empty.
        at: When, aware UTC; None when still to come.
        act: Name of the act (``request.ActName``), or empty.
        proof: How the act is known (``statement.ProofKind``), or empty when still to come.
        recorder: Name of who vouches for it: who typed it in, or brought the page.
    """

    name: str
    office: Wording
    status: Status = Status.DEFINITIVE
    step: str = ""
    at: datetime | None = None
    act: str = ""
    proof: str = ""
    recorder: str = ""

    def title(self, words: Words) -> str:
        """``Plh. Sekretaris``."""
        return STATUS_PREFIX[self.status] + pick(words, self.office)


def signatory_text(signatory: Signatory, words: Words, zone: Zone) -> str:
    """``Nama, Plh. Sekretaris, 22 November 2026 07.30 WIB``."""
    parts = [one_line(signatory.name), signatory.title(words)]
    return ", ".join([*parts, words.moment(signatory.at, zone)] if signatory.at else parts)


def proof_text(signatory: Signatory, words: Words) -> str:
    """``recorded by Budi Contoh``; empty for what is still to come."""
    text = PROOF_WORDS.get(signatory.proof, "")
    return words(text, name=one_line(signatory.recorder)) if text else ""


def recorded_text(signatory: Signatory, words: Words, zone: Zone) -> str:
    """``Nama, Sekretaris, 22 November 2026 07.30 WIB (tanda tangan sendiri)``: the act and how it is known."""
    known = proof_text(signatory, words)
    return signatory_text(signatory, words, zone) + (f" ({known})" if known else "")
