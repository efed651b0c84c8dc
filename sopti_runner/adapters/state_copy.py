"""What sopti keeps on this machine, made ready for a backup; implements ``ports.backup.StateCopier``.

The rule this module keeps: the ledger is saved as one consistent copy, with a manifest that says what it is, and never
as the file that is in use; one backup at a time.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sopti_runner.domain.reason import Reason
from sopti_runner.errors import N_, LedgerError, RefusedError
from sopti_runner.ports import Head
from sopti_runner.ports.backup import Staged

FOLDER, LEDGER, MANIFEST = "backup", "ledger.db", "manifest.json"
NOT_SAVED = frozenset(
    {
        *("ledger.db", "ledger.db-wal", "ledger.db-shm", FOLDER),
        *("restoring", "restoring.begun", "restored"),
        *("kit.pdf", "errands"),
    }
)
"""Names in the state folder that no backup holds: the ledger comes from its copy, the rest is of this machine alone."""


class StateCopy:
    """Make ready what a backup saves.

    Args:
        state: The state folder.
        copy_ledger: Copies the ledger into a new file and gives the copy's end.
        others: Name → path outside the state folder that is saved, too: settings, inventory, content.
    """

    def __init__(self, state: Path, copy_ledger: Callable[[Path], Head], others: Mapping[str, Path]) -> None:
        self._state, self._copy, self._others = state, copy_ledger, others

    @contextmanager
    def staged(self, facts: Mapping[str, Any]) -> Iterator[Staged]:
        """Copy the ledger and write the manifest into a folder that only one backup at a time may have."""
        folder = self._state / FOLDER
        with _alone(folder):
            for left in folder.iterdir():
                left.unlink()
            ledger = folder / LEDGER
            try:
                end = self._copy(ledger)
                digest = _sha256(ledger)
                places = {name: str(path.resolve()) for name, path in self._others.items() if path.exists()}
                manifest = {
                    "v": 1,
                    **facts,
                    "size": end.size,
                    "root": end.root.hex(),
                    "ledger": digest,
                    "places": {"state": str(self._state), "copy": str(folder), **places},
                }
                (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", "utf-8")
                own = sorted(str(path) for path in self._state.iterdir() if path.name not in NOT_SAVED)
                yield Staged((str(folder), *own, *places.values()), str(ledger), digest, end.size, end.root)
            finally:
                for made in folder.iterdir():
                    made.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder for this process alone; the hold dies with the process."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise LedgerError(
            N_("The state folder can't be written"), on=str(folder), found=str(error.strerror), next="sopti doctor"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        busy = N_("Another backup is being made")
        raise RefusedError(
            busy, on=str(folder), next=N_("wait until it has ended"), reasons=(Reason("backup_going_on", busy),)
        ) from None
    finally:
        os.close(handle)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
