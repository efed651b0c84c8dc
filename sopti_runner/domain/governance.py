"""The court's own rules, changed by two persons: one proposes, another official confirms; only then it counts.

The rule this module keeps:

- Enrolments, keys, appointments, policy, the adopted calendar, step-to-office choices and clock corrections are all the
  same thing: a proposal of some kind, signed, and a confirmation signed by someone else who holds an office.
- Nobody confirms what they proposed, nor what gives themselves a key or an office.
- Both acts need the person's own signature: no policy can make attestation suffice here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sopti_runner.domain import restoration
from sopti_runner.domain.emergency import check_decree, check_end
from sopti_runner.domain.holiday import CalendarYear, Override
from sopti_runner.domain.ledger.event import BlobRef
from sopti_runner.domain.ledger.note import parse_vkey
from sopti_runner.domain.office import Status
from sopti_runner.domain.policy import policy_from
from sopti_runner.domain.sshsig import parse_public_key
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
        person: Id of who proposes.
        at: When it was proposed, aware UTC.
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
    "decree": ("models", "offices", "hosts", "hours", "first", "last"),
    "end_decree": ("decree",),
    "restore": ("size", "seen_size", "seen_root"),
}
"""Kind → keys of its data, all present."""


RECORDED_AS: Mapping[str, str] = {"clock": "clock.corrected", restoration.KIND: restoration.RECORDED}
"""Kind → type of the event that confirms it; ``governance.confirmed`` for all others."""

MENDING = frozenset(RECORDED_AS)
"""Kinds that put right what stops every other act, and so pass while it is wrong."""


def recorded_as(proposal: Proposal) -> str:
    """Give the type of the event that confirms a proposal."""
    return RECORDED_AS.get(proposal.kind, "governance.confirmed")


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
    if not isinstance(data, Mapping) or set(data) != set(KINDS[kind]):
        found = ", ".join(sorted(map(str, data))) if isinstance(data, Mapping) else type(data).__name__
        raise UsageError(N_("A proposal has the wrong keys"), on=kind, expected=", ".join(KINDS[kind]), found=found)
    if kind in ("appoint", "step") and data["office"] not in offices:
        raise UsageError(N_("No such office"), on=str(data["office"]), expected=", ".join(offices))
    if kind == "step" and data["step"] not in steps:
        raise UsageError(N_("No such step of the SOP"), on=str(data["step"]), expected=", ".join(steps))
    try:
        if kind == "decree":
            check_decree(data, offices)
        _VALUES.get(kind, _anything)(data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(N_("A value of this proposal can't be"), on=kind, found=str(error)) from error


def _anything(data: Mapping[str, Any]) -> None:
    """Nothing to check: the kind has no values, or they were compared with the court's own."""


def _check_key(data: Mapping[str, Any]) -> None:
    _check_id(data["person"])
    if parse_public_key(data["key"]["public"]).fingerprint != data["key"]["fingerprint"]:
        raise ValueError(N_("the fingerprint is not that of the key"))


def _check_id(value: Any) -> None:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise UsageError(N_("A person is named by an id"), on=repr(value), next="sopti office list")


def _check_retirement(data: Mapping[str, Any]) -> None:
    start = data["compromised_from"]
    if not isinstance(data["fingerprint"], str) or not _FINGERPRINT.fullmatch(data["fingerprint"]):
        raise ValueError(N_("a key is named by its fingerprint, SHA256: and 43 letters and digits"))
    if not (start is None or (type(start) is int and 0 <= start <= MAX_SEQ)):
        raise ValueError(N_("compromised_from is the number of an event, or null"))


def _check_appointment(data: Mapping[str, Any]) -> None:
    _check_id(data["person"])
    Status(data["status"])
    first = date.fromisoformat(data["first"])
    if data["last"] and date.fromisoformat(data["last"]) < first:
        raise ValueError(N_("the last day lies before the first"))


def _check_end(data: Mapping[str, Any]) -> None:
    date.fromisoformat(data["last"])
    if not isinstance(data["appointment"], str) or not _APPOINTMENT.fullmatch(data["appointment"]):
        raise ValueError(N_("an appointment is named by its id"))


def _check_override(data: Mapping[str, Any]) -> None:
    if type(data["working"]) is not bool:
        raise ValueError(N_("working is true or false"))
    Override(date.fromisoformat(data["date"]), not data["working"], "", data["legal_number"])


def _check_erasure(data: Mapping[str, Any]) -> None:
    if not re.fullmatch("[0-9a-f]{64}", str(data["digest"])):
        raise UsageError(N_("A text is named by its digest"), on=str(data["digest"]), expected=N_("64 hex digits"))


def _check_witness(data: Mapping[str, Any]) -> None:
    if len(data["vkey"]) > MAX_VKEY_CHARS or str(parse_vkey(data["vkey"])) != data["vkey"]:
        raise ValueError(N_("a witness's verifier key is one word, name+id+key"))


MAX_SEQ = 2**53 - 1
MAX_VKEY_CHARS = 300
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_APPOINTMENT = re.compile(r"[A-Za-z0-9._/-]{1,160}")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_VALUES: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "enrol": _check_key,
    "key": _check_key,
    "retire_key": _check_retirement,
    "appoint": _check_appointment,
    "end_appointment": _check_end,
    "policy": lambda data: policy_from(data["policy"]),
    "calendar": lambda data: CalendarYear.from_data(data["year"]),
    "calendar_override": _check_override,
    "witness": _check_witness,
    "erase": _check_erasure,
    "end_decree": check_end,
    "restore": restoration.check_restoration,
}
"""Kind → what reads its values as the fold will; ValueError, TypeError, KeyError or UsageError when they can't be."""
