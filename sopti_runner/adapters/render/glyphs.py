"""Characters that the fonts inside the Typst wheel can show; every other becomes a visible U+FFFD.

PDF/A forbids text without a glyph, so a single emoji in a request would otherwise stop the page that approves it.
"""

from __future__ import annotations

import unicodedata
from typing import Any

SHOWN = (
    (0x20, 0x7E),  # Basic Latin
    (0xA0, 0x2FF),  # Latin with marks, phonetic letters
    (0x370, 0x4FF),  # Greek, Cyrillic
    (0x1E00, 0x1EFF),  # Latin with more marks
    (0x2010, 0x2040),  # dashes, quotes, bullets
    (0x20A0, 0x20C0),  # currencies
    (0x2190, 0x22FF),  # arrows, mathematics
    (0x2500, 0x25FF),  # lines, boxes
)
REPLACED = "\N{REPLACEMENT CHARACTER}"
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Mn", "Mc", "Me", "Zl", "Zp"})


def displayable(value: Any) -> Any:
    """Give a JSON value whose texts hold displayable characters only; letters and their marks are joined first."""
    if isinstance(value, str):
        return "".join(c if _shown(c) else REPLACED for c in unicodedata.normalize("NFC", value))
    if isinstance(value, dict):
        return {key: displayable(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [displayable(held) for held in value]
    return value


def _shown(char: str) -> bool:
    if unicodedata.category(char) in _UNSEEN:
        return char == "\n"
    return any(first <= ord(char) <= last for first, last in SHOWN)
