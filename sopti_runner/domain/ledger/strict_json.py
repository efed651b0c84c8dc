"""Reading JSON so that two readers can't disagree about what it says.

The rule this module keeps: what RFC 8785 would never have written is refused, not mended. Python's own reader keeps
the last of two equal keys, and accepts floats, NaN, lone surrogates and integers that other languages round.
"""

from __future__ import annotations

import json
from typing import Any

MAX_INTEGER = 2**53 - 1  # RFC 8785 section 3.2.2.3: beyond it a reader with IEEE 754 numbers rounds


def read_json(text: bytes) -> Any:
    """Give the JSON value of UTF-8 bytes.

    Raises:
        ValueError: In words for a person: not UTF-8, not JSON, a line break, a duplicate key, a float, an integer
            outside ±(2^53 - 1), NaN or infinity, a lone surrogate, or nesting deeper than Python can follow.
    """
    if b"\n" in text or b"\r" in text:
        raise ValueError("it holds a raw line break")
    try:
        value = _decode(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON at character {error.pos}: {error.msg}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if b"\\u" in text:
        _refuse_surrogates(value)
    return value


def _refuse_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("it holds a lone surrogate") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice")
    return value


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise ValueError(f"the integer {text[:24]} is outside ±(2^53 - 1)")
    return int(text)


def _refuse_number(text: str) -> Any:
    raise ValueError(f"the number {text} is not an integer")


_decode = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_refuse_number, parse_int=_integer, parse_constant=_refuse_number
).decode
