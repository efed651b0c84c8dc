"""A key that stays with its owner: the wrapper that started sopti signs, sopti only hands over the statement.

sopti runs as its own system user and must never be able to read an operator's key. ``/usr/local/bin/sopti`` makes a
folder with two named pipes and the public key, and signs in the operator's own process what comes out of ``statement``.
"""

from __future__ import annotations

from pathlib import Path

from sopti_runner.domain.sshsig import parse_public_key
from sopti_runner.errors import N_, UsageError


class ExchangeSigner:
    """Sign through a folder of named pipes.

    Args:
        folder: Holds ``key.pub``, and the pipes ``statement`` and ``signature``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self._public = parse_public_key((folder / "key.pub").read_text("utf-8"), on=str(folder / "key.pub"))
        except OSError as error:
            raise UsageError(N_("The signing key can't be read"), on=str(folder), found=str(error.strerror)) from error

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` of the public key."""
        return self._public.fingerprint

    def sign(self, statement: bytes) -> str:
        """Hand the statement over and wait for its signature; UsageError when the other side could not sign."""
        (self._folder / "statement").write_bytes(statement)
        armored = (self._folder / "signature").read_text("ascii")
        if not armored.startswith("-----BEGIN SSH SIGNATURE-----"):
            raise UsageError(
                N_("The key does not sign"),
                on=self.fingerprint,
                next=N_("check the passphrase, or start ssh-agent and ssh-add the key"),
            )
        return armored
