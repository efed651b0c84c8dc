"""The repository of sopti's own backups; implements ``ports.backup.BackupRepository``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sopti_runner.adapters.restic import command
from sopti_runner.adapters.restic.command import Command
from sopti_runner.adapters.restic.process import Outcome, Restic, Result
from sopti_runner.errors import N_, ExecutionError, IntegrityError, PartialError, SoptiError
from sopti_runner.ports import Progress
from sopti_runner.ports.backup import Saved, Snapshot

TAG = "sopti-self"
DAILY, WEEKLY = 14, 8
"""Snapshots kept. The newest one holds all that an older one does: the ledger only grows. What two officials had erased
is gone from the backups, too, once the last older snapshot is forgotten."""

_FRACTION = re.compile(r"(\.\d{6})\d+")


class ResticRepository:
    """sopti's own snapshots in one repository.

    Args:
        restic: The repository and its password.
    """

    def __init__(self, restic: Restic) -> None:
        self._restic = restic
        self.address = restic.repository

    def make(self) -> None:
        """Make the repository; ExecutionError when there is one already."""
        self._run(command.init())

    def save(self, paths: Sequence[str], tags: Sequence[str], progress: Progress) -> Saved:
        """Save paths as one snapshot; PartialError names what could not be read."""

        def told(status: Mapping[str, Any]) -> None:
            progress(self.address, f"{int(status.get('percent_done', 0) * 100)} %")

        result = self._run(command.backup(paths, [TAG, *tags]), on_progress=told)
        summary = result.messages[-1] if result.messages else {}
        return Saved(summary["snapshot_id"], summary["total_bytes_processed"], summary["data_added"])

    def read_back(self, snapshot: str, path: str) -> str:
        """Give the SHA-256 (hex) of a saved file, read from the repository; IntegrityError when it is damaged there."""
        digest = hashlib.sha256()
        self._run(command.dump(snapshot, path), on_bytes=digest.update)
        return digest.hexdigest()

    def check(self, part: int, parts: int) -> None:
        """Check the whole structure and read one of ``parts`` parts of the data; IntegrityError when it is damaged."""
        self._run_alone(command.check(part, parts))

    def tidy(self) -> None:
        """Forget older snapshots and free their space."""
        self._run_alone(command.forget(TAG, daily=DAILY, weekly=WEEKLY))

    def snapshots(self) -> Sequence[Snapshot]:
        """Give sopti's own snapshots, the oldest first."""
        found = self._run(command.snapshots(TAG)).messages
        rows = [row for listed in found for row in (listed or ())]
        made = [Snapshot(row["id"], _time(row["time"]), tuple(row["paths"]), tuple(row["tags"])) for row in rows]
        return sorted(made, key=lambda one: one.made_at)

    def fetch(self, snapshot: str, target: str) -> None:
        """Put a snapshot below a folder, every file compared after it was written."""
        self._run(command.restore(snapshot, target))

    def _run_alone(self, what: Command) -> None:
        """Run what needs the repository for itself; a lock that a dead program left is taken away first."""
        try:
            self._run(what)
        except _LockedError:
            self._run(command.unlock())
            self._run(what)

    def _run(self, what: Command, **options: Any) -> Result:
        result = self._restic.run(what, **options)
        if result.outcome is not Outcome.OK:
            raise _error(self.address, what, result)
        return result


class _LockedError(ExecutionError):
    """Another program holds the repository."""


def _time(text: str) -> datetime:
    """Read restic's time, which has nanoseconds."""
    return datetime.fromisoformat(_FRACTION.sub(r"\1", text))


_WHAT: Mapping[Outcome, tuple[type[SoptiError], str, str]] = {
    Outcome.PARTIAL: (
        PartialError,
        N_("Not everything could be backed up"),
        N_("make the named files readable for sopti, then back up again"),
    ),
    Outcome.LOCKED: (
        _LockedError,
        N_("Another program holds the backup repository"),
        N_("wait until it has ended, then try again"),
    ),
    Outcome.NO_REPOSITORY: (
        ExecutionError,
        N_("There is no backup repository here"),
        N_("is its disk mounted? The very first time: sopti self backup --new-repository"),
    ),
    Outcome.BAD_PASSWORD: (
        ExecutionError,
        N_("The password does not open the backup repository"),
        N_("take the password from the recovery kit; docs/runbooks/machine-lost.md"),
    ),
    Outcome.DAMAGED: (
        IntegrityError,
        N_("The backup repository is damaged"),
        N_("keep it as it is and back up to a new repository today; docs/runbooks/backup-damaged.md"),
    ),
    Outcome.FAILED: (
        ExecutionError,
        N_("The backup program failed"),
        N_("mend what it names, then try again"),
    ),
}


def _error(address: str, what: Command, result: Result) -> SoptiError:
    kind, text, next_ = _WHAT[result.outcome]
    lines = result.trouble if result.in_time else (*result.trouble, f"stopped after {what.timeout_s} s")
    return kind(
        text,
        on=address,
        found="\n".join(lines[:8]) or f"restic {what.words[0]}: {result.code}",
        next=next_,
    )
