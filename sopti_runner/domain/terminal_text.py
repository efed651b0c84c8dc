"""What a terminal showed, made safe to show once more on another terminal.

The rule this module keeps: colours, cursor moves and clearing pass; whatever a terminal would answer, keep or put
elsewhere (titles, clipboards, questions for its state, strings for its devices) does not.
"""

from __future__ import annotations

import re

_MOVES = "ABCDEFGHJKLMPSTXZ@`abdefhlmrsu"
_ESCAPE = re.compile(
    r"\x1b\[(?P<given>[0-9;?]*)(?P<final>[@-~])"  # control sequence
    r"|\x1b\[[ -?]*[@-~]"  # one with other parameters
    r"|\x1b[PX\]^_].*?(?:\x07|\x1b\\)"  # strings: device, title, clipboard
    r"|\x1b[ -/]*[0-~]"  # two characters, and character sets
    r"|[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f\x80-\x9f]",
    re.DOTALL,
)
_UNFINISHED = re.compile(r"\x1b(?:\[[ -?]*|[PX\]^_].*|[ -/]*)\Z", re.DOTALL)
_LONGEST = 4096


class Replay:
    """Cleans the pieces of one recording, in order; a sequence may be torn between two of them."""

    def __init__(self) -> None:
        self._torn = ""

    def clean(self, piece: str) -> str:
        """Give what may be shown of a piece."""
        text = self._torn + piece
        torn = _UNFINISHED.search(text)
        self._torn = text[torn.start() :] if torn and len(text) - torn.start() < _LONGEST else ""
        return _ESCAPE.sub(_kept, text[: len(text) - len(self._torn)]).replace("\x1b", "")


def _kept(found: re.Match[str]) -> str:
    return found[0] if found["final"] and found["final"] in _MOVES else ""
