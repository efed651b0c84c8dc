"""Identifiers made from a time and random bytes that the caller hands in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def uuid7(time: datetime, random: bytes) -> str:
    """Give a UUIDv7 (RFC 9562 section 5.7) as lower-case text.

    Args:
        time: Aware; its millisecond is the first 48 bits, so ids sort by time.
        random: 10 bytes; six bits of them give way to version and variant.

    Raises:
        ValueError: The time is naive or before 1970, or there are not 10 bytes.
    """
    if len(random) != 10:
        raise ValueError("uuid7 needs 10 random bytes")
    millisecond = (time - EPOCH) // timedelta(milliseconds=1) if time.tzinfo else -1
    if not 0 <= millisecond < 1 << 48:
        raise ValueError("uuid7 needs an aware time after 1970")
    tail = int.from_bytes(random, "big")
    high = millisecond << 16 | 0x7000 | tail >> 68
    low = 0b10 << 62 | tail & (1 << 62) - 1
    return str(UUID(int=high << 64 | low))
