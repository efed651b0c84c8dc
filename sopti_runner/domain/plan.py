"""A plan: what a playbook would do, host by host and task by task, sealed by one digest.

The rule this module keeps:

- The digest is over what decides the effect and nothing else: no times, temporary paths or chatter, so that the same
  inputs give the same digest and any other input gives another.
- Any ``failed`` record makes the plan unapprovable: what follows a failed task can't be foretold.
- ``opaque`` records are shown as what they are: "runs exactly this, not checked for drift".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import rfc8785


class RecordClass(StrEnum):
    """What check mode could say of one task on one host."""

    SAME = "same"
    CHANGE = "change"
    OPAQUE = "opaque"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ObjectState:
    """One object a task touches, as its observer on the host digests it.

    Attributes:
        object: ``kind:key``, for example ``file:/etc/motd``, ``package:nftables``, ``unit:ssh.service``,
            ``nft:inet sopti``.
        before: HMAC-SHA-256 (64 hex digits) of what the observer saw when the plan was made.
        seen: The same in a short form for a person (``file root:root 0644 sha256:3f…``); shown, not part of the digest.
    """

    object: str
    before: str
    seen: str = ""


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """One task, loop item included, on one host.

    Attributes:
        host: Inventory name.
        ordinal: Position among the records of this host, from 0.
        task: ``file:line`` of the task inside the snapshot, ``/``-separated, relative.
        name: The task's name as written.
        module: Fully qualified name of the action.
        item: Loop label HMAC, or empty.
        args: HMAC of the rendered arguments, 64 hex digits.
        kind: What check mode predicts.
        objects: What it touches, sorted; empty when there is no observer.
        before: HMAC of the diff's ``before``, or empty.
        after: HMAC of the diff's ``after``, or empty.
        reads: The task really ran while planning, because its content says that it only reads (``check_mode: false``
            with ``changed_when: false``); nobody checks that it does not write.
        diff: Readable unified diff with secrets masked; shown, not part of the digest.
        detail: A failed record's message; shown, not part of the digest.
    """

    host: str
    ordinal: int
    task: str
    name: str
    module: str
    item: str
    args: str
    kind: RecordClass
    objects: tuple[ObjectState, ...] = ()
    before: str = ""
    after: str = ""
    reads: bool = False
    diff: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, complete.

    Attributes:
        playbook: Name without folder and ending, for example ``configure-firewall``.
        snapshot: Relative path → SHA-256 (hex, with ``x:`` before it when the file is executable) of each sealed file.
        inventory: SHA-256 (hex) of the evaluated inventory's canonical JSON.
        variables: Accepted extra variables, as given and checked.
        hosts: Inventory names in the plan, sorted.
        tags: Tags given, sorted.
        engine: ``{"ansible-core": …, "jinja2": …, "python": …, "sopti": …}``.
        host_keys: Host → SHA-256 fingerprint of its pinned key (``SHA256:…``).
        hmac_key_id: First 16 hex digits of SHA-256 of the installation's HMAC key.
        records: Sorted by host, then ordinal.
    """

    playbook: str
    snapshot: Mapping[str, str]
    inventory: str
    variables: Mapping[str, Any]
    hosts: tuple[str, ...]
    tags: tuple[str, ...]
    engine: Mapping[str, str]
    host_keys: Mapping[str, str]
    hmac_key_id: str
    records: tuple[PlanRecord, ...]

    @property
    def failed(self) -> tuple[PlanRecord, ...]:
        """The records that make this plan unapprovable."""
        return tuple(r for r in self.records if r.kind is RecordClass.FAILED)

    def of(self, kind: RecordClass) -> tuple[PlanRecord, ...]:
        """The records of one class, in order."""
        return tuple(r for r in self.records if r.kind is kind)


def sealed(plan: Plan) -> dict[str, Any]:
    """Give what the digest covers, as a JSON value; ``plan_digest = SHA-256(RFC 8785(sealed(plan)))``."""
    return {
        "v": 1,
        "playbook": plan.playbook,
        "snapshot": dict(plan.snapshot),
        "inventory": plan.inventory,
        "vars": dict(plan.variables),
        "limit": list(plan.hosts),
        "tags": list(plan.tags),
        "engine": dict(plan.engine),
        "host_keys": dict(plan.host_keys),
        "hmac_key_id": plan.hmac_key_id,
        "records": [
            {
                "host": r.host,
                "ordinal": r.ordinal,
                "task": r.task,
                "module": r.module,
                "item": r.item,
                "args": r.args,
                "kind": r.kind.value,
                "objects": [{"object": o.object, "before": o.before} for o in r.objects],
                "before": r.before,
                "after": r.after,
                "reads": r.reads,
            }
            for r in plan.records
        ],
    }


def plan_digest(plan: Plan) -> bytes:
    """Give the 32 bytes an approval is bound to: SHA-256 over RFC 8785 of ``sealed(plan)``.

    Records are put in their order (host, then ordinal) first, so that the order in which hosts answered can't matter.
    """
    value = sealed(plan)
    value["records"].sort(key=lambda r: (r["host"], r["ordinal"]))
    return hashlib.sha256(rfc8785.dumps(value)).digest()


def encode_plan(plan: Plan) -> bytes:
    """Give the whole plan, what is only shown included, as UTF-8 JSON for keeping as a blob."""
    return json.dumps({"v": 1, **asdict(plan)}, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def decode_plan(content: bytes) -> Plan:
    """Read what ``encode_plan`` wrote; ValueError, KeyError or TypeError when it is anything else."""
    value = json.loads(content)
    if value.pop("v") != 1:
        raise ValueError("a plan of another version")
    records = tuple(
        PlanRecord(
            **{
                **record,
                "kind": RecordClass(record["kind"]),
                "objects": tuple(ObjectState(**state) for state in record["objects"]),
            }
        )
        for record in value.pop("records")
    )
    hosts, tags = tuple(value.pop("hosts")), tuple(value.pop("tags"))
    return Plan(**value, hosts=hosts, tags=tags, records=records)
