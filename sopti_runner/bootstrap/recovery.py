"""Where adapters of sopti's own recovery meet services: only ``sopti self`` loads it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from sopti_runner import __version__
from sopti_runner.adapters.backup_password import BackupPassword, password_id, plain
from sopti_runner.adapters.restic.process import Restic
from sopti_runner.adapters.restic.repository import ResticRepository
from sopti_runner.adapters.state_copy import StateCopy
from sopti_runner.adapters.state_return import StateFolderReturn
from sopti_runner.bootstrap import House
from sopti_runner.domain.recovery_kit import RecoveryKit
from sopti_runner.errors import N_, UsageError
from sopti_runner.ports import Progress
from sopti_runner.ports.backup import PutBack, Snapshot
from sopti_runner.services.self_backup import Backup, back_up
from sopti_runner.services.self_kit import make_kit
from sopti_runner.services.self_restore import put_back
from sopti_runner.settings import DEFAULT_FILE

CONTENT = ("playbooks", "roles", "collections", "reports", "ansible.cfg")
"""What of the content folder belongs to sopti."""


class Recovery:
    """Backup and restoration of sopti on this machine.

    Args:
        house: All other parts.
    """

    def __init__(self, house: House) -> None:
        self._house, self._state = house, house.settings.state_dir

    @cached_property
    def password(self) -> BackupPassword:
        """The password of the backups."""
        given = self._house.environ.get("CREDENTIALS_DIRECTORY", "")
        return BackupPassword(self._state, Path(given) if given else None)

    def repository(self, address: str = "", password: str = "") -> ResticRepository:
        """Give a repository; without arguments the one of the settings, opened with the password kept here."""
        address = address or self._house.settings.backup_repository
        if not address:
            raise UsageError(
                N_("No place for sopti's own backups is set"),
                on="backup_repository",
                expected=N_("a folder of another machine's share, or sftp:user@host:/path"),
                next=N_("set backup_repository in /etc/sopti/sopti.toml, then: sopti self backup --new-repository"),
            )
        return ResticRepository(Restic(address, password or self.password.read(), self._state))

    def snapshots(self, address: str, password_file: str) -> Sequence[Snapshot]:
        """List sopti's own snapshots in a repository, the oldest first; arguments as ``restore``."""
        return self.repository(address, self._typed(password_file)).snapshots()

    def _typed(self, password_file: str) -> str:
        return plain(self._house.files.text(password_file), on=password_file)

    def restore(self, address: str, password_file: str, snapshot: str, progress: Progress) -> tuple[Snapshot, PutBack]:
        """Put sopti's state back on this empty machine.

        Args:
            address: The repository.
            password_file: A person's file with its password.
            snapshot: Its id or the beginning of it; empty for the newest.
            progress: Told what is done.
        """
        house = self._house
        if not house.ledger_files():
            raise UsageError(
                N_("A backup is put back as a ledger in SQLite"),
                on="database_url",
                expected=N_("no database_url in the settings of the machine that is rebuilt"),
                next="docs/runbooks/machine-lost.md",
            )
        password = self._typed(password_file)
        place = StateFolderReturn(self._state, house.ledger_files(), house.settings.inventory)
        found = put_back(self.repository(address, password), place, snapshot, progress)
        self.password.keep(password)
        return found

    def make_kit(self, holders: Sequence[str]) -> RecoveryKit:
        """Make the recovery kit of now as a document that only root can read, and record it."""
        house, password = self._house, self.password.read()
        return make_kit(
            house.books,
            holders,
            repository=self.repository(password=password).address,
            password=(password, password_id(password)),
            release=__version__,
            keep=self._keep_kit,
        )

    def destroy_kit(self) -> bool:
        """Remove the printed document from this machine; False when there is none."""
        there = self.password.kit.exists()
        self.password.kit.unlink(missing_ok=True)
        return there

    def _keep_kit(self, kit: RecoveryKit) -> None:
        made = self._house.documents.recovery_kit_pdf(kit)
        self.password.kit.unlink(missing_ok=True)
        handle = os.open(self.password.kit, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(made)

    def back_up(self, progress: Progress, *, new: bool = False) -> Backup:
        """Back sopti up; with ``new`` into a repository that is made first, with a password of its own."""
        self._house.books.require_current()
        if new:
            self.repository(password="not asked yet")  # noqa: S106  refuses before a password is made
            self.password.make()
            self.repository().make()
        settings = self._house.settings
        others = {
            "settings": Path(self._house.environ.get("SOPTI_CONFIG", "") or DEFAULT_FILE),
            "inventory": settings.inventory,
            **{f"content/{part}": settings.content_dir / part for part in CONTENT},
        }
        state = StateCopy(self._state, self._house.store.copy_to, others)
        return back_up(self._house.books, state, self.repository(), progress)
