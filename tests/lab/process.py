"""Processes known by pid and start time, so that a recycled pid is never taken for the one that was meant."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this machine.

    Attributes:
        started: Clock ticks since boot (``proc(5)``, field 22 of stat).
    """

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process:
        """Identify a running process; ProcessLookupError when there is none."""
        started = _start_time(pid)
        if started is None:
            raise ProcessLookupError(pid)
        return cls(pid, started)

    @property
    def alive(self) -> bool:
        """Whether this very process still runs (a zombie doesn't)."""
        return _start_time(self.pid) == self.started

    def stop(self, *, grace_s: float) -> None:
        """Ask it to end, then end it; returns when it is gone."""
        for number, patience in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 5.0)):
            if not self.alive:
                return
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return
            deadline = time.monotonic() + patience
            while self.alive and time.monotonic() < deadline:
                time.sleep(0.02)


def _start_time(pid: int) -> int | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])
