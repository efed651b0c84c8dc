"""One run at a time on this machine: an advisory lock that dies with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sopti_runner.domain.reason import Reason
from sopti_runner.errors import N_, LedgerError, RefusedError


class FileRunLock:
    """Lock one file.

    Args:
        path: Made when first needed; holds the process id of the holder for people to read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Take the lock; RefusedError at once when another live process holds it."""
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LedgerError(
                N_("The state folder can't be written"),
                on=str(self._path),
                found=str(error.strerror),
                next="sopti doctor",
            ) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
                raise RefusedError(
                    N_("Another run is going on; two never run at once"),
                    on=str(self._path),
                    found=N_("process {pid}"),
                    next=N_("wait until it has ended, then try again"),
                    pid=holder,
                    reasons=(Reason("run_going_on", N_("Another run is going on; two never run at once")),),
                ) from None
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(handle)
