"""Which runs have a living process: a file lock for each run, that dies with the last process that holds it.

The processes of a run hold one file with a shared ``flock``, which those that they fork inherit. So nobody needs
process ids: whoever gets the lock alone knows that no process of the run holds that file.

A file can be removed, moved or made anew while its run lives. So a free lock, or none, is not enough: the machine's
processes are looked through as well, and one that has another file of that name open, or was started with a file of
the run's folder, is the run's. Where processes can't be looked through, nothing is called dead.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sopti_runner.errors import N_, LedgerError

REMOVED = " (deleted)"
"""What Linux says behind the path of an open file that was removed."""


class FileRunLocks:
    """Lock files ``<run>.lock`` in one folder.

    Args:
        folder: Made when first needed.
        processes: Where Linux shows the machine's processes.
    """

    def __init__(self, folder: Path, processes: Path = Path("/proc")) -> None:
        self._folder, self._processes = folder, processes

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
        """Tell whether no process of a run is left, and keep it so meanwhile; the file goes when that ends well.

        A run without a file can't be started any more; whether it goes on its processes alone tell.
        """
        try:
            handle = os.open(self._path(run), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            yield not self._has_process(run)
            return
        try:
            dead = _alone(handle) and not self._has_process(run, os.fstat(handle))
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
            return self._has_process(run)
        try:
            return not _alone(handle) or self._has_process(run, os.fstat(handle))
        finally:
            os.close(handle)

    def _has_process(self, run: str, lock: os.stat_result | None = None) -> bool:
        """Tell whether a process is the run's, whatever became of its lock file.

        Args:
            run: Which.
            lock: The file that is held alone: who has that one open waits for it and is no process of the run.
        """
        path = str(self._folder.resolve() / self._path(run).name)  # as Linux names it
        folders = tuple(os.fsencode(f"{each / run}/") for each in {self._folder, self._folder.resolve()})
        found = self._processes.iterdir() if self._processes.is_dir() else ()
        processes = [each for each in found if each.name.isdigit()]
        if str(os.getpid()) not in {each.name for each in processes}:
            return True
        return any(_started_with(each, folders) or _has_open(each, path, lock) for each in processes)

    def _path(self, run: str) -> Path:
        return self._folder / f"{run}.lock"


def _alone(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _started_with(process: Path, folders: tuple[bytes, ...]) -> bool:
    """Tell whether a word of a process's command is a file of these folders: so the launcher is given its job."""
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:  # it has ended
        return False
    return any(word.startswith(folders) for word in words)


def _has_open(process: Path, path: str, but: os.stat_result | None) -> bool:
    """Tell whether a process has a file open that has this path, or had it when it was removed; ``but`` not counted."""
    try:
        handles = list((process / "fd").iterdir())
    except OSError:  # it has ended, or is another user's, so none of a run
        return False
    for handle in handles:
        with suppress(OSError):
            named = str(handle.readlink()).removesuffix(REMOVED) == path
            if named and not (but and os.path.samestat(handle.stat(), but)):
                return True
    return False
