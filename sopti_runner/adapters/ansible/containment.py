"""Keeps all that one phase starts together: it ends with the runner, as one, and nothing of it is left behind.

``runner -> guardian -> first -> launcher -> workers, ssh``. The guardian is the program that the runner starts.
``first`` is process 1 of a PID namespace: when it ends, Linux ends everything in there, and nothing in there can leave.
Linux ends the guardian when the runner dies, and ``first`` when the guardian does. Where the machine lets nobody make
namespaces, the guardian adopts what is left and ends it; only who kills runner and guardian at once gets round that.

SIGTERM to the guardian asks the launcher to end; after ``GRACE_S`` seconds everything is ended. Run as a program
(``python -m``), it prints which kind this machine allows.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from types import FrameType
from typing import NoReturn

from sopti_runner.domain.run import PARENT_DEATH, PID_NAMESPACE, USER_NAMESPACE

GRACE_S = 15
"""How long a launcher that was asked to end may take; a connection is given up in that time."""

GONE = 98
"""Exit code of a guardian that came too late: its runner is dead, or its run was buried."""

_CLONE = {PID_NAMESPACE: 0x20000000, USER_NAMESPACE: 0x30000000}
_PDEATHSIG, _SUBREAPER = 1, 36


@cache
def containment() -> str:
    """Give the strongest kind that this machine allows: tried in processes of their own, once."""
    words = [sys.executable, "-I", "-B", "-m", __name__]
    said = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False).stdout.strip()
    return said if said in _CLONE else PARENT_DEATH


def enter(kind: str, *, runner: int, lock: str) -> int:
    """Go on inside; the processes outside never return from here.

    Args:
        kind: As ``containment`` gave it; another kind is never taken instead.
        runner: Process id of who started this; when that is no longer so, nothing starts.
        lock: Lock file of the run, held by everything inside; empty for a phase that is no run.

    Returns:
        The guardian's process id, as the runner knows it.

    Raises:
        OSError: The machine does not allow this kind now.
    """
    guardian = os.getpid()
    if kind == PARENT_DEATH:
        _prctl(_SUBREAPER, 1)
    else:
        _unshare(kind)
    _end_with_parent(signal.SIGTERM if kind == PARENT_DEATH else signal.SIGKILL)
    if os.getppid() != runner or not _hold(lock):
        os._exit(GONE)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    ours, theirs = os.pipe()
    child = os.fork()
    if child:
        os.close(ours)
        _guard(child)
    os.close(theirs)
    _end_with_parent(signal.SIGKILL)
    if select.select([ours], [], [], 0)[0]:  # the guardian's end was closed before Linux knew
        os._exit(GONE)
    os.close(ours)
    if kind != PARENT_DEATH:
        launcher = os.fork()
        if launcher:
            _be_first(launcher)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    return guardian


def _hold(lock: str) -> bool:
    """Take part in the run's lock for as long as this process or one that it forks lives; False when it was buried."""
    if not lock:
        return True
    try:
        handle = os.open(lock, os.O_RDWR)
    except FileNotFoundError:
        return False
    fcntl.flock(handle, fcntl.LOCK_SH)
    return os.fstat(handle).st_nlink > 0


def _guard(child: int) -> NoReturn:
    """Wait for the child, pass SIGTERM on, end everything after the grace; leave nothing behind."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        _send(child, signal.SIGTERM)
        signal.alarm(GRACE_S)

    signal.signal(signal.SIGALRM, lambda _number, _frame: _send(child, signal.SIGKILL))
    code = _wait(child, ask)
    while _end_orphans():
        pass
    os._exit(code)


def _be_first(launcher: int) -> NoReturn:
    """Be process 1: pass SIGTERM on, bury whoever was left, and end with the launcher."""
    os._exit(_wait(launcher, lambda _number, _frame: _send(launcher, signal.SIGTERM)))


def _send(process: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, number)


def _wait(child: int, ask: Callable[[int, FrameType | None], None]) -> int:
    """Give the exit code of a child, 128 and the signal's number when it was killed."""
    signal.signal(signal.SIGTERM, ask)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    while True:
        ended, status = os.wait()
        if ended == child:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGALRM})
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _end_orphans() -> bool:
    """End every process that came to be our child; False when there is none any more."""
    try:
        if os.waitpid(-1, os.WNOHANG)[0]:
            return True
    except ChildProcessError:
        return False
    for name in os.listdir("/proc"):  # noqa: PTH208  pathlib is not loaded yet
        if name.isdigit() and _parent(name) == os.getpid():
            _send(int(name), signal.SIGKILL)
    time.sleep(0.01)
    return True


def _parent(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:  # noqa: PTH123  pathlib is not loaded yet
            return int(stat.read().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _end_with_parent(number: int) -> None:
    _prctl(_PDEATHSIG, number)


def _prctl(option: int, value: int) -> None:
    _checked(_libc().prctl(option, value, 0, 0, 0))


def _unshare(kind: str) -> None:
    user, group = os.geteuid(), os.getegid()
    _checked(_libc().unshare(_CLONE[kind]))
    if kind == USER_NAMESPACE:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123  one write, as Linux asks
                file.write(text)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> None:
    if result:
        number = ctypes.get_errno() or errno.EPERM
        raise OSError(number, os.strerror(number))


def _allowed(kind: str) -> bool:
    """Try a kind in a child: the namespace, and a process in it that is number 1."""
    user, child = os.geteuid(), os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    try:
        _unshare(kind)
        first = os.fork()
        if not first:
            os._exit(0 if (os.getpid(), os.geteuid()) == (1, user) else 1)
        os._exit(abs(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])))
    except OSError:
        os._exit(1)


def main() -> None:
    """Print the strongest kind that this machine allows."""
    print(next((kind for kind in _CLONE if _allowed(kind)), PARENT_DEATH))


if __name__ == "__main__":
    main()
