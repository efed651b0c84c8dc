"""A verification in words and as data: the same lines for the command line and for the verifier an auditor carries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sopti_runner.domain.ledger.verification import AuditVerdict, Verification
from sopti_runner.errors import N_

VERDICTS = {
    AuditVerdict.VERIFIED: N_("VERIFIED: the log is what your trust file says it is"),
    AuditVerdict.SELF_CONSISTENT: N_("SELF-CONSISTENT ONLY: nothing contradicts itself; nobody outside vouches for it"),
    AuditVerdict.INCOMPLETE: N_("INCOMPLETE: nothing is wrong, but something that your trust file asks for is missing"),
    AuditVerdict.TAMPERED: N_("TAMPERED: something is not what it was"),
}

Say = Callable[..., str]
"""Translate a message id and fill its ``{field}`` placeholders."""


def lines(found: Verification, say: Say) -> list[str]:
    """Give the report for a person, the verdict last."""
    text = [
        say(N_("Events: {size}"), size=found.size),
        say(N_("Root: {root}"), root=found.root.hex()),
        say(N_("Checkpoints that hold: {count}"), count=found.checkpoints),
        say(N_("Events that somebody outside has seen: {count}"), count=found.protected),
    ]
    if found.first_bad is not None:
        text.append(say(N_("First event that can't be believed: {seq}"), seq=found.first_bad))
    for d in found.defects:
        place = f"[{d.code}] " + " ".join([f"#{d.seq}"] * (d.seq is not None) + [f"@{d.size}"] * (d.size is not None))
        compared = say(N_("Expected: {expected}; found: {found}"), expected=d.expected, found=d.found)
        text.append(f"  x {place}: {say(d.what)}. {compared}")
    if found.defect_count > len(found.defects):
        text.append(say(N_("  and {count} more"), count=found.defect_count - len(found.defects)))
    text += [f"  ! {say(gap.text, **gap.fields)}" for gap in found.gaps]
    text.append(say(N_("What this could not have found:")))
    text += [f"  - {say(remark.text, **remark.fields)}" for remark in found.not_detectable]
    return [*text, say(VERDICTS[found.verdict])]


def as_data(found: Verification) -> dict[str, Any]:
    """Give a verification as plain JSON values, hashes in hex."""
    return {
        "verdict": str(found.verdict),
        "size": found.size,
        "root": found.root.hex(),
        "first_bad": found.first_bad,
        "defect_count": found.defect_count,
        "defects": [
            {"code": d.code, "what": d.what, "seq": d.seq, "size": d.size, "expected": d.expected, "found": d.found}
            for d in found.defects
        ],
        "gaps": [str(gap) for gap in found.gaps],
        "not_detectable": [str(remark) for remark in found.not_detectable],
        "checkpoints": found.checkpoints,
        "protected": found.protected,
    }
