"""The court's secrets: values that runs need and nobody is shown, held by the user that sopti runs as.

A secret is named in the clear and bound by a keyed digest: its value stands in no plan, statement, event, sealed copy,
argument or log, and only the launcher reads it, when a play begins. A secret of systemd (``LoadCredential=``) goes
before one of the same name in the folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sopti_runner.adapters.ansible.evidence import keyed_digest
from sopti_runner.adapters.ansible.hmac_key import key_id, load_or_create
from sopti_runner.domain.variables import HELD_NAME
from sopti_runner.errors import N_, NotFoundError, UsageError
from sopti_runner.ports.secrets import SecretDigest

MIN_CHARS = 8
MAX_BYTES = 64 << 10
_TEMPLATE = re.compile(r"\{[{%#]")


class SecretStore:
    """The secrets of one installation.

    Args:
        folder: Holds one file a secret, 0600; made when a secret is first kept.
        credentials: systemd's folder of credentials, or None.
        key: Gives the HMAC key of the installation.
    """

    def __init__(self, folder: Path, credentials: Path | None, key: Callable[[], bytes]) -> None:
        self.folder, self._key = folder, key
        self.folders = (*([credentials] if credentials else []), folder)

    @classmethod
    def of(cls, state_dir: Path, environ: Mapping[str, str]) -> SecretStore:
        """Give the secrets of an installation: its state folder's, and those that systemd hands to this process."""
        held = environ.get("CREDENTIALS_DIRECTORY", "")
        return cls(state_dir / "secrets", Path(held) if held else None, lambda: load_or_create(state_dir / "hmac.key"))

    def names(self) -> Sequence[str]:
        """Give the names of the secrets there are, sorted."""
        found = {each.name for folder in self.folders if folder.is_dir() for each in folder.iterdir()}
        return sorted(name for name in found if re.fullmatch(HELD_NAME, name))

    def accepted(self, name: str, value: str) -> str:
        """Give the value as it would be kept: one line without its end.

        Raises:
            UsageError: The name is no name, or the value is too short to be told from other words, too long, no text,
                or would be run as a template.
        """
        if not re.fullmatch(HELD_NAME, name):
            raise UsageError(
                N_("This can't be a secret's name"), on=name, expected=HELD_NAME, next="sopti secret set --help"
            )
        text = value if "\n" in value.rstrip("\n") else value.rstrip("\r\n")
        if not len(text) >= MIN_CHARS or len(text.encode()) > MAX_BYTES or "\0" in text or _TEMPLATE.search(text):
            raise UsageError(
                N_("This can't be a secret's value"),
                on=name,
                expected=N_("{least} characters or more, at most {most} bytes, without {{{{, {{% and {{#"),
                next="sopti secret set --help",
                least=MIN_CHARS,
                most=MAX_BYTES,
            )
        return text

    def put(self, name: str, value: str) -> None:
        """Keep a secret; one of the same name is replaced, and plans that were bound to it are void.

        Raises:
            UsageError: As ``accepted``.
        """
        text = self.accepted(name, value)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = self.folder / f".{name}.new"
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(descriptor)
        partial.replace(self.folder / name)

    def drop(self, name: str) -> None:
        """Forget a secret of the folder; NotFoundError when there is none."""
        self.kept(name)
        (self.folder / name).unlink()

    def kept(self, name: str) -> SecretDigest:
        """Give what binds the folder's own value, whatever systemd gives; NotFoundError when there is none."""
        if name not in self.names():
            raise self._missing(name)
        return self.bound_by(self._read(name, [self.folder]))

    def held(self, name: str) -> SecretDigest:
        """Give what binds the value that runs are given; NotFoundError when there is none."""
        return self.bound_by(self._read(name, self.folders))

    def bound_by(self, value: str) -> SecretDigest:
        """Give what binds a value, as a plan is bound to it."""
        key = self._key()
        return SecretDigest(digest_of(key, value), key_id(key))

    def bound(self, names: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Give variable → name and keyed digest of its secret, as a sealed copy binds it; NotFoundError without one."""
        return {
            variable: {"secret": name, "digest": self.held(name).digest} for variable, name in sorted(names.items())
        }

    def _read(self, name: str, folders: Sequence[Path]) -> str:
        value = read_secret(folders, name)
        if value is None:
            raise self._missing(name)
        return value

    def _missing(self, name: str) -> NotFoundError:
        return NotFoundError(
            N_("There is no secret of this name"),
            on=name,
            expected=", ".join(self.names()),
            next="sopti secret set NAME",
        )


def read_secret(folders: Sequence[Path], name: str) -> str | None:
    """Give a secret's value from the first folder that has it, None when none has."""
    for folder in folders:
        try:
            return (folder / name).read_text("utf-8")
        except FileNotFoundError:
            continue
    return None


def digest_of(key: bytes, value: str) -> str:
    """Give what binds a value without telling it: 64 hex digits of a keyed digest."""
    return keyed_digest(key, "secret", value)
