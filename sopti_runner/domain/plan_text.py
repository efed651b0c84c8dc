"""The full plan as an expert reads it: like a good pull request, host by host and task by task.

Lines of a diff keep their ``+`` and ``-`` so that a terminal can colour them. Nothing here is digested; the plan is.
"""

from __future__ import annotations

from collections.abc import Iterable

from sopti_runner.domain.plain import one_line, visible
from sopti_runner.domain.plan import Plan, PlanRecord, RecordClass
from sopti_runner.domain.statement import short_code
from sopti_runner.domain.words import Words
from sopti_runner.errors import N_

MARKS = {RecordClass.CHANGE: "~", RecordClass.OPAQUE: "?", RecordClass.FAILED: "!"}
OPAQUE_REASON = N_("not predictable: {module} has no observer; it runs exactly as planned, its result is not checked")


def plan_text(plan: Plan, digest: str, words: Words) -> str:
    """Give the plan as plain text: a summary, then each host's tasks with their diffs, unchanged ones counted only.

    Args:
        plan: What would be done.
        digest: The plan digest, 64 hex digits.
        words: Language of labels; task names and diffs stay as they are.
    """
    lines = list(_summary(plan, digest, words))
    for host in plan.hosts:
        lines += ["", *_host(host, [r for r in plan.records if r.host == host], words)]
    return "\n".join(lines) + "\n"


def _summary(plan: Plan, digest: str, words: Words) -> Iterable[str]:
    yield words("Plan {code} of {playbook}", code=short_code(digest), playbook=plan.playbook)
    yield f"SHA-256 {digest}"
    yield words(
        "Hosts: {hosts}. Tasks: {change} to change, {opaque} not predictable, {failed} failed, {same} already right.",
        hosts=len(plan.hosts),
        **{kind.value: len(plan.of(kind)) for kind in RecordClass},
    )
    if plan.failed:
        yield words("This plan can't be approved: a task failed. Put right what it says below, then plan again.")
    for name, value in sorted(plan.variables.items()):
        yield f"  {one_line(name)} = {one_line(str(value))}"
    engine = ", ".join(f"{name} {version}" for name, version in sorted(plan.engine.items()))
    yield words("Sealed files: {files}; {engine}", files=len(plan.snapshot), engine=engine)


def _host(host: str, records: list[PlanRecord], words: Words) -> Iterable[str]:
    same = sum(r.kind is RecordClass.SAME for r in records)
    yield f"{one_line(host)} " + "-" * max(4, 76 - len(host))
    for record in records:
        if record.kind is not RecordClass.SAME:
            yield from _task(record, words)
    if same == len(records):
        yield words("  no change; tasks already right: {count}", count=same)
    elif same:
        yield words("  = tasks already right: {count}", count=same)


def _task(record: PlanRecord, words: Words) -> Iterable[str]:
    yield f"  {MARKS[record.kind]} {one_line(record.name or record.module)}"
    yield f"      {one_line(record.task)}  [{record.module}]"
    for state in record.objects:
        yield f"      {one_line(state.object)}"
    if record.kind is RecordClass.OPAQUE:
        yield "      " + words(OPAQUE_REASON, module=record.module)
    if record.kind is RecordClass.FAILED:
        yield "      " + words("failed: {detail}", detail=one_line(record.detail) or "–")
    for line in record.diff.splitlines():
        yield "      " + visible(line)
