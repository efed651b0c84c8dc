"""The Lembar Persetujuan: all that a secretary reads, on one page, before approving (SOP B8, form FM-TI-07).

The rule this module keeps:

- What is signed binds the SHA-256 of ``display_text``, so the text is made from the sheet and the words alone and is
  the same every time.
- Everything a person wrote is shown on its own line behind its own label; nobody can write a line of this page.
- What can't be predicted is listed, never left out.
- A step is shown with how it is known, and only while it stands for the plan that is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sopti_runner.domain.change import ChangeType, Risk, Wording
from sopti_runner.domain.host_changes import HostChanges, change_lines
from sopti_runner.domain.lateness import DUE_AGAIN
from sopti_runner.domain.period import Zone
from sopti_runner.domain.plain import one_line, wrapped
from sopti_runner.domain.request import RULES, ActName, Request, State, Step
from sopti_runner.domain.signatory import Signatory, proof_text, recorded_text, signatory_text
from sopti_runner.domain.statement import short_code
from sopti_runner.domain.words import Words, pick
from sopti_runner.errors import N_

WIDTH = 100
LABEL = 24

RISK_WORDS = {Risk.LOW: N_("Low"), Risk.MEDIUM: N_("Medium"), Risk.HIGH: N_("High")}
CHANGE_WORDS = {
    ChangeType.STANDARD: N_("Routine change"),
    ChangeType.NORMAL: N_("Planned change"),
    ChangeType.EMERGENCY: N_("Emergency change"),
    ChangeType.NONE: N_("No technical change"),
}
ADVICE_WORDS = {
    "approve": N_("Approval is advised"),
    "approve_with_conditions": N_("Approval with conditions is advised"),
    "defer": N_("Deferral is advised"),
    "decline": N_("Approval is not advised"),
}
DECISIONS = (N_("Approved"), N_("Approved with conditions"), N_("Rejected"), N_("Returned"))
UNNUMBERED = {
    ActName.PLAN.value: N_("planned"),
    ActName.REVOKE.value: N_("approval withdrawn"),
    ActName.RETURN.value: N_("returned"),
    ActName.RESUBMIT.value: N_("submitted again"),
    ActName.TRIAGE.value: N_("ready for approval"),
    ActName.DECLARE.value: N_("declared an emergency"),
}
"""Acts that are no step of the SOP, in words."""
NOT_CERTIFIED = N_("This sheet carries no certified electronic signature (TTE).")


@dataclass(frozen=True, slots=True)
class ApprovalSheet:
    """What an approval is asked for.

    Attributes:
        letterhead: Lines of the court's letterhead, top to bottom.
        place: Where it is signed (a city), or empty.
        number: The request's registration number.
        unit: The requester's section.
        asked: What is asked for, in the requester's words.
        why: The reason given, or empty.
        settings: What the playbook is given: meaning and value, in the change model's order.
        weaker: Hosts of the plan that a standing key opens, or may open: see ``access.Access.weaker``.
        blind_spots: What check mode can't predict, from the change model.
        advice: ``request.ADVICE`` word, or empty while nobody advised.
        advice_note: The adviser's words, or empty.
        not_before: Aware UTC.
        expires: Aware UTC.
        recorded: Acts up to now that stand for this plan, in order: see ``standing``.
        approver: Who is asked; name empty when not known.
        plan: The plan digest, 64 hex digits.
        made_at: Aware UTC.
    """

    letterhead: tuple[str, ...]
    place: str
    zone: Zone
    number: str
    requester: str
    unit: str
    asked: str
    why: str
    playbook: str
    change_type: ChangeType
    purpose: Wording
    effect: Wording
    worst_case: Wording
    backout: Wording
    risk: Risk
    settings: tuple[tuple[Wording, str], ...]
    hosts: tuple[HostChanges, ...]
    weaker: tuple[str, ...]
    blind_spots: tuple[Wording, ...]
    advice: str
    advice_note: str
    adviser: Signatory | None
    not_before: datetime
    expires: datetime
    recorded: tuple[Signatory, ...]
    approver: Signatory
    plan: str
    made_at: datetime


def standing_steps(request: Request) -> tuple[Step, ...]:
    """Give a request's acts that stand for the plan it has now; an older plan's advice, approval and run do not."""
    since = max((s.seq for s in request.steps if s.act in (ActName.PLAN, ActName.RESUBMIT)), default=-1)
    undone = DUE_AGAIN.get(request.state, ())
    return tuple(s for s in request.steps if s.act in set(ActName) and _stands(s, since, undone))


def _stands(step: Step, since: int, undone: Sequence[str]) -> bool:
    act = ActName(step.act)
    done = RULES[act].on_time
    if done not in DUE_AGAIN[State.PLANNED] and act not in (ActName.PLAN, ActName.REVOKE):
        return True
    return step.seq >= since and done not in undone


def host_groups(sheet: ApprovalSheet, words: Words) -> list[tuple[str, list[str]]]:
    """Give hosts that change alike together: a heading with the host names, and the plain lines."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for host in sheet.hosts:
        lines = change_lines(words, host.changes)
        lines += [words("Runs, but can't be predicted: {task}", task=line) for line in change_lines(words, host.opaque)]
        if host.failed:
            lines.append(words("Tasks that failed while planning: {count}; this can't be approved", count=host.failed))
        groups.setdefault(tuple(lines), []).append(one_line(host.host))
    return [
        (", ".join(names), list(lines) or [words("No change: everything is as wanted already")])
        for lines, names in groups.items()
    ]


def blind_lines(sheet: ApprovalSheet, words: Words) -> list[str]:
    """Give what can't be predicted, in words; says so when there is nothing known."""
    opaque = change_lines(words, (r for host in sheet.hosts for r in host.opaque))
    lines = [pick(words, spot) for spot in sheet.blind_spots]
    lines += [words("This task runs exactly as planned, but its result is not checked: {task}", task=t) for t in opaque]
    return lines or [words("Nothing known: every task was predicted")]


def rows(sheet: ApprovalSheet, words: Words) -> list[tuple[str, str]]:
    """Give the sheet's facts as label and text, in reading order; the way in only where it is the weaker one."""
    way_in = [(words("Way into the hosts"), way_in_text(sheet, words))] if sheet.weaker else []
    requester = ", ".join(dict.fromkeys(one_line(t) for t in (sheet.requester, sheet.unit) if t))
    return [
        (words("Requested by"), requester),
        (words("What is asked"), one_line(sheet.asked)),
        (words("Reason"), one_line(sheet.why) or "–"),
        (words("Purpose of the change"), pick(words, sheet.purpose)),
        (words("Effect on service"), pick(words, sheet.effect)),
        (words("Worst case"), pick(words, sheet.worst_case)),
        (words("How to go back"), pick(words, sheet.backout)),
        (words("Risk"), f"{words(RISK_WORDS[sheet.risk])} - {words(CHANGE_WORDS[sheet.change_type])}"),
        *way_in,
    ]


def way_in_text(sheet: ApprovalSheet, words: Words) -> str:
    """Say what it means that a standing key opens hosts, how many, and which; the names come last, to be cut first."""
    count, everything = len(sheet.weaker), len(sheet.hosts)
    if count == everything:
        return words(
            "Every host of this plan ({all}) can still be opened by a standing key: whoever holds it can come in "
            "without an approval, and the host does not note for which request.",
            all=everything,
        )
    return words(
        "{count} of {all} hosts can still be opened by a standing key: whoever holds it can come in without an "
        "approval, and the host does not note for which request. Hosts: {hosts}",
        count=count,
        all=everything,
        hosts=", ".join(one_line(host) for host in sheet.weaker),
    )


def setting_lines(sheet: ApprovalSheet, words: Words) -> list[str]:
    """Give what the playbook is told, a line for each: meaning and value."""
    return [f"{pick(words, about).rstrip('.')}: {one_line(value)}" for about, value in sheet.settings]


def advice_text(sheet: ApprovalSheet, words: Words) -> str:
    """Give the adviser's word, who gave it and how that is known, and the note, on one line."""
    if not sheet.advice or sheet.adviser is None:
        return words("No advice stands on this plan yet")
    said = words(ADVICE_WORDS.get(sheet.advice, sheet.advice))
    note = f" - {one_line(sheet.advice_note)}" if sheet.advice_note else ""
    known = proof_text(sheet.adviser, words)
    given = signatory_text(sheet.adviser, words, sheet.zone) + (f"; {known}" if known else "")
    return f"{said} ({given}){note}"


def recorded_lines(sheet: ApprovalSheet, words: Words) -> list[str]:
    """Give each act up to now on a line: the SOP step, who, when, and how it is known."""
    lines = [
        f"{s.step or words(UNNUMBERED.get(s.act, s.act))}: {recorded_text(s, words, sheet.zone)}"
        for s in sheet.recorded
    ]
    return lines or ["–"]


def validity_text(sheet: ApprovalSheet, words: Words) -> str:
    """Give from when to when the approval may be used, once."""
    return words(
        "One use, from {first} to {last}",
        first=words.moment(sheet.not_before, sheet.zone),
        last=words.moment(sheet.expires, sheet.zone),
    )


def grouped(text: str, size: int = 4) -> str:
    """Give a long code in groups, for reading and comparing by eye."""
    return " ".join(text[i : i + size] for i in range(0, len(text), size))


def display_text(sheet: ApprovalSheet, words: Words) -> str:
    """Give the sheet as plain text, at most ``WIDTH`` columns, ending in a newline.

    The SHA-256 of its UTF-8 bytes goes into the signed statement.
    """
    lines = [one_line(line) for line in sheet.letterhead]
    lines += ["=" * WIDTH, words("APPROVAL SHEET"), f"{words('IT service request number')} {sheet.number}", ""]
    lines += _labelled(rows(sheet, words))
    if sheet.settings:
        lines += ["", words("What is set"), *_bullets(setting_lines(sheet, words))]
    lines += ["", words("What changes on which host")]
    for heading, changes in host_groups(sheet, words):
        lines += wrapped(heading, WIDTH, "  ", "  ")
        lines += _bullets(changes)
    lines += ["", words("What can't be predicted"), *_bullets(blind_lines(sheet, words))]
    lines += ["", words("Steps recorded so far"), *_bullets(recorded_lines(sheet, words)), ""]
    lines += _labelled(
        [
            (words("Advice (B7)"), advice_text(sheet, words)),
            (words("Approval asked of"), signatory_text(sheet.approver, words, sheet.zone).removeprefix(", ")),
            (words("Validity"), validity_text(sheet, words)),
            (words("Plan code"), f"{short_code(sheet.plan)}   ({sheet.playbook})"),
            ("SHA-256", grouped(sheet.plan, 8)),
        ]
    )
    return "\n".join([*lines, "", *wrapped(words(NOT_CERTIFIED), WIDTH)]) + "\n"


def _labelled(facts: Sequence[tuple[str, str]]) -> list[str]:
    lines = []
    for label, text in facts:
        if len(label) > LABEL - 2:
            lines += wrapped(f"{label}:", WIDTH)
            lines += wrapped(text, WIDTH, " " * LABEL, " " * LABEL)
        else:
            lines += wrapped(text, WIDTH, label.ljust(LABEL), " " * LABEL)
    return lines


def _bullets(texts: Iterable[str]) -> list[str]:
    return [line for text in texts for line in wrapped(text, WIDTH, "    - ", "      ")]
