"""Which runs have a living process: a file lock for each run, that dies with the last process that holds it.

The processes of a run hold one file with a shared ``flock``, which those that they fork inherit. So nobody needs
process ids: whoever gets the lock alone knows that no process of the run is left.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sopti_runner.errors import N_, LedgerError


class FileRunLocks:
    """Lock files ``<run>.lock`` in one folder.

    Args:
        folder: Made when first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def hold(self, run: str) -> Iterator[None]:
        """Hold a new run's lock while it goes on; a process that dies leaves its file behind.

        Raises:
            LedgerError: The folder can't be written.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._path(run), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LedgerError(
                N_("The state folder can't be written"),
                on=str(self._folder),
                found=str(error.strerror),
                next="sopti doctor",
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            yield
        finally:
            self._path(run).unlink(missing_ok=True)
            os.close(handle)

    @contextmanager
    def bury(self, run: str) -> Iterator[bool]:
        """Tell whether no process of a run is left, and keep it so meanwhile; the file goes when that ends well."""
        try:
            handle = os.open(self._path(run), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            yield True
            return
        try:
            dead = _alone(handle)
            yield dead
            if dead:
                self._path(run).unlink(missing_ok=True)
        finally:
            os.close(handle)

    def lives(self, run: str) -> bool:
        """Tell whether any process of a run is left."""
        try:
            handle = os.open(self._path(run), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not _alone(handle)
        finally:
            os.close(handle)

    def _path(self, run: str) -> Path:
        return self._folder / f"{run}.lock"


def _alone(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
