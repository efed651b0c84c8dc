"""Runs: one execution of a playbook under one approval, and what it left on each host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sopti_runner.domain.ledger.event import Event

CHANGED, UNCHANGED, FAILED, UNREACHABLE, NOT_STARTED, UNKNOWN = (
    "changed",
    "unchanged",
    "failed",
    "unreachable",
    "not_started",
    "unknown",
)
GOOD = frozenset({CHANGED, UNCHANGED})

PID_NAMESPACE, USER_NAMESPACE, PARENT_DEATH = "pid_namespace", "user_namespace", "parent_death"
CONTAINMENTS = (PID_NAMESPACE, USER_NAMESPACE, PARENT_DEATH)
"""What ends all processes of a run with its runner, strongest first: a PID namespace, one within a user namespace (for
who is not root), or only Linux's word to each process that its parent died."""

RUNNING, DONE, PARTIAL, INTERRUPTED = "running", "done", "partial", "interrupted"


@dataclass(frozen=True, slots=True)
class Run:
    """A run as folded from its events.

    Attributes:
        started_at: Aware UTC.
        ended_at: Aware UTC, or None while its end is not recorded.
        outcome: ``running | done | partial | failed | interrupted``.
        hosts: Host → ``changed | unchanged | failed | unreachable | not_started | unknown``.
        stopped: A person stopped it before its end.
        cancelled_by: Who asked for that by an act of theirs; empty when nobody did (a signal at the runner's terminal).
        containment: One of ``CONTAINMENTS``, empty for a run of which the ledger does not say.
    """

    id: str
    request: str
    approval: str
    plan: str
    executor: str
    started_at: datetime
    seq: int
    outcome: str = RUNNING
    ended_at: datetime | None = None
    hosts: Mapping[str, str] | None = None
    stopped: bool = False
    cancelled_by: str = ""
    containment: str = ""


def started(event: Event) -> Run:
    """Give the run that a ``run.started`` event begins; what it leaves on its hosts is unknown until its end."""
    data = event.data
    return Run(
        event.id,
        event.subject,
        data.get("approval", ""),
        data["plan"],
        event.actor.person,
        event.time,
        event.seq,
        hosts=dict.fromkeys(data["hosts"], UNKNOWN),
        containment=data.get("containment", ""),
    )


def outcome_of(hosts: Mapping[str, str], *, stopped: bool = False) -> str:
    """Give the outcome of a run from what it left on each host, and whether a person stopped it.

    ``done``: every host is good; ``interrupted``: any host is unknown, or a person stopped it; ``failed``: no host is
    good; else ``partial``.
    """
    states = set(hosts.values())
    if states <= GOOD and states:
        return DONE
    if stopped or UNKNOWN in states:
        return INTERRUPTED
    return PARTIAL if states & GOOD else FAILED


def leases(runs: Iterable[Run]) -> dict[str, str]:
    """Give host → id of the run that has it: a run has all its hosts from its start until its end is recorded."""
    return {host: run.id for run in runs if run.outcome == RUNNING for host in run.hosts or {}}
