"""Runs: one execution of a playbook under one approval, and what it left on each host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

CHANGED, UNCHANGED, FAILED, UNREACHABLE, NOT_STARTED, UNKNOWN = (
    "changed",
    "unchanged",
    "failed",
    "unreachable",
    "not_started",
    "unknown",
)
GOOD = frozenset({CHANGED, UNCHANGED})


@dataclass(frozen=True, slots=True)
class Run:
    """A run as folded from its events.

    Attributes:
        outcome: ``running | done | partial | failed | interrupted``.
        hosts: Host → ``changed | unchanged | failed | unreachable | not_started | unknown``.
        stopped: A person stopped it before its end.
    """

    id: str
    request: str
    approval: str
    plan: str
    executor: str
    started_at: datetime
    seq: int
    outcome: str = "running"
    ended_at: datetime | None = None
    hosts: Mapping[str, str] | None = None
    stopped: bool = False


def outcome_of(hosts: Mapping[str, str], *, stopped: bool = False) -> str:
    """Give the outcome of a run from what it left on each host, and whether a person stopped it.

    ``done``: every host is good; ``interrupted``: any host is unknown, or a person stopped it; ``failed``: no host is
    good; else ``partial``.
    """
    states = set(hosts.values())
    if states <= GOOD and states:
        return "done"
    if stopped or UNKNOWN in states:
        return "interrupted"
    return "partial" if states & GOOD else "failed"
