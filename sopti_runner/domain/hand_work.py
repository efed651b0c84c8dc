"""Work by hand: a run whose engine is a person at a recorded terminal.

The rules this module keeps:

- Such a plan is carried out by a person, and no other plan is; nothing is carried out in both ways.
- What changed on the host is the difference of two looks, one before and one after; what no look covers is not told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sopti_runner.domain.ledger.event import BlobRef, Event
from sopti_runner.domain.plan import Plan, PlanRecord, RecordClass
from sopti_runner.domain.reason import Reason
from sopti_runner.errors import N_

PLAYBOOK, MODULE = "work-by-hand", "sopti.core.work_by_hand"
OPEN, APPLY = "sopti session open", "sopti apply"
CHANGES = "changes"
"""Name of the text that lists what changed."""

LEFT, TIME, STOPPED, CUT, UNRECORDED = "left", "time", "stopped", "cut", "unrecorded"
ENDS = (LEFT, TIME, STOPPED, CUT, UNRECORDED)
"""How a person's work ended: they left; the time was over; it was stopped; the connection or sopti itself died; or the
recording could not be written any more."""


@dataclass(frozen=True, slots=True)
class HandWork:
    """What a plan lets a person do.

    Attributes:
        record: The plan's record that stands for it.
        what: In the words of whoever planned it.
        minutes: How long at most.
        expected: Objects expected to change; one that ends in ``*`` stands for all that begin so.
    """

    host: str
    record: PlanRecord
    what: str
    minutes: int
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look at a whole host saw.

    Attributes:
        objects: ``kind:key`` → its state in a short form.
        left_out: What could not be looked at in full, in English words of the program on the host.
        cut: Not every file was reached, so that one that is not told may be there all the same.
    """

    objects: Mapping[str, str]
    left_out: tuple[str, ...] = ()
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One object that was another after the work.

    Attributes:
        before: Short form, empty when it was not there.
        after: Short form, empty when it is not there any more.
        expected: The plan said that it would change.
    """

    object: str
    before: str
    after: str
    expected: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """All that changed between two looks.

    Attributes:
        listed: Sorted by object.
        left_out: What the looks did not cover in full.
    """

    listed: tuple[Change, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """A person's work by hand as the ledger tells of it.

    Attributes:
        end: One of ``ENDS``.
        exit: Exit code of ssh, or None.
        recording: SHA-256 (hex) of the recording, empty when it was lost.
        size_bytes: Of the recording.
        changed: How many objects changed, None when nobody could look.
        unexpected: How many of them the plan did not expect.
        changes: The list of them.
    """

    run: str
    host: str
    person: str
    began_at: datetime
    ended_at: datetime
    end: str
    exit: int | None
    recording: str
    size_bytes: int
    changed: int | None
    unexpected: int
    changes: BlobRef | None
    seq: int


def hand_work(plan: Plan) -> HandWork | None:
    """Give what a plan lets a person do, None for any plan that is not wholly such."""
    acting = [r for r in plan.records if r.kind is not RecordClass.SAME]
    if plan.playbook != PLAYBOOK or len(plan.hosts) != 1 or [r.module for r in acting] != [MODULE]:
        return None
    given = plan.variables
    what, minutes = given.get("work_by_hand_what"), given.get("work_by_hand_minutes")
    if not isinstance(what, str) or not isinstance(minutes, int):
        return None
    expected = tuple(str(each) for each in given.get("work_by_hand_expected", ()))
    return HandWork(plan.hosts[0], acting[0], what, minutes, expected)


def not_by_machine(plan: Plan) -> tuple[Reason, ...]:
    """Give why a plan is not carried out by a playbook's run: a person is to do it."""
    if all(record.module != MODULE for record in plan.records):
        return ()
    return (Reason("by_hand", N_("This plan is carried out by a person: {command}"), {"command": OPEN}),)


def not_by_hand(plan: Plan, host: str, *, by_certificate: bool) -> tuple[Reason, ...]:
    """Give why a person may not carry out a plan on a host.

    Args:
        plan: What was approved.
        host: Where they want to work.
        by_certificate: The host took a certificate when it was last tried.
    """
    work = hand_work(plan)
    if work is None:
        text = N_("This plan is not one of work by hand; it is carried out by: {command}")
        return (Reason("not_by_hand", text, {"command": APPLY}),)
    reasons = []
    if work.host != host:
        text = N_("The plan is for {planned}, not for {host}")
        reasons.append(Reason("other_host", text, {"planned": work.host, "host": host}))
    elif not by_certificate:
        text = N_("{host} does not take certificates yet; carry out {playbook} on it first, then sopti access check")
        reasons.append(Reason("no_certificate", text, {"host": host, "playbook": "set-ssh-access"}))
    return tuple(reasons)


def changes(before: Seen, after: Seen, expected: Sequence[str] = ()) -> Changes:
    """Give what changed between two looks; of files that one of them did not reach nothing is said."""
    names = before.objects.keys() | after.objects.keys()
    if before.cut or after.cut:
        both = before.objects.keys() & after.objects.keys()
        names = {name for name in names if name in both or not name.startswith("file:")}
    pairs = ((name, before.objects.get(name, ""), after.objects.get(name, "")) for name in sorted(names))
    listed = tuple(Change(name, was, now, _fits(name, expected)) for name, was, now in pairs if was != now)
    return Changes(listed, tuple(dict.fromkeys((*before.left_out, *after.left_out))))


def _fits(name: str, expected: Sequence[str]) -> bool:
    return any(name.startswith(each[:-1]) if each.endswith("*") else name == each for each in expected)


def encode_changes(found: Changes) -> bytes:
    """Give the list as UTF-8 JSON for keeping as a blob."""
    return json.dumps({"v": 1, **asdict(found)}, ensure_ascii=False).encode()


def decode_changes(content: bytes) -> Changes:
    """Read what ``encode_changes`` wrote; ValueError, KeyError or TypeError when it is anything else."""
    value = json.loads(content)
    if value["v"] != 1:
        raise ValueError("a list of another version")
    return Changes(tuple(Change(**each) for each in value["listed"]), tuple(value["left_out"]))


def recorded(event: Event) -> Session:
    """Give the session that a ``session.recorded`` event tells of."""
    data = event.data
    if data["end"] not in ENDS:
        raise ValueError(f"a session can't end like this: {data['end']}")
    return Session(
        run=data["run"],
        host=data["host"],
        person=data["person"],
        began_at=datetime.fromisoformat(data["began"]),
        ended_at=datetime.fromisoformat(data["ended"]),
        end=data["end"],
        exit=data["exit"],
        recording=data["recording"],
        size_bytes=data["bytes"],
        changed=data["changed"],
        unexpected=data["unexpected"],
        changes=next((b for b in event.blobs if b.name == CHANGES), None),
        seq=event.seq,
    )
