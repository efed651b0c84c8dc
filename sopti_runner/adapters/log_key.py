"""Ed25519 keys that sign notes, each in a file of its own that only its owner may read.

The key of a log and the key of a witness have files of the same form, one line as Go's ``sumdb/note`` writes it:
``PRIVATE+KEY+name+id+base64(kind ‖ seed)``. There is no passphrase: the gate signs unattended, and a passphrase beside
the program would protect nothing; what protects the log is the witness elsewhere.
"""

from __future__ import annotations

import base64
import os
import stat
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sopti_runner.domain.ledger.note import COSIGNATURE, ED25519, NoteError, cosign_note, sign_note, verifier_key
from sopti_runner.errors import N_, LedgerError

MAX_KEY_BYTES = 4096
_PREFIX = "PRIVATE+KEY+"


class KeyFile:
    """A key for notes in a file, read when first used.

    Args:
        path: The file. LedgerError at first use when it is missing, open to others, or holds no key of this kind.
    """

    kind = ED25519

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def load(cls, path: Path) -> Self:
        """Give the key of a file."""
        return cls(path)

    @cached_property
    def _named_key(self) -> tuple[str, Ed25519PrivateKey]:
        return read_key(self._path, self.kind)

    @property
    def name(self) -> str:
        """The key's name in notes: a log's origin, or a witness's name."""
        return self._named_key[0]

    @property
    def vkey(self) -> str:
        """The verifier key in C2SP signed-note form."""
        name, key = self._named_key
        return str(verifier_key(name, self.kind, key))


class LogKey(KeyFile):
    """The log's key; implements ``ports.LogSigner``."""

    @classmethod
    def create(cls, path: Path, origin: str) -> LogKey:
        """Make a key file for a new log; LedgerError when there is a file already."""
        make_key(path, origin, cls.kind)
        return cls(path)

    def sign(self, text: str) -> str:
        """Give the signature line over a note's text."""
        name, key = self._named_key
        return sign_note(text, name, key)


class WitnessKey(KeyFile):
    """The key of a witness; implements ``ports.Cosigner``."""

    kind = COSIGNATURE

    @classmethod
    def create(cls, path: Path, name: str) -> WitnessKey:
        """Make a key file for a new witness (``pt-contoh.example/saksi``); LedgerError when there is a file already."""
        make_key(path, name, cls.kind)
        return cls(path)

    def cosign(self, text: str, time: datetime) -> str:
        """Give the cosignature line over a checkpoint's text at ``time`` (aware)."""
        name, key = self._named_key
        return cosign_note(text, name, key, time)


def make_key(path: Path, name: str, kind: int) -> None:
    """Make a new key file (mode 0600); LedgerError when there is a file already or none can be made."""
    key = Ed25519PrivateKey.generate()
    try:
        key_id = verifier_key(name, kind, key).id.hex()
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except (OSError, NoteError) as error:
        raise LedgerError(
            N_("The key file can't be made"),
            on=str(path),
            expected=N_("no such file yet, in a folder that this user may write"),
            found=str(error),
            next=N_("check the path in the settings; an existing key is never overwritten"),
        ) from error
    secret = base64.b64encode(bytes([kind]) + key.private_bytes_raw()).decode()
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{_PREFIX}{name}+{key_id}+{secret}\n")
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path, kind: int) -> tuple[str, Ed25519PrivateKey]:
    """Give name and key of a file that only its owner may read.

    Raises:
        LedgerError: Missing, open to others, of another owner, or no key of this kind.
    """
    try:
        with path.open("rb") as file:
            _require_private(path, os.fstat(file.fileno()))
            raw = file.read(MAX_KEY_BYTES)
    except OSError as error:
        raise _key_error(path, error.strerror or str(error)) from error
    try:
        name, key_id, secret = raw.decode("utf-8").strip().removeprefix(_PREFIX).split("+", 2)
        seed = base64.b64decode(secret, validate=True)
        key = Ed25519PrivateKey.from_private_bytes(seed[1:])
        if seed[0] != kind or verifier_key(name, kind, key).id.hex() != key_id:
            raise ValueError("another kind of key")
    except (ValueError, IndexError) as error:
        raise _key_error(path, N_("a file that holds no such key")) from error
    return name, key


def _require_private(path: Path, status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077 or not stat.S_ISREG(status.st_mode):
        raise _key_error(path, N_("mode {mode}: others may use it"), f"chmod 0600 {path}", mode=f"{mode:04o}")
    if status.st_uid not in (os.geteuid(), 0):
        raise _key_error(path, N_("a file of user {uid}"), uid=status.st_uid)


def _key_error(path: Path, found: str, next_: str = "sopti doctor", **fields: object) -> LedgerError:
    return LedgerError(
        N_("The signing key can't be used"),
        on=str(path),
        expected=N_("a key file of this user, mode 0600"),
        found=found,
        next=next_,
        **fields,
    )
