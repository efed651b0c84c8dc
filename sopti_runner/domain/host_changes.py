"""What a plan does, host by host, in sentences for readers who are not technical."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sopti_runner.domain.plain import one_line
from sopti_runner.domain.plan import Plan, PlanRecord, RecordClass
from sopti_runner.domain.words import Words
from sopti_runner.errors import N_

OBJECT_WORDS = {
    "file": N_("File {name} is written or changed"),
    "package": N_("Software package {name} is installed, updated or removed"),
    "unit": N_("Service {name} is started, stopped or set"),
    "user": N_("User account {name} is made or changed"),
    "group": N_("User group {name} is made or changed"),
    "cron": N_("Timed job {name} is set or removed"),
    "nft": N_("Firewall rules in table {name} are changed"),
    "access": N_("The way in which sopti logs in is changed"),
}


@dataclass(frozen=True, slots=True)
class HostChanges:
    """What the plan does on one host.

    Attributes:
        changes: Predicted changes, in the plan's order.
        opaque: Tasks that run but can't be predicted.
        same: Number of tasks that find everything right already.
        failed: Number of tasks that failed in check mode; such a plan can't be approved.
    """

    host: str
    changes: tuple[PlanRecord, ...]
    opaque: tuple[PlanRecord, ...]
    same: int
    failed: int


def host_changes(plan: Plan) -> tuple[HostChanges, ...]:
    """Give what a plan does, host by host, every planned host once."""
    found = []
    for host in plan.hosts:
        records = [r for r in plan.records if r.host == host]
        kinds = {kind: tuple(r for r in records if r.kind is kind) for kind in RecordClass}
        found.append(
            HostChanges(
                host,
                kinds[RecordClass.CHANGE],
                kinds[RecordClass.OPAQUE],
                len(kinds[RecordClass.SAME]),
                len(kinds[RecordClass.FAILED]),
            )
        )
    return tuple(found)


def change_lines(words: Words, records: Iterable[PlanRecord]) -> list[str]:
    """Give a plain sentence for each object that changes, in order, each once; the task's name where none is known."""
    lines: dict[str, None] = {}
    for record in records:
        for state in record.objects:
            kind, _, name = state.object.partition(":")
            known = OBJECT_WORDS.get(kind)
            lines[words(known, name=one_line(name)) if known else one_line(state.object)] = None
        if not record.objects:
            lines[one_line(record.name or record.module)] = None
    return list(lines)
