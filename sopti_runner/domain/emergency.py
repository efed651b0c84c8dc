"""Emergency changes as values: what a decree allows beforehand, and what somebody must answer for afterwards.

The rule this module keeps: there are no emergency changes until a decree is registered; each act must be ratified, and
one that waits, was refused, or was ratified late stays an exception in every recap, the last two for good.

Source: SOP row D1 ("tindakan pencegahan") and the chair's decree; ITIL 4 emergency change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sopti_runner.domain.host_name import require_name
from sopti_runner.errors import N_

MAX_HOURS = 72
"""Longest time a plan made in an emergency may wait for its run, in hours."""

MAX_DAYS = 366
"""Longest period of one decree, in days: who may act without approval is decided anew every year."""

MAX_LISTED = 200
_MODEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Verdict(StrEnum):
    """What an official said of an emergency act afterwards."""

    WAITING = "waiting"
    RATIFIED = "ratified"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Decree:
    """What the chair's decree allows without approval beforehand.

    Attributes:
        id: Id of the proposal that registered it.
        models: Change models (playbooks) that may be applied.
        offices: Offices whose holders may apply them.
        hosts: The only hosts, or empty for all that the change models allow.
        hours: How long a plan made under it may wait for its run.
        first: First day in the court's zone.
        last: Last day in the court's zone.
        confirmed_by: Person whose signature put it in force; never acts by it.
        ended: Whether it was ended before its last day.
    """

    id: str
    models: tuple[str, ...]
    offices: tuple[str, ...]
    hosts: tuple[str, ...]
    hours: int
    first: date
    last: date
    confirmed_by: str
    ended: bool = False

    def in_force(self, today: date) -> bool:
        """Tell whether it counts on a day of the court's zone."""
        return not self.ended and self.first <= today <= self.last


@dataclass(frozen=True, slots=True)
class Emergency:
    """The emergency behind a request, and how it was answered for.

    Attributes:
        decree: Id of the decree it rests on; empty for an act by hand that no decree was in force for.
        persons: Who declared, did or recorded it; none of them ratifies.
        seq: Event that made it an act: the start of the run, or the record; -1 before.
        done_at: When it was done, aware UTC; None while it is only declared.
        due: Last day for the ratification, in the court's zone.
        late: Working days by which the answer came late.
        answered: Event of the ratification or refusal, or -1.
    """

    decree: str
    persons: tuple[str, ...]
    seq: int = -1
    done_at: datetime | None = None
    due: date | None = None
    verdict: Verdict = Verdict.WAITING
    late: int = 0
    answered: int = -1

    @property
    def may_start(self) -> bool:
        """Whether its one run by the decree is still to come; whatever follows that run needs an approval."""
        return self.done_at is None

    @property
    def waits(self) -> bool:
        """Whether it was done and nobody has answered for it yet."""
        return self.done_at is not None and self.verdict is Verdict.WAITING

    @property
    def exception(self) -> bool:
        """Whether recaps must name it: it waits, was refused, or was ratified late."""
        return self.waits or self.verdict is Verdict.REFUSED or self.late > 0


def check_decree(data: Mapping[str, Any], offices: tuple[str, ...]) -> None:
    """Check a decree's data as a proposal carries it; ValueError, TypeError or UsageError when it can't be."""
    _check_names(data["models"], _MODEL)
    _check_names(data["offices"], _MODEL)
    if not data["models"] or not data["offices"]:
        raise ValueError(N_("a decree names at least one change model and one office"))
    if not set(data["offices"]) <= set(offices):
        raise ValueError(N_("a decree names offices that this court has"))
    _check_hosts(data["hosts"])
    if type(data["hours"]) is not int or not 1 <= data["hours"] <= MAX_HOURS:
        raise ValueError(N_("a plan under a decree waits 1 to 72 hours"))
    first, last = date.fromisoformat(data["first"]), date.fromisoformat(data["last"])
    if not timedelta(0) <= last - first < timedelta(days=MAX_DAYS):
        raise ValueError(N_("a decree counts for 1 to 366 days"))


def decree_from(ident: str, data: Mapping[str, Any], confirmed_by: str) -> Decree:
    """Read a decree from a confirmed proposal's data."""
    return Decree(
        ident,
        tuple(data["models"]),
        tuple(data["offices"]),
        tuple(data["hosts"]),
        data["hours"],
        date.fromisoformat(data["first"]),
        date.fromisoformat(data["last"]),
        confirmed_by,
    )


def check_record(data: Mapping[str, Any], now: datetime) -> None:
    """Check what the record of an act by hand says; ValueError, TypeError, KeyError or UsageError when it can't be.

    Args:
        data: ``acted`` (person id or empty), ``done_at`` (RFC 3339 with zone), ``hosts``, ``evidence`` (SHA-256 or
            empty).
        now: Aware UTC; nobody records what is still to come.
    """
    if not isinstance(data["acted"], str):
        raise ValueError(N_("who acted is a person id, or empty"))
    done = datetime.fromisoformat(data["done_at"])
    if done.tzinfo is None or not timedelta(0) <= now - done <= timedelta(days=MAX_DAYS):
        raise ValueError(N_("the act lies in the past, at most 366 days back, and its time has a zone"))
    _check_hosts(data["hosts"])
    if not data["hosts"]:
        raise ValueError(N_("an act names the hosts it touched"))
    if not isinstance(data["evidence"], str) or (data["evidence"] and not _DIGEST.fullmatch(data["evidence"])):
        raise ValueError(N_("evidence is named by its SHA-256, 64 hex digits"))


def check_end(data: Mapping[str, Any]) -> None:
    """Check what ends a decree; ValueError when it names none."""
    if not isinstance(data["decree"], str) or not _ID.fullmatch(data["decree"]):
        raise ValueError(N_("a decree is named by its id"))


def _check_hosts(names: Any) -> None:
    _check_names(names, re.compile(".+"))
    for name in names:
        require_name(name)


def _check_names(names: Any, pattern: re.Pattern[str]) -> None:
    if not isinstance(names, list) or not all(isinstance(n, str) and pattern.fullmatch(n) for n in names):
        raise ValueError(N_("models, offices and hosts are lists of names"))
    if names != sorted(set(names)) or len(names) > MAX_LISTED:
        raise ValueError(N_("models, offices and hosts are sorted, each once, at most 200"))
