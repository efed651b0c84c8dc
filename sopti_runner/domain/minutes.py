"""The Berita Acara Pelaksanaan (SOP B9, form FM-TI-08): who carried out what, by whose approval, how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sopti_runner.domain.change import Wording
from sopti_runner.domain.period import Period, Zone, period_of
from sopti_runner.domain.plain import one_line
from sopti_runner.domain.run import CHANGED, FAILED, NOT_STARTED, UNCHANGED, UNKNOWN, UNREACHABLE
from sopti_runner.domain.signatory import Signatory, signatory_text
from sopti_runner.domain.terbilang import terbilang
from sopti_runner.domain.words import Words, pick
from sopti_runner.errors import N_

OUTCOME_WORDS = {
    "done": N_("Carried out on every host"),
    "partial": N_("Carried out in part"),
    "failed": N_("Not carried out"),
    "interrupted": N_("Interrupted; the state of some hosts is not known"),
}
HOST_WORDS = {
    CHANGED: N_("changed as planned"),
    UNCHANGED: N_("already as wanted"),
    FAILED: N_("failed"),
    UNREACHABLE: N_("could not be reached"),
    NOT_STARTED: N_("not started"),
    UNKNOWN: N_("not known"),
}


@dataclass(frozen=True, slots=True)
class Minutes:
    """What the minutes record.

    Attributes:
        number: The request's registration number.
        work: What was done, in the change model's or the operator's words.
        approval: Who approved, when; None for work that needed none.
        started_at: Aware UTC.
        ended_at: Aware UTC.
        outcome: Outcome of the run (``done | partial | failed | interrupted``).
        hosts: Host and what the run left there (``domain.run``), in order; empty for work without hosts.
        deviations: What went otherwise than planned, in words; empty for nothing.
        evidence: Digests and file names that prove it, in words.
        executor: Who carried it out.
        requester: Who asked, or a witness.
        knowing: Who takes note (mengetahui).
        plan: The plan digest, 64 hex digits, or empty.
        made_at: Aware UTC.
    """

    letterhead: tuple[str, ...]
    place: str
    zone: Zone
    number: str
    work: Wording
    approval: Signatory | None
    started_at: datetime
    ended_at: datetime
    outcome: str
    hosts: tuple[tuple[str, str], ...]
    deviations: tuple[str, ...]
    evidence: tuple[str, ...]
    executor: Signatory
    requester: Signatory
    knowing: Signatory
    plan: str
    made_at: datetime


def opening(minutes: Minutes, words: Words) -> str:
    """Give the opening sentence with the day spelled out, on the court's own clock."""
    day = minutes.ended_at.astimezone(minutes.zone.tz).date()
    period: Period = period_of(minutes.ended_at, minutes.zone)
    spelled = (terbilang(day.day), terbilang(day.year)) if words.lang == "id" else (str(day.day), str(day.year))
    return words(
        "On this day, {weekday} the {day} of {month} in the year {year}, we the undersigned state:",
        weekday=words.weekday(day),
        day=spelled[0],
        month=words.month(period).rsplit(" ", 1)[0],
        year=spelled[1],
    )


def rows(minutes: Minutes, words: Words) -> list[tuple[str, str]]:
    """Give the facts as label and text, in the form's order."""
    approval = signatory_text(minutes.approval, words, minutes.zone) if minutes.approval else words("None needed")
    return [
        (words("Basis"), words("IT service request number {number}", number=minutes.number)),
        (words("Approval"), approval),
        (words("Work"), pick(words, minutes.work)),
        (words("Started"), words.moment(minutes.started_at, minutes.zone)),
        (words("Ended"), words.moment(minutes.ended_at, minutes.zone)),
        (words("Result"), words(OUTCOME_WORDS.get(minutes.outcome, minutes.outcome))),
        (words("Deviations"), "; ".join(one_line(d) for d in minutes.deviations) or words("None")),
    ]
