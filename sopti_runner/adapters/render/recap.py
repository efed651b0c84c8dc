"""The recap page as its template wants it: no address, no version, nothing that may not be copied around."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from typing import Any

import segno

from sopti_runner.adapters.render.letterhead import letterhead
from sopti_runner.domain.approval_sheet import grouped
from sopti_runner.domain.emergency import Verdict
from sopti_runner.domain.ledger.checkpoint import read_checkpoint
from sopti_runner.domain.plain import middle_cut, one_line
from sopti_runner.domain.recap import HostRow, RecapPage, Unanswered
from sopti_runner.domain.recap_judgement import SHOWN, STATUS_WORDS, Point, StatusWord, points_of, status_of
from sopti_runner.domain.request import STATE_WORDS, State
from sopti_runner.domain.words import Words, pick
from sopti_runner.errors import N_

TEMPLATE = "recap.typ"
HOSTS = 6
LEADS = (N_("Made by"), N_("Examined by"), N_("Taken note of by"))
SENTENCES = {
    StatusWord.SAFE: N_("As far as this version measures, no matter needs attention."),
    StatusWord.ATTENTION: N_("Matters that need attention: {count}."),
    StatusWord.CRITICAL: N_("Matters that need attention: {count}; the first needs an act at once."),
}
REASON_WORDS = {
    "no_approval": N_("no usable approval"),
    "approval_expired": N_("approval expired"),
    "approval_used": N_("approval already used"),
    "approval_revoked": N_("approval withdrawn"),
    "input_changed": N_("content changed after approval"),
    "copy_tampered": N_("content changed after approval"),
    "plan_differs": N_("another plan than approved"),
    "drift": N_("host changed by other hands"),
    "ledger_unsound": N_("audit trail does not verify"),
    "ledger_behind": N_("old copy of the audit trail"),
    "ledger_differs": N_("old copy of the audit trail"),
    "not_in_office": N_("no office at that time"),
    "wrong_office": N_("wrong office"),
    "executor_is_approver": N_("approver wanted to carry out"),
    "approver_is_requester": N_("requester wanted to approve"),
    "approver_is_adviser": N_("adviser wanted to approve"),
    "approver_is_executor": N_("executor wanted to approve"),
    "wrong_state": N_("step out of order"),
    "signature_needed": N_("signature missing"),
    "host_not_checked": N_("host could not be compared"),
}
TASK_REASON = N_("task stopped: not as approved")
OTHER_REASON = N_("another reason")
OTHER_REASONS = N_("further reasons")
REASONS = 5


def view(page: RecapPage, words: Words) -> dict[str, Any]:
    """Give the template's data."""
    status, points, period = status_of(page), points_of(page), _period(page, words)
    return {
        "title": f"{words('Recapitulation')} {words.month(page.period)}",
        "letterhead": letterhead(page.around.letterhead),
        "period": period,
        "opening": words(
            "Under the IT service SOP, letter C number 9, this is the recapitulation of monitoring and maintenance "
            "of IT equipment for the period {period}.",
            period=period,
        ),
        "status": words(STATUS_WORDS[status]),
        "severity": list(StatusWord).index(status),
        "sentence": words(SENTENCES[status], count=len(points)),
        "figures": _figures(page, words),
        "history": [
            {"label": words.month(m.period, short=True), "received": m.received, "finished": m.finished}
            for m in page.history
        ],
        "open": _open(page, words),
        **_hosts(page, words),
        "facts": _facts(page, words),
        "points": [_point(p, words) for p in points[:SHOWN]],
        "more_points": words("and {count} more in the data file", count=len(points) - SHOWN) if points[SHOWN:] else "",
        "decisions": [words(p.decision, **p.fields) for p in points if p.decision][:SHOWN],
        "exceptions": _exceptions(page, words),
        "not_checked": _not_checked(page, words),
        **_seal(page, words),
    }


def _period(page: RecapPage, words: Words) -> str:
    month = words.month(page.period)
    return words("{month} (up to {day})", month=month, day=words.day(page.counted_to)) if page.counted_to else month


def _figures(page: RecapPage, words: Words) -> list[dict[str, str]]:
    before = page.before
    runs = page.runs_good.value + page.runs_bad.value
    late = len(page.overdue)
    return [
        _box(words, words("Requests received"), words.number(page.received.value), before["received"]),
        _box(
            words,
            words("Carried out in time"),
            f"{words.number(page.on_time.value)}/{words.number(page.finished.value)}",
            f"{before['on_time']}/{before['finished']}",
            words.percent(page.on_time.value, page.finished.value),
        ),
        _box(words, words("Waiting past due"), words.number(late), None, until=_until(page, words)),
        _box(
            words,
            words("Changes reaching every host"),
            f"{words.number(page.runs_good.value)}/{words.number(runs)}",
            f"{before['runs_good']}/{before['runs_good'] + before['runs_bad']}",
            words.percent(page.runs_good.value, runs),
        ),
        _box(words, words("Attempts refused"), words.number(page.refusals.value), before["refusals"]),
    ]


def _until(page: RecapPage, words: Words) -> str:
    return (
        words("up to {day}", day=words.day(page.counted_to)) if page.counted_to else words("at the end of the period")
    )


def _box(words: Words, label: str, value: str, before: object, extra: str = "", *, until: str = "") -> dict[str, str]:
    earlier = words("last month {value}", value=before) if before is not None else until
    return {"label": label, "value": value, "before": earlier, "extra": "" if extra == "–" else extra}


def _open(page: RecapPage, words: Words) -> str:
    parts = [f"{words(STATE_WORDS[State(s)])} {words.number(f.value)}" for s, f in page.open_by_state.items()]
    return words("{count} ({states})", count=words.number(page.open.value), states=", ".join(parts)) if parts else "0"


def _hosts(page: RecapPage, words: Words) -> dict[str, Any]:
    hidden = len(page.hosts) - HOSTS
    return {
        "hosts": [_host(row, place, words) for place, row in enumerate(page.hosts[:HOSTS], 1)],
        "more_hosts": words("and {count} more hosts", count=hidden) if hidden > 0 else "",
    }


def _host(row: HostRow, place: int, words: Words) -> list[str]:
    name = words("host {number} (address not shown)", number=place) if _address(row.host) else middle_cut(row.host, 34)
    counts = (row.tasks_changed, row.good, row.failed, row.unknown)
    return [name, *(words.number(figure.value) for figure in counts)]


def _address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return re.search(r"(?:\d{1,3}[.-]){3}\d{1,3}", host) is not None
    return True


def _facts(page: RecapPage, words: Words) -> list[list[str]]:
    hours = page.around.exposure_seconds // 3600
    window = words(
        "{count} entries, up to {hours} hours old",
        count=words.number(page.around.exposure_events),
        hours=words.number(hours + 1),
    )
    return [
        [words("Open requests"), _open(page, words)],
        [words("Reasons of refusals"), _reasons_text(page, words)],
        *([[words("Work by hand, recorded"), words.number(page.by_hand.value)]] if page.by_hand.value else []),
        [words("Combined roles (dirangkap)"), words.number(page.waivers.value)],
        [
            words("Attested / on paper"),
            f"{words.number(page.attested.value)} / {words.number(page.paper.value)}",
        ],
        [words("Executors to confirm"), words("{count} of 29 steps", count=len(page.unconfirmed))],
        [words("Not yet protected outside"), window if page.around.exposure_events else words("nothing")],
    ]


def _reasons_text(page: RecapPage, words: Words) -> str:
    """Give the commonest reasons with their counts, the rest as one; says so when one attempt had several."""
    reasons = _reasons(page, words)
    others = sum(count for _, count in reasons[REASONS:])
    shown = [*reasons[:REASONS], *([(words(OTHER_REASONS), others)] if others else [])]
    text = ", ".join(f"{label}\N{NO-BREAK SPACE}{words.number(count)}" for label, count in shown) or "–"
    several = words("one attempt can have several reasons")
    return f"{text} ({several})" if sum(count for _, count in reasons) > page.refusals.value else text


def _reasons(page: RecapPage, words: Words) -> list[tuple[str, int]]:
    """Give the reasons of refusals with how often each was named, most often first; like ones together."""
    counts: Counter[str] = Counter()
    for code, figure in page.refusals_by_reason.items():
        other = TASK_REASON if code.startswith("task_") else OTHER_REASON
        counts[words(REASON_WORDS.get(code, other))] += figure.value
    return sorted(counts.items(), key=lambda kv: (-kv[1], kv[0]))


def _point(point: Point, words: Words) -> list[str]:
    texts = (words(text, **point.fields) for text in (point.what, point.effect, point.act))
    return [*(one_line(text) for text in texts), words.day(point.by) if point.by else "–"]


def _not_checked(page: RecapPage, words: Words) -> list[str]:
    lines = [words(text) for text in page.not_checked]
    if page.around.verified is None:
        lines.insert(0, words("The audit trail was not verified when this page was made"))
    if page.unreached:
        lines.insert(0, words("Hosts that could not be reached at some time: {count}", count=len(page.unreached)))
    return lines


def _exceptions(page: RecapPage, words: Words) -> list[str]:
    """Give each emergency act that is an exception, of whatever month: number, day, and how it was answered for."""
    return [
        words(
            "{number} of {day}: {answer}",
            number=u.number or words("Console of {host}", host=u.console),
            day=words.day(u.done),
            answer=words(_answer(u), days=u.late),
        )
        + ("" if u.decree else words(", without a decree"))
        for u in page.unanswered
    ]


def _answer(act: Unanswered) -> str:
    if act.verdict is Verdict.REFUSED:
        return N_("ratification refused")
    if act.verdict is Verdict.WAITING:
        return N_("waits for ratification, working days late: {days}") if act.late else N_("waits for ratification")
    return N_("ratified late, working days: {days}")


def _seal(page: RecapPage, words: Words) -> dict[str, Any]:
    note = page.around.checkpoint
    offices = [pick(words, title) for title in page.offices]
    return {
        "checkpoint": _checkpoint(note, words) if note else [],
        "qr": segno.make(note, error="m", micro=False).svg_inline(border=0, omitsize=True) if note else "",
        "signers": [
            {"lead": words(lead), "title": f"{title},", "name": ""} for lead, title in zip(LEADS, offices, strict=False)
        ],
        "place": f"{one_line(page.around.place)}, " if page.around.place else "",
        "report": page.report,
        "digest": grouped(page.digest, 8),
        "made": words("Made {when}", when=words.moment(page.made_at, page.zone)),
    }


def _checkpoint(note: str, words: Words) -> list[str]:
    """Give the three signed lines exactly, then the root as the verifier prints it."""
    claimed = read_checkpoint(note)
    return [*str(claimed).splitlines(), words("Root: {root}", root=claimed.root.hex())]
