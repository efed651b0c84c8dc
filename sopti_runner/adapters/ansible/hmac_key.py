"""The installation's HMAC key: one file of 32 random bytes, readable by its owner alone.

Digests of arguments and file contents are keyed with it, because a plain digest of a short secret can be guessed.
It stays outside ledger and bundles; replacing it voids open plans (their ``hmac_key_id`` is another).
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from sopti_runner.errors import N_, IntegrityError

KEY_BYTES = 32


def load_or_create(path: Path) -> bytes:
    """Give the key; made at the first call, durable before it is given.

    Raises:
        IntegrityError: The file has another length, or others may read it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _load(path)
    key = secrets.token_bytes(KEY_BYTES)
    try:
        os.write(descriptor, key)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return key


def _load(path: Path) -> bytes:
    key, mode = path.read_bytes(), path.stat().st_mode & 0o777
    if len(key) != KEY_BYTES or mode & 0o077:
        raise IntegrityError(
            N_("The HMAC key file is damaged or readable by others"),
            on=str(path),
            expected=f"{KEY_BYTES} bytes, 0600",
            found=f"{len(key)} bytes, {mode:04o}",
        )
    return key


def key_id(key: bytes) -> str:
    """Give the first 16 hex digits of the key's SHA-256, as a plan names it."""
    return hashlib.sha256(key).hexdigest()[:16]
