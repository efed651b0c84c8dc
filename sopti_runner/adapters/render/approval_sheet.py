"""The Lembar Persetujuan as its template wants it: texts only, already in the reader's language."""

from __future__ import annotations

from typing import Any

from sopti_runner.adapters.render.letterhead import letterhead
from sopti_runner.domain.approval_sheet import (
    DECISIONS,
    NOT_CERTIFIED,
    ApprovalSheet,
    advice_text,
    blind_lines,
    grouped,
    host_groups,
    recorded_lines,
    rows,
    setting_lines,
    validity_text,
)
from sopti_runner.domain.plain import one_line, shortened
from sopti_runner.domain.statement import short_code
from sopti_runner.domain.words import Words
from sopti_runner.errors import N_

TEMPLATE = "approval-sheet.typ"
LINES = 16
GROUPS = 12
NAMES = 900
"""Longest list of hosts' names in one heading, in characters; a longer one is counted and cut."""
TEXT = 420
STORED = N_("The text shown at signing and the plan are kept by their digests in the ledger.")


def view(sheet: ApprovalSheet, words: Words) -> dict[str, Any]:
    """Give the template's data; long texts are cut with an ellipsis, many lines counted instead of listed."""
    return {
        "title": f"{words('Approval sheet')} {sheet.number}",
        "letterhead": letterhead(sheet.letterhead),
        "number": sheet.number,
        "code": short_code(sheet.plan),
        "digest": grouped(sheet.plan, 8),
        "rows": [[label, shortened(text, TEXT)] for label, text in rows(sheet, words)],
        "settings": [shortened(line, TEXT) for line in setting_lines(sheet, words)],
        "groups": _capped(host_groups(sheet, words), words),
        "blind": [shortened(line, TEXT) for line in blind_lines(sheet, words)][:6],
        "advice": shortened(advice_text(sheet, words), TEXT),
        "recorded": [shortened(line, TEXT) for line in recorded_lines(sheet, words)],
        "decisions": [words(decision) for decision in DECISIONS],
        "validity": validity_text(sheet, words),
        "place": f"{one_line(sheet.place)}, " if sheet.place else "",
        "approver_title": f"{sheet.approver.title(words)},",
        "approver_name": one_line(sheet.approver.name),
        "note": words(NOT_CERTIFIED),
        "stored": words(STORED),
        "made": words("Made {when}", when=words.moment(sheet.made_at, sheet.zone)),
    }


def _capped(groups: list[tuple[str, list[str]]], words: Words) -> list[dict[str, Any]]:
    """Give every group with its hosts, and as many of its lines as the page has room for; the rest is counted.

    Where more groups change, each in a way of its own, than the page can list, the last ones are named together.
    """
    listed, others = (groups[: GROUPS - 1], groups[GROUPS - 1 :]) if len(groups) > GROUPS else (groups, [])
    shown = _listed(listed, words)
    if others:
        count = sum(len(lines) for _, lines in others)
        told = words("These change each in a way of its own: {count} lines; see the full plan", count=count)
        shown.append({"hosts": _named(", ".join(hosts for hosts, _ in others), words), "lines": [told]})
    return shown


def _named(hosts: str, words: Words) -> str:
    if len(hosts) <= NAMES:
        return hosts
    return words("{count} hosts: {hosts}", count=hosts.count(", ") + 1, hosts=shortened(hosts, NAMES))


def _listed(groups: list[tuple[str, list[str]]], words: Words) -> list[dict[str, Any]]:
    room = max(1, LINES // max(1, len(groups)))
    shown = []
    for hosts, lines in groups:
        hidden = len(lines) - room if len(lines) > room + 1 else 0
        listed = [shortened(line, 160) for line in (lines[:room] if hidden else lines)]
        more = [words("and {count} more lines: see the full plan", count=hidden)] if hidden else []
        shown.append({"hosts": _named(hosts, words), "lines": [*listed, *more]})
    return shown
