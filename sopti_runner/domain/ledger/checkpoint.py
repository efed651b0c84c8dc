"""Checkpoints: what a log says about itself in three lines (c2sp.org/tlog-checkpoint).

The rule this module keeps: no extension lines are written or accepted. A time in a checkpoint proves nothing; time
comes from witnesses' cosignatures.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass

from sopti_runner.domain.ledger.note import NoteError, Signature, VerifierKey, open_note, split_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_ROOT = re.compile(r"[A-Za-z0-9+/]{43}=")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree size and its root hash, of one log.

    Attributes:
        origin: The log's name.
        size: Number of leaves.
        root: RFC 6962 root hash, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        """Give the text that is signed: origin, size, base64 of the root, a newline after each."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Give the checkpoint of a note's text; NoteError for anything but its three lines."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise NoteError("a checkpoint has exactly three lines: origin, size, root")
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size):
        raise NoteError(f"the checkpoint's size {size[:24]!r} is not a plain number")
    if not _ROOT.fullmatch(root):
        raise NoteError("the checkpoint's root is not base64 of 32 bytes")
    checkpoint = Checkpoint(origin, int(size), base64.b64decode(root))
    if str(checkpoint) != text:
        raise NoteError("the checkpoint's root is base64 with stray bits")
    return checkpoint


def read_checkpoint(note: str) -> Checkpoint:
    """Give what a note claims, nothing verified; NoteError when it is no checkpoint."""
    return parse_checkpoint(split_note(note).text)


def open_checkpoint(note: str, keys: Iterable[VerifierKey]) -> tuple[Checkpoint, tuple[Signature, ...]]:
    """Give the checkpoint and the good signatures of known keys; NoteError as ``note.open_note``."""
    text, signatures = open_note(note, keys)
    return parse_checkpoint(text), signatures
