"""The court's own rules, changed by two persons: one proposes, another official confirms; only then it counts.

The rule this module keeps:

- Enrolments, keys, appointments, policy, the adopted calendar, step-to-office choices and clock corrections are all the
  same thing: a proposal of some kind, signed, and a confirmation signed by someone else who holds an office.
- Nobody confirms what they proposed, nor what gives themselves a key or an office.
- Both acts need the person's own signature: no policy can make attestation suffice here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sopti_runner.domain.ledger.event import BlobRef
from sopti_runner.domain.office import Status
from sopti_runner.domain.policy import policy_from
from sopti_runner.errors import N_, UsageError

PROPOSE, CONFIRM = "propose", "confirm"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of the court's rules that waits for its second signature, or has it.

    Attributes:
        id: Id of the proposing event.
        kind: One of ``KINDS``.
        data: The content, checked by ``check_proposal``.
        texts: Name → blob of what must not stand in an event (a person's name, the number of an order).
        confirmed: Whether the second signature is there.
    """

    id: str
    kind: str
    data: Mapping[str, Any]
    texts: Mapping[str, BlobRef]
    person: str
    at: datetime
    seq: int
    confirmed: bool = False


KINDS: Mapping[str, tuple[str, ...]] = {
    "enrol": ("person", "key"),
    "key": ("person", "key"),
    "retire_key": ("fingerprint", "compromised_from"),
    "appoint": ("person", "office", "status", "first", "last"),
    "end_appointment": ("appointment", "last"),
    "policy": ("policy",),
    "calendar": ("year",),
    "calendar_override": ("date", "working", "legal_number"),
    "step": ("step", "office"),
    "witness": ("vkey",),
    "clock": (),
    "erase": ("digest",),
}
"""Kind → keys of its data, all present."""


def about(proposal: Proposal) -> str:
    """Give the person whom a proposal would give a key or an office, or an empty string."""
    return str(proposal.data.get("person", "")) if proposal.kind in ("enrol", "key", "appoint") else ""


def check_proposal(kind: str, data: Mapping[str, Any], offices: tuple[str, ...], steps: tuple[str, ...]) -> None:
    """Check the form of a proposal's data.

    Raises:
        UsageError: Unknown kind, missing or unknown keys, or a value that can't be.
    """
    if kind not in KINDS:
        raise UsageError(N_("Unknown kind of proposal"), on=kind, expected=", ".join(KINDS))
    if set(data) != set(KINDS[kind]):
        raise UsageError(
            N_("A proposal has the wrong keys"), on=kind, expected=", ".join(KINDS[kind]), found=", ".join(sorted(data))
        )
    try:
        if kind == "appoint":
            Status(data["status"])
            first = date.fromisoformat(data["first"])
            if data["last"] and date.fromisoformat(data["last"]) < first:
                raise ValueError("the last day lies before the first")
        if kind in ("appoint", "step") and data["office"] not in offices:
            raise UsageError(N_("No such office"), on=str(data["office"]), expected=", ".join(offices))
        if kind == "step" and data["step"] not in steps:
            raise UsageError(N_("No such step of the SOP"), on=str(data["step"]), expected=", ".join(steps))
        if kind == "end_appointment":
            date.fromisoformat(data["last"])
        if kind == "calendar_override":
            date.fromisoformat(data["date"])
    except ValueError as error:
        raise UsageError(N_("A value of this proposal can't be"), on=kind, found=str(error)) from error
    if kind == "erase" and not re.fullmatch("[0-9a-f]{64}", str(data["digest"])):
        raise UsageError(N_("A text is named by its digest"), on=str(data["digest"]), expected=N_("64 hex digits"))
    if kind == "policy":
        policy_from(data["policy"])
