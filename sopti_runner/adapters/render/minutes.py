"""The Berita Acara as its template wants it."""

from __future__ import annotations

from typing import Any

from sopti_runner.adapters.render.letterhead import letterhead
from sopti_runner.domain.approval_sheet import grouped
from sopti_runner.domain.minutes import HOST_WORDS, Minutes, evidence_lines, opening, rows
from sopti_runner.domain.plain import one_line, shortened
from sopti_runner.domain.signatory import Signatory
from sopti_runner.domain.words import Words
from sopti_runner.errors import N_

TEMPLATE = "minutes.typ"
TEXT = 1800
HOSTS = 24
EVIDENCE = 12
NOT_CERTIFIED = N_("These minutes carry no certified electronic signature (TTE).")


def view(minutes: Minutes, words: Words) -> dict[str, Any]:
    """Give the template's data."""
    hosts = [[one_line(host), words(HOST_WORDS.get(left, left))] for host, left in minutes.hosts]
    hidden = len(hosts) - HOSTS
    evidence = [shortened(line, 160) for line in evidence_lines(minutes, words)]
    unlisted = len(evidence) - EVIDENCE
    return {
        "title": f"{words('Minutes of execution')} {minutes.number}",
        "letterhead": letterhead(minutes.letterhead),
        "number": minutes.number,
        "opening": opening(minutes, words),
        "rows": [[label, shortened(text, TEXT)] for label, text in rows(minutes, words)],
        "hosts": hosts[:HOSTS],
        "more": words("and {count} more hosts: see the audit trail", count=hidden) if hidden > 0 else "",
        "evidence": evidence[:EVIDENCE],
        "more_evidence": words("and {count} more entries: see the audit trail", count=unlisted) if unlisted > 0 else "",
        "place": f"{one_line(minutes.place)}, " if minutes.place else "",
        "date": words.day(minutes.ended_at.astimezone(minutes.zone.tz).date()),
        "signers": [
            _signer(words("Carried out by"), minutes.executor, words),
            _signer(words("Requested by"), minutes.requester, words),
            _signer(words("Taken note of by"), minutes.knowing, words),
        ],
        "digest": grouped(minutes.plan, 8),
        "note": words(NOT_CERTIFIED),
        "made": words("Made {when}", when=words.moment(minutes.made_at, minutes.zone)),
    }


def _signer(lead: str, signatory: Signatory, words: Words) -> dict[str, str]:
    return {"lead": lead, "title": f"{one_line(signatory.title(words))},", "name": one_line(signatory.name)}
