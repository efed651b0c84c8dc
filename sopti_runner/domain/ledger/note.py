"""Signed notes: a text and one line for each signature.

The rule this module keeps (c2sp.org/signed-note, c2sp.org/tlog-cosignature):

- Signatures of unknown keys are ignored; a bad signature of a known key rejects the whole note; a note without any good
  signature says nothing.
- Two kinds of Ed25519 keys: the log's (type 0x01, over the text) and a witness's (type 0x04, over a time and the text).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 0x01
COSIGNATURE = 0x04
MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100

_NAME = re.compile(r"[^\s+\x00-\x1f]+")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoteError(ValueError):
    """A note, or a verifier key, is malformed, or a signature is not good; the text says which."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key that may sign notes.

    Attributes:
        name: For a log its origin; for a witness its name. No spaces, no plus.
        kind: ``ED25519`` or ``COSIGNATURE``.
        public: 32 bytes (RFC 8032).
    """

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The key id: first four bytes of ``SHA-256(name ‖ 0x0A ‖ kind ‖ public)``."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        """Give the verifier key's text: ``name+id+base64(kind ‖ public)``."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that was verified.

    Attributes:
        key: Whose it is.
        time: When a witness cosigned, aware UTC, whole seconds; None for a log's signature.
    """

    key: VerifierKey
    time: datetime | None


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart, nothing verified.

    Attributes:
        text: The signed text, with its last newline.
        lines: The signature lines, each with its newline.
    """

    text: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        """Give the note as it is stored and sent."""
        return f"{self.text}\n{''.join(self.lines)}"


def parse_vkey(text: str) -> VerifierKey:
    """Give the verifier key of ``name+id+base64``; NoteError says what is wrong."""
    parts = text.strip().split("+", 2)  # base64 may hold a plus: split twice, not more
    if len(parts) != 3:
        raise NoteError(f"{text[:80]!r} is not a verifier key (name+id+key)")
    name, key_id, encoded = parts
    raw = _unbase64(encoded, "the verifier key")
    if not _NAME.fullmatch(name) or len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE):
        raise NoteError(f"the verifier key of {name!r} is not an Ed25519 key of type 1 (log) or 4 (witness)")
    key = VerifierKey(name, raw[0], raw[1:])
    if key.id.hex() != key_id:
        raise NoteError(f"the verifier key of {name!r} has the id {key.id.hex()}, but says {key_id}")
    return key


def verifier_key(name: str, kind: int, key: Ed25519PrivateKey) -> VerifierKey:
    """Give the public half of a note-signing key; NoteError for a name that a note can't hold."""
    if not _NAME.fullmatch(name):
        raise NoteError(f"the name {name!r} is empty, or holds a space or a plus")
    return VerifierKey(name, kind, key.public_key().public_bytes_raw())


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """Give the log's signature line over ``text``, newline included."""
    _check_text(text)
    public = verifier_key(name, ED25519, key)
    return _line(public, key.sign(text.encode()))


def cosign_note(text: str, name: str, key: Ed25519PrivateKey, time: datetime) -> str:
    """Give a witness's line over ``text`` at ``time`` (aware; whole seconds count), newline included."""
    _check_text(text)
    public = verifier_key(name, COSIGNATURE, key)
    stamp = (time - _EPOCH) // timedelta(seconds=1)
    return _line(public, stamp.to_bytes(8, "big") + key.sign(_cosigned(stamp, text)))


def split_note(note: str) -> Note:
    """Take a note apart at its last empty line; NoteError when it is not shaped like one. Verifies nothing."""
    if len(note) > MAX_NOTE_BYTES:
        raise NoteError("the note is too big")
    at = note.rfind("\n\n")
    if at < 0 or not note.endswith("\n"):
        raise NoteError("the note has no signatures, or does not end in a newline")
    text, lines = note[: at + 1], note[at + 2 :].split("\n")[:-1]
    _check_text(text)
    if not 0 < len(lines) <= MAX_SIGNATURES:
        raise NoteError(f"the note has {len(lines)} signatures")
    for line in lines:
        _split_line(line)
    return Note(text, tuple(line + "\n" for line in lines))


def open_note(note: str, keys: Iterable[VerifierKey]) -> tuple[str, tuple[Signature, ...]]:
    """Give a note's text and the good signatures of the known keys, in the note's order.

    Raises:
        NoteError: Malformed; or no signature of a known key; or a bad signature of a known key.
    """
    parts = split_note(note)
    known = {(key.name, key.id): key for key in keys}
    good: dict[VerifierKey, Signature] = {}
    for line in parts.lines:
        name, key_id, signature = _split_line(line[:-1])
        key = known.get((name, key_id))
        if key is not None and key not in good:
            good[key] = Signature(key, _verify(key, signature, parts.text))
    if not good:
        raise NoteError("the note has no signature of a known key")
    return parts.text, tuple(good.values())


def merge_notes(one: str, other: str) -> str:
    """Give the note with the signature lines of both; NoteError when their texts differ."""
    first, second = split_note(one), split_note(other)
    if first.text != second.text:
        raise NoteError("the two notes have different texts")
    return str(Note(first.text, tuple(dict.fromkeys(first.lines + second.lines))))


def _verify(key: VerifierKey, signature: bytes, text: str) -> datetime | None:
    """Give the cosignature's time, or None for a log's signature; NoteError when it is not good."""
    time, signed = None, text.encode()
    if key.kind == COSIGNATURE:
        if len(signature) != 72:
            raise NoteError(f"the cosignature of {key.name} has the wrong length")
        stamp, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        signed = _cosigned(stamp, text)
        try:
            time = _EPOCH + timedelta(seconds=stamp)
        except OverflowError:
            raise NoteError(f"the cosignature of {key.name} has an impossible time") from None
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, signed)
    except (InvalidSignature, ValueError):
        raise NoteError(f"the signature of {key.name} is not good") from None
    return time


def _cosigned(stamp: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {stamp}\n{text}".encode()


def _line(key: VerifierKey, signature: bytes) -> str:
    return f"— {key.name} {base64.b64encode(key.id + signature).decode()}\n"


def _split_line(line: str) -> tuple[str, bytes, bytes]:
    """Give name, key id (4 bytes) and signature of a line without its newline."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise NoteError(f"the signature line {line[:80]!r} is malformed")
    raw = _unbase64(match[2], "a signature")
    if len(raw) < 5:
        raise NoteError(f"the signature of {match[1]} is too short")
    return match[1], raw[:4], raw[4:]


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(ord(c) < 0x20 and c != "\n" for c in text):
        raise NoteError("the note's text has a control character, or does not end in a newline")


def _unbase64(text: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"{what} is not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise NoteError(f"{what} is base64 with stray bits")
    return raw
