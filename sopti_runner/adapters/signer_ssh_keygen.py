"""A person's SSH key at this terminal, used through ``ssh-keygen -Y sign``: a file, an agent, or a hardware key."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from sopti_runner.domain.sshsig import parse_public_key
from sopti_runner.domain.statement import NAMESPACE
from sopti_runner.errors import N_, UsageError


class SshKeygenSigner:
    """Sign with one key.

    Args:
        key: Private key file, or the ``.pub`` file of a key that an agent or token holds.

    Raises:
        UsageError: There is no such key, or no public part beside it.
    """

    def __init__(self, key: Path) -> None:
        self._key = key
        public = key if key.suffix == ".pub" else key.with_name(key.name + ".pub")
        try:
            self._public = parse_public_key(public.read_text("utf-8"), on=str(public))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                N_("The signing key can't be read"),
                on=str(public),
                expected=N_("an SSH public key beside the private one"),
                found=getattr(error, "strerror", None) or N_("not a text file"),
                next=f"ssh-keygen -y -f {key} > {public}",
            ) from error

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` of the public key."""
        return self._public.fingerprint

    def sign(self, statement: bytes) -> str:
        """Give the armored SSHSIG; UsageError when ssh-keygen refuses, with its own words."""
        with tempfile.TemporaryDirectory(prefix="sopti-sign-") as folder:
            message = Path(folder, "statement")
            message.write_bytes(statement)
            done = subprocess.run(
                ["ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(self._key), str(message)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise UsageError(
                    N_("The key does not sign"),
                    on=str(self._key),
                    found=done.stderr.strip() or str(done.returncode),
                    next=N_("check the passphrase, or start ssh-agent and ssh-add the key"),
                )
            return message.with_suffix(".sig").read_text("ascii")
