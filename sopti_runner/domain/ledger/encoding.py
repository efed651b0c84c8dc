"""Writing events: a draft becomes exact bytes, once.

The rule this module keeps: RFC 8785 and nothing else. Values that readers of other languages could read otherwise
(floats, integers outside ±(2^53 - 1), lone surrogates) are refused while nothing is stored yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import rfc8785

from sopti_runner.domain.ledger.event import MAX_BODY_BYTES, VERSION, BlobRef, Draft, Event, blob_digest, event_from
from sopti_runner.domain.ledger.strict_json import MAX_INTEGER
from sopti_runner.errors import N_, SoptiError


def canonical(value: Any) -> bytes:
    """Give RFC 8785 bytes of a JSON value; tuples are lists, enums of text or integers are their values.

    With ASCII keys and no floats Python's own writer gives the same bytes four times faster (a property test holds
    both against each other); any other key goes through ``rfc8785``, which sorts by UTF-16 code units.

    Raises:
        ValueError: A value that can't be written so that every reader agrees; says where.
    """
    return _bytes(*_plain(value, "$"))


def _bytes(plain: Any, ascii_keys: bool) -> bytes:
    if not ascii_keys:
        return rfc8785.dumps(plain)
    try:
        return _write(plain).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("a text holds a lone surrogate") from None


_write = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode


def _plain(value: Any, where: str) -> tuple[Any, bool]:
    """Give the value as plain dicts, lists, texts and integers, and whether all its keys are ASCII."""
    if type(value) is str or value is None or value is True or value is False:
        return value, True
    if isinstance(value, str):
        return str.__str__(value), True
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ValueError(f"{where} is an integer outside ±(2^53 - 1)")
        return int(value), True
    if isinstance(value, Mapping):
        return _plain_object(value, where)
    if isinstance(value, (list, tuple)):
        items = [_plain(item, where) for item in value]
        return [item for item, _ in items], all(ascii_keys for _, ascii_keys in items)
    raise ValueError(f"{where} is {type(value).__name__}, which an event can't hold")


def _plain_object(value: Mapping[Any, Any], where: str) -> tuple[dict[str, Any], bool]:
    plain, all_ascii = {}, True
    for key, item in value.items():
        if not isinstance(key, str):
            raise ValueError(f"{where} has a key that is not text")
        plain[str.__str__(key)], ascii_keys = _plain(item, f"{where}.{key}")
        all_ascii = all_ascii and ascii_keys and key.isascii()
    return plain, all_ascii


def blob_refs(draft: Draft) -> tuple[BlobRef, ...]:
    """Give the references that the body of this draft holds, in the draft's order."""
    return tuple(BlobRef(blob.name, blob_digest(blob), len(blob.content)) for blob in draft.blobs)


def encode(draft: Draft, *, log: str, seq: int, prev: bytes, time: datetime, boot: str, mono: int) -> bytes:
    """Give the exact bytes of an event in its place.

    Args:
        draft: What happened.
        log: The log's origin.
        seq: Its position, from 0.
        prev: Leaf of the event before, 32 bytes; ``ZERO_LEAF`` at 0.
        time: Aware; stored in UTC with six digits of a second.
        boot: Boot id of the writer's machine.
        mono: Microseconds since boot.

    Raises:
        SoptiError: The draft holds what an event can't hold; nothing was stored.
    """
    return place(draft, log=log, seq=seq, prev=prev, time=time, boot=boot, mono=mono).body


def place(draft: Draft, *, log: str, seq: int, prev: bytes, time: datetime, boot: str, mono: int) -> Event:
    """Give the event of a draft in its place, body included; arguments and errors as ``encode``."""
    try:
        value, ascii_keys = _plain(
            {
                "v": VERSION,
                "log": log,
                "seq": seq,
                "prev": prev.hex(),
                "id": draft.id,
                "time": utc_text(time),
                "boot": boot,
                "mono": mono,
                "type": draft.type,
                "subject": draft.subject,
                "actor": {
                    "person": draft.actor.person,
                    "capacity": draft.actor.capacity,
                    "credential": draft.actor.credential,
                },
                "data": draft.data,
                "blobs": [{"name": r.name, "sha256": r.digest.hex(), "size": r.size} for r in blob_refs(draft)],
            },
            "$",
        )
        body = _bytes(value, ascii_keys)
        if len(body) > MAX_BODY_BYTES:
            raise ValueError(f"it needs {len(body)} bytes, more than {MAX_BODY_BYTES}; long texts are blobs")
        return event_from(value, body)
    except ValueError as error:
        raise SoptiError(
            N_("an event can't be written: {why}"), on=f"{draft.type} {draft.id}", why=str(error)
        ) from error


def utc_text(time: datetime) -> str:
    """Give an aware time as the ledger writes it: ``2026-11-22T07:00:00.123456Z``; ValueError for a naive one."""
    if time.tzinfo is None:
        raise ValueError("the time has no zone")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
