"""Approvals: what an official allowed, once, for a time, on named hosts, for exactly one plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval as recorded.

    Attributes:
        id: Id of the approving event.
        plan: Plan digest, 64 hex digits.
        not_before: Aware UTC; usable from here on.
        expires: Aware UTC; no longer usable at this moment.
        person: Who approved.
        capacity: ``office:status`` at signing.
        key: Fingerprint of the key that signed.
        seq: Where in the ledger.
        used_by: Run that took it, or empty.
        revoked: Whether it was withdrawn or overtaken by another plan.
        waived: Separations that were waived when it was given.
    """

    id: str
    request: str
    plan: str
    hosts: tuple[str, ...]
    not_before: datetime
    expires: datetime
    person: str
    capacity: str
    key: str
    seq: int
    used_by: str = ""
    revoked: bool = False
    waived: tuple[str, ...] = ()
