"""What a terminal showed, made safe to show once more on another terminal.

The rule this module keeps: colours, cursor moves and clearing pass; whatever a terminal would answer, keep or put
elsewhere (titles, clipboards, questions for its state, strings for its devices) does not.
"""

from __future__ import annotations

import re

_MOVES = r"[ABCDEFGHJKLMPSTXZ@`abdefhlmrsu]"
_CONTROLS = r"\x00-\x07\x0e-\x1a\x1c-\x1f\x7f-\x9f"
_PART = re.compile(
    rf"(?P<shown>\x1b\[[0-9;?]*{_MOVES}|[^\x1b{_CONTROLS}]+)"
    r"|\x1b\[[ -?]*[@-~]"  # any other control sequence
    r"|\x1b[PX\]^_].*?(?:\x07|\x1b\\)"  # strings: device, title, clipboard
    r"|(?P<torn>\x1b(?:\[[ -?]*|[PX\]^_].*|[ -/]*)\Z)"
    r"|\x1b[ -/]*[0-~]"  # two characters, and character sets
    rf"|[\x1b{_CONTROLS}]",
    re.DOTALL,
)
_LONGEST = 4096


class Replay:
    """Cleans the pieces of one recording, in order; a sequence may be torn between two of them."""

    def __init__(self) -> None:
        self._torn = ""

    def clean(self, piece: str) -> str:
        """Give what may be shown of a piece; a sequence without an end is dropped when it gets too long."""
        text, self._torn = self._torn + piece, ""
        shown = []
        for part in _PART.finditer(text):
            shown.append(part["shown"] or "")
            if part["torn"] and len(part["torn"]) < _LONGEST:
                self._torn = part["torn"]
        return "".join(shown)
