"""A key that stays with its owner: the wrapper that started sopti signs, sopti only hands over the statement.

sopti runs as its own system user and must never be able to read an operator's key. ``/usr/local/bin/sopti`` makes a
folder with two named pipes and the public key, and signs in the operator's own process what comes out of ``statement``.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sopti_runner.domain.sshsig import MAX_SIGNATURE_CHARS, parse_public_key
from sopti_runner.errors import N_, UsageError

MAX_KEY_BYTES = 64 << 10


class ExchangeSigner:
    """Sign through a folder of named pipes.

    Args:
        folder: Holds ``key.pub``, and the pipes ``statement`` and ``signature``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        text = self._take("key.pub", stat.S_ISREG, MAX_KEY_BYTES).decode("utf-8", "replace")
        self._public = parse_public_key(text, on=str(folder / "key.pub"))

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` of the public key."""
        return self._public.fingerprint

    def sign(self, statement: bytes) -> str:
        """Hand the statement over and wait for its signature; UsageError when the other side could not sign."""
        with self._opened("statement", os.O_WRONLY, stat.S_ISFIFO) as pipe, os.fdopen(pipe, "wb", closefd=False) as out:
            out.write(statement)
        armored = self._take("signature", stat.S_ISFIFO, MAX_SIGNATURE_CHARS).decode("ascii", "replace")
        if not armored.startswith("-----BEGIN SSH SIGNATURE-----"):
            raise UsageError(
                N_("The key does not sign"),
                on=self.fingerprint,
                next=N_("check the passphrase, or start ssh-agent and ssh-add the key"),
            )
        return armored

    def _take(self, name: str, kind: Callable[[int], bool], limit: int) -> bytes:
        with self._opened(name, os.O_RDONLY, kind) as handle, os.fdopen(handle, "rb", closefd=False) as stream:
            return stream.read(limit)

    @contextmanager
    def _opened(self, name: str, flags: int, kind: Callable[[int], bool]) -> Iterator[int]:
        """Open what the wrapper made, and nothing else: a link here would lead sopti into its own files."""
        path = self._folder / name
        try:
            if not kind(path.lstat().st_mode):
                raise OSError(errno.EINVAL, "not what the wrapper made")
            handle = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if not kind(os.fstat(handle).st_mode):
                    raise OSError(errno.EINVAL, "not what the wrapper made")
                yield handle
            finally:
                os.close(handle)
        except OSError as error:
            raise UsageError(N_("The signing key can't be read"), on=str(path), found=str(error.strerror)) from error
