"""Policy: the court's own rules, kept as events and changed by two signatures; no file or variable can weaken it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import rfc8785

from sopti_runner.domain.request import ActName
from sopti_runner.errors import N_, UsageError

ROUTINE = frozenset(ActName) - {
    *(ActName.APPROVE, ActName.GRANT, ActName.REVOKE, ActName.START, ActName.CANCEL),
    *(ActName.DECLARE, ActName.RECORD, ActName.RATIFY, ActName.REFUSE),
}
"""Acts that may be attested by default: those that change nothing on a host, permit nothing, and answer for nothing."""

WAIVABLE = frozenset({"requester_approves", "adviser_approves"})
"""Separations a small court may waive, dated and shown as "dirangkap"; approver ≠ executor is not among them."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What this court accepts.

    Attributes:
        attested: Acts for which it suffices that an enrolled operator typed and signed what an official did.
        paper: Whether an approval signed by hand, scanned and attested by a second person counts.
        waivers: Waived separation → last day of the waiver.
        validity_days: Longest time an approval may stay usable, in days.
        pause_days: Longest time without an event across a restart before the gate asks about the clock, in days.
        cut_off_hour: Requests that arrive later than this hour (court's zone) count from the next working day.
    """

    attested: frozenset[ActName] = ROUTINE
    paper: bool = True
    waivers: Mapping[str, date] = field(default_factory=dict)
    validity_days: int = 14
    pause_days: int = 14
    cut_off_hour: int = 15

    def waived(self, separation: str, today: date) -> bool:
        """Tell whether this separation is waived today."""
        last = self.waivers.get(separation)
        return last is not None and today <= last

    def to_data(self) -> dict[str, Any]:
        """Give the policy as an event carries it."""
        return {
            "attested": sorted(a.value for a in self.attested),
            "paper": self.paper,
            "waivers": {k: v.isoformat() for k, v in sorted(self.waivers.items())},
            "validity_days": self.validity_days,
            "pause_days": self.pause_days,
            "cut_off_hour": self.cut_off_hour,
        }

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical policy, as statements name it."""
        return hashlib.sha256(rfc8785.dumps(self.to_data())).hexdigest()


def policy_from(data: Mapping[str, Any]) -> Policy:
    """Read a policy from an event or a proposal.

    Raises:
        UsageError: A key or value is unknown, or a bound is outside what sopti can keep.
    """
    known = set(Policy().to_data())
    if not isinstance(data, Mapping):
        raise UsageError(N_("A policy value can't be read"), found=type(data).__name__)
    for key in sorted(set(data) - known):
        raise UsageError(N_("Unknown policy key"), on=str(key), expected=", ".join(sorted(known)))
    try:
        if type(data.get("paper", True)) is not bool:
            raise ValueError(N_("paper is true or false"))
        policy = Policy(
            attested=frozenset(ActName(a) for a in data.get("attested", sorted(ROUTINE))),
            paper=data.get("paper", True),
            waivers={str(k): date.fromisoformat(v) for k, v in data.get("waivers", {}).items()},
            validity_days=int(data.get("validity_days", 14)),
            pause_days=int(data.get("pause_days", 14)),
            cut_off_hour=int(data.get("cut_off_hour", 15)),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise UsageError(N_("A policy value can't be read"), found=str(error)) from error
    loose = policy.attested - ROUTINE
    if loose:
        raise UsageError(
            N_("This act always needs the person's own signature or paper"),
            on=", ".join(sorted(a.value for a in loose)),
        )
    unknown = set(policy.waivers) - WAIVABLE
    if unknown:
        raise UsageError(
            N_("This separation can't be waived"), on=", ".join(sorted(unknown)), expected=", ".join(sorted(WAIVABLE))
        )
    if not (1 <= policy.validity_days <= 90 and 1 <= policy.pause_days <= 60 and 0 <= policy.cut_off_hour <= 23):
        raise UsageError(
            N_("A policy bound is out of range"),
            expected="validity_days 1-90, pause_days 1-60, cut_off_hour 0-23",
            found=f"{policy.validity_days}, {policy.pause_days}, {policy.cut_off_hour}",
        )
    return policy
