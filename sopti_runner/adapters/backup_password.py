"""The password of sopti's own backups: made here, kept where unattended backups find it, printed in the recovery kit.

A service that was given it as a systemd credential reads it there; otherwise it is a file of the system user.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from pathlib import Path

from sopti_runner.domain.check import Check
from sopti_runner.domain.typed_password import typed_password
from sopti_runner.errors import N_, ExecutionError, SoptiError, UsageError

FILE, CREDENTIAL, KIT = "backup.password", "sopti.backup-password", "kit.pdf"
GROUPS = 8
"""32 letters of 31: 158 bits."""


class BackupPassword:
    """Find the password on this machine.

    Args:
        state: The state folder.
        credentials: Folder that systemd names in ``CREDENTIALS_DIRECTORY``, or None.

    Attributes:
        kit: Where a recovery kit waits to be printed: nobody but root can read the state folder.
    """

    def __init__(self, state: Path, credentials: Path | None = None) -> None:
        self.file, self.kit = state / FILE, state / KIT
        self._credential = credentials / CREDENTIAL if credentials else None

    def read(self) -> str:
        """Give the password; ExecutionError when there is none here, or others can read the file."""
        given = self._credential if self._credential and self._credential.exists() else self.file
        try:
            mode = given.stat().st_mode
            text = given.read_text("utf-8")
        except OSError as error:
            raise ExecutionError(
                N_("The password of the backups is not here"),
                on=str(given),
                expected=N_("a file of this user, mode 0600"),
                found=str(error.strerror),
                next=N_("the very first time: sopti self backup --new-repository"),
            ) from error
        if given == self.file and stat.S_IMODE(mode) & 0o077:
            raise ExecutionError(
                N_("Others can read the password of the backups"),
                on=str(given),
                found=f"{stat.S_IMODE(mode):04o}",
                next=f"chmod 600 {given}",
            )
        return plain(text, on=str(given))

    def id(self) -> str:
        """Give the password's id, or an empty text when it can't be read here."""
        try:
            return password_id(self.read())
        except SoptiError:
            return ""

    def checks(self) -> list[Check]:
        """Give what the doctor says of the password's places: a printed kit that was not removed."""
        if not self.kit.exists():
            return []
        found = N_("the printed sheet still lies on this machine")
        return [Check(N_("Recovery kit"), "warning", found, "sopti self kit --destroy")]

    def make(self) -> None:
        """Make a new password, on the disk before this returns; nothing when there is one already."""
        if self._credential and self._credential.exists():
            return
        self.keep(typed_password(GROUPS, secrets.choice))

    def keep(self, password: str) -> None:
        """Write a password down for unattended backups; nothing when there is one already."""
        try:
            handle = os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(password + "\n")
            file.flush()
            os.fsync(file.fileno())


def plain(text: str, *, on: str) -> str:
    """Give a password as it was typed from paper, without spaces and line breaks; UsageError when nothing is left."""
    password = "".join(text.split())
    if not password or len(password) > 1024 or not password.isprintable():
        raise UsageError(
            N_("This file holds no password"),
            on=on,
            expected=N_("one line, as the recovery kit shows it"),
            next="docs/runbooks/machine-lost.md",
        )
    return password


def password_id(password: str) -> str:
    """Give the first 16 hex digits of a password's SHA-256; 158 random bits are found by no trying."""
    return hashlib.sha256(b"sopti backup\0" + password.encode()).hexdigest()[:16]
