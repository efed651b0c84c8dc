"""Text that other people wrote, made safe to show: no control, no hidden direction, no line of its own making.

A requester could otherwise write a line that reads like a part of the page an official signs.
"""

from __future__ import annotations

import textwrap
import unicodedata

_SHOWN = "\N{REPLACEMENT CHARACTER}"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def visible(text: str) -> str:
    """Give one line of text with its spaces: tabs expanded, control and direction characters shown as U+FFFD."""
    return "".join(_SHOWN if unicodedata.category(c) in _HIDDEN else c for c in text.expandtabs(4))


def one_line(text: str) -> str:
    """Give the text on one line: white space collapsed, control and direction characters shown as U+FFFD."""
    return visible(" ".join(text.split()))


def bare_name(text: str) -> str:
    """Give what two spellings of one name have in common: its letters and digits alone, without case and width."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def shortened(text: str, length: int) -> str:
    """Give one line of at most ``length`` characters, cut at a word where possible, ending in an ellipsis when cut."""
    line = one_line(text)
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[length // 2 :] else cut).rstrip() + "…"


def middle_cut(text: str, length: int) -> str:
    """Give one line of at most ``length`` characters, cut in the middle: names of hosts differ at their ends."""
    line = one_line(text)
    tail = (length - 1) // 2
    return line if len(line) <= length else f"{line[: length - 1 - tail]}…{line[-tail:]}"


def wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Give the text in lines of at most ``width`` characters, with ``first`` and ``rest`` before them."""
    return textwrap.wrap(
        one_line(text), width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    ) or [first.rstrip()]
