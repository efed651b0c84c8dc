"""A cgroup of its own for each host, on version 1, hybrid and version 2 machines.

systemd-nspawn with ``--keep-unit`` puts its payload below the cgroup it was started in: two hosts started in one cgroup
would share it, and the systemd of one would disturb the other's units (status 219/CGROUP).
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

_MOUNT = Path("/sys/fs/cgroup")
_NAME = "sopti-lab"


def hierarchies() -> list[Path]:
    """Give the roots of systemd's hierarchies here: one on version 2, else the named one and the unified."""
    if (_MOUNT / "cgroup.controllers").exists():
        return [_MOUNT]
    return [path for path in (_MOUNT / "unified", _MOUNT / "systemd") if (path / "cgroup.procs").exists()]


def create(lab: str, host: str) -> list[Path]:
    """Make the host's cgroup in each hierarchy and give the ``cgroup.procs`` files to write to."""
    procs = []
    for root in hierarchies():
        folder = root / _NAME / lab / host
        folder.mkdir(parents=True, exist_ok=True)
        procs.append(folder / "cgroup.procs")
    return procs


def remove(lab: str) -> None:
    """Kill what is left in the lab's cgroups and remove them."""
    deadline = time.monotonic() + 10
    for top in [root / _NAME / lab for root in hierarchies()]:
        while top.exists() and time.monotonic() < deadline:
            folders = sorted(top.rglob("*/"), key=lambda path: len(path.parts), reverse=True)
            for folder in [*folders, top]:
                _kill(folder)
                with contextlib.suppress(OSError):
                    folder.rmdir()
            time.sleep(0.02)


def _kill(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError, OSError):
        for pid in (folder / "cgroup.procs").read_text().split():
            if pid != "0":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
