"""The Berita Acara Pelaksanaan (SOP B9, form FM-TI-08): who carried out what, by whose approval, how it ended.

The rule this module keeps: every run of the request is told, so that a good end hides no bad beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sopti_runner.domain.change import Wording
from sopti_runner.domain.emergency import Emergency, Verdict
from sopti_runner.domain.period import Period, Zone, period_of
from sopti_runner.domain.plain import middle_cut, one_line
from sopti_runner.domain.run import CHANGED, FAILED, GOOD, NOT_STARTED, UNCHANGED, UNKNOWN, UNREACHABLE, Run
from sopti_runner.domain.signatory import Signatory, recorded_text
from sopti_runner.domain.terbilang import terbilang
from sopti_runner.domain.words import Words, pick
from sopti_runner.errors import N_

OUTCOME_WORDS = {
    "done": N_("Carried out on every host"),
    "partial": N_("Carried out in part"),
    "failed": N_("Not carried out"),
    "interrupted": N_("Interrupted; the state of some hosts is not known"),
    "running": N_("Its end is not recorded"),
}
STOPPED = N_("Stopped by a person before its end")
NO_RUN = N_("Carried out without a change by the system")
HOST_WORDS = {
    CHANGED: N_("changed as planned"),
    UNCHANGED: N_("already as wanted"),
    FAILED: N_("failed"),
    UNREACHABLE: N_("could not be reached"),
    NOT_STARTED: N_("not started"),
    UNKNOWN: N_("not known"),
}
EVIDENCE_WORDS = {
    "approve": N_("approval"),
    "revoke": N_("withdrawal of the approval"),
    "grant": N_("approval"),
    "start": N_("start of the run"),
    "declare": N_("declaration of the emergency"),
    "record": N_("record of the act by hand"),
    "ratify": N_("ratification"),
    "refuse": N_("refusal to ratify"),
    "run.finished": N_("end of the run"),
    "fulfil": N_("record of the work"),
    "close": N_("record of the result"),
}
"""Steps of a request that the minutes point to in the audit trail, in words."""
HOSTS = 4
DEVIATIONS = 5
NAME = 40


@dataclass(frozen=True, slots=True)
class Minutes:
    """What the minutes record.

    Attributes:
        number: The request's registration number.
        work: What was done, in the change model's or the requester's words.
        result: What was written of the result when the work was recorded or the request closed, or empty.
        approval: Who approved, when; None for work that needed none. Of an emergency, who answered for it, when.
        runs: Every run of the request, in order; empty for work without a change by the system.
        ended_at: When the work ended, aware UTC.
        log: Name of the audit trail.
        evidence: Steps of the request that prove it (``EVIDENCE_WORDS``) and their places in the audit trail.
        executor: Who carried it out.
        requester: Who asked, with the section as office; no name when none was given.
        knowing: Who takes note (mengetahui).
        plan: Digest of the plan that ran last, 64 hex digits, or empty.
        made_at: Aware UTC.
        emergency: The emergency behind the work, or None.
    """

    letterhead: tuple[str, ...]
    place: str
    zone: Zone
    number: str
    work: Wording
    result: str
    approval: Signatory | None
    runs: tuple[Run, ...]
    ended_at: datetime
    log: str
    evidence: tuple[tuple[str, int], ...]
    executor: Signatory
    requester: Signatory
    knowing: Signatory
    plan: str
    made_at: datetime
    emergency: Emergency | None = None

    @property
    def hosts(self) -> tuple[tuple[str, str], ...]:
        """Host and what the last run left there (``domain.run``), in order; empty for work without hosts."""
        return tuple(sorted((self.runs[-1].hosts or {}).items())) if self.runs else ()


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
    none = words("None") if minutes.runs else words("None recorded")
    facts = [
        (words("Basis"), words("IT service request number {number}", number=minutes.number)),
        _approval(minutes, words),
        (words("Work"), one_line(pick(words, minutes.work))),
        *_times(minutes, words),
        (words("Result"), _outcome(minutes.runs[-1] if minutes.runs else None, words)),
        (words("Remarks on the result"), one_line(minutes.result)),
        (words("Deviations"), "; ".join(deviations(minutes, words)) or none),
    ]
    return [(label, text) for label, text in facts if text]


def _approval(minutes: Minutes, words: Words) -> tuple[str, str]:
    """Give who approved; of an emergency, whether somebody answered for it afterwards, and how."""
    act = minutes.emergency
    if minutes.approval is None:
        if act is None or act.due is None:
            return words("Approval"), words("None needed")
        return words("Ratification"), words("still waits, to be given by {day}", day=words.day(act.due))
    signed = recorded_text(minutes.approval, words, minutes.zone)
    if act is None:
        return words("Approval"), signed
    refused = act.verdict is Verdict.REFUSED
    return words("Ratification"), words("refused: {who}", who=signed) if refused else signed


def deviations(minutes: Minutes, words: Words) -> list[str]:
    """Give each run that did not leave every host as wanted: when, how it ended, and on which hosts."""
    bad = [run for run in minutes.runs if run.outcome != "done"]
    lines = [_deviation(run, minutes.zone, words) for run in bad[:DEVIATIONS]]
    hidden = len(bad) - DEVIATIONS
    return [*lines, words("and {count} more runs: see the audit trail", count=hidden)] if hidden > 0 else lines


def evidence_lines(minutes: Minutes, words: Words) -> list[str]:
    """Give where in the audit trail the work is proven, and the codes of the runs."""
    lines = [
        words("Audit trail {log}, entry {seq}: {what}", log=minutes.log, seq=seq, what=words(EVIDENCE_WORDS[step]))
        for step, seq in minutes.evidence
    ]
    return [*lines, *(words("Code of the run: {run}", run=run.id) for run in minutes.runs)]


def _times(minutes: Minutes, words: Words) -> list[tuple[str, str]]:
    """Give when the work began and ended; of work outside the system only its recording is known."""
    ended = words.moment(minutes.ended_at, minutes.zone)
    if not minutes.runs:
        return [(words("Recorded at"), ended)]
    if minutes.runs[-1].ended_at is None:
        ended = _outcome(minutes.runs[-1], words)
    return [(words("Started"), words.moment(minutes.runs[0].started_at, minutes.zone)), (words("Ended"), ended)]


def _outcome(run: Run | None, words: Words) -> str:
    if run is None:
        return words(NO_RUN)
    stopped = run.stopped and UNKNOWN not in (run.hosts or {}).values()
    return words(STOPPED if stopped else OUTCOME_WORDS[run.outcome])


def _deviation(run: Run, zone: Zone, words: Words) -> str:
    left = sorted((run.hosts or {}).items())
    hosts = [f"{middle_cut(host, NAME)} {words(HOST_WORDS.get(how, how))}" for host, how in left if how not in GOOD]
    hosts = hosts or [middle_cut(host, NAME) for host, _ in left]
    hidden = len(hosts) - HOSTS
    more = [words("and {count} more hosts", count=hidden)] if hidden > 0 else []
    return words(
        "Run of {when}: {outcome} ({hosts})",
        when=words.moment(run.started_at, zone),
        outcome=_outcome(run, words),
        hosts=", ".join([*hosts[:HOSTS], *more]),
    )
