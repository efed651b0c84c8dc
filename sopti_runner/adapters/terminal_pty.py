"""A command in a terminal of its own, shown on the one sopti was started at, recorded, and ended in time.

Everything goes through the controlling terminal, so that the command's own output stays free for programs. What is
about to be shown is recorded first; what can't be recorded is not shown, and ends the command. What is typed is not
recorded: a password that the host does not show stays unseen.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from sopti_runner.domain.hand_work import CUT, LEFT, STOPPED, TIME, UNRECORDED
from sopti_runner.errors import N_, UsageError
from sopti_runner.ports.hand_work import SOON_S, Ended, Notices, Recording

STEP_S, GRACE_S, PART_BYTES = 0.25, 3.0, 1 << 16
SSH_FAILED = 255
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class PtyTerminal:
    """Implements ``ports.hand_work.Terminal``.

    Args:
        kind: What the person's terminal calls itself (TERM); the host is told the same.
        path: The terminal; by default the controlling one.
        clock: Seconds that only grow.
    """

    def __init__(self, kind: str, path: str = "/dev/tty", clock: Callable[[], float] = time.monotonic) -> None:
        self._environment = {**_ENVIRONMENT, "TERM": kind or "dumb"}
        self._path, self._clock = path, clock

    def require(self) -> None:
        """Raise UsageError unless there is a terminal."""
        os.close(self._opened())

    def run(
        self,
        command: Sequence[str],
        recording: Recording,
        *,
        limit_s: float,
        notices: Notices,
        stopped: Callable[[], bool],
    ) -> Ended:
        """Run a command until it ends, its time is over, or somebody stops it.

        Args:
            command: Its words; found on a PATH of our own.
            recording: What is shown goes there first.
            limit_s: When it is ended; the person is told ``SOON_S`` before.
            notices: What they are told.
            stopped: Asked four times a second.
        """
        here = self._opened()
        try:
            with _raw(here), _signals() as asked:
                child, master = _forked(command, self._environment)
                show = _Show(here, master, recording)
                end = self._relay(show, child, limit_s, notices, lambda: bool(asked) or stopped())
                code = _reaped(child, self._clock)
        finally:
            os.close(here)
        if end == LEFT:
            return Ended(CUT if code in (None, SSH_FAILED) else LEFT, code)
        return Ended(end, code)

    def _relay(self, show: _Show, child: int, limit_s: float, notices: Notices, stopped: Callable[[], bool]) -> str:
        """Carry bytes both ways until one side is gone; gives how it ended."""
        began, warned = self._clock(), limit_s <= SOON_S
        try:
            show.begin(notices.opening)
            while show.carry(STEP_S):
                left_s = limit_s - (self._clock() - began)
                if left_s <= 0:
                    show.notice(notices.over)
                    return TIME
                if not warned and left_s <= SOON_S:
                    warned = True
                    show.notice(notices.soon)
                if stopped():
                    return STOPPED
        except OSError:
            return UNRECORDED
        finally:
            show.finish()
            os.close(show.master)  # the command hears that its terminal is gone
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGHUP)
        return STOPPED if show.hung_up else LEFT

    def _opened(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            raise UsageError(
                N_("Work by hand needs a terminal"),
                on=self._path,
                expected=N_("a command typed at a terminal"),
                found=str(error.strerror),
            ) from error


class _Show:
    """Both ends of what is carried.

    Attributes:
        master: Our end of the command's terminal.
        hung_up: The person's terminal is gone.
    """

    def __init__(self, here: int, master: int, recording: Recording) -> None:
        self.here, self.master, self.hung_up = here, master, False
        self._recording, self._typed, self._unshown, self._size = recording, b"", b"", (0, 0)
        os.set_blocking(master, False)
        os.set_blocking(here, False)  # who stops reading must not stop the time

    def begin(self, text: str) -> None:
        """Begin the recording, and show the first text; OSError when it could not be recorded."""
        self._follow_size()
        self.notice(text)

    def finish(self) -> None:
        """Show what is left, as long as somebody reads it within a moment."""
        for _ in range(int(GRACE_S / STEP_S)):
            if self._unshown and select.select([], [self.here], [], STEP_S)[1]:
                self._show()

    def notice(self, text: str) -> None:
        """Show a text of sopti's own on a line of its own."""
        self._shown(f"\r\n\x1b[7m sopti: {text} \x1b[0m\r\n".encode())

    def carry(self, wait_s: float) -> bool:
        """Carry what there is, waiting a moment for it; False when one side is gone.

        Raises:
            OSError: It could not be recorded.
        """
        self._follow_size()
        reading = [self.here] if self._unshown else [self.here, self.master]
        writing = [*([self.master] if self._typed else ()), *([self.here] if self._unshown else ())]
        ready, writable, _ = select.select(reading, writing, [], wait_s)
        if self.here in writable:
            self._show()
        if self.master in ready:
            data = _read(self.master)
            if not data:
                return False
            self._shown(data)
        if self.here in ready:
            typed = _read(self.here)
            if not typed:
                self.hung_up = True
                return False
            self._typed += typed
        if self._typed:
            with suppress(BlockingIOError):
                self._typed = self._typed[os.write(self.master, self._typed) :]
        return True

    def _shown(self, data: bytes) -> None:
        self._recording.show(data)
        self._unshown += data
        self._show()

    def _show(self) -> None:
        """Show as much as the person's terminal takes now; one that is gone is noticed when it is read."""
        try:
            while self._unshown:
                self._unshown = self._unshown[os.write(self.here, self._unshown) :]
        except BlockingIOError:
            pass
        except OSError:
            self._unshown = b""

    def _follow_size(self) -> None:
        """Give the command the size that the person's terminal has now."""
        with suppress(OSError):
            packed = fcntl.ioctl(self.here, termios.TIOCGWINSZ, bytes(8))
            lines, columns = struct.unpack("HHHH", packed)[:2]
            size = (columns or 80, lines or 24)
            if size == self._size:
                return
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            self._size = size
        self._recording.resize(*(self._size if all(self._size) else (80, 24)))


def _read(handle: int) -> bytes:
    """Give what there is; nothing when the other side is gone."""
    try:
        return os.read(handle, PART_BYTES)
    except OSError:
        return b""


def _forked(command: Sequence[str], environment: dict[str, str]) -> tuple[int, int]:
    child, master = pty.fork()
    if child == 0:
        _become(command, environment)
    return child, master


def _become(command: Sequence[str], environment: dict[str, str]) -> NoReturn:
    try:
        for each in _ENDING:
            signal.signal(each, signal.SIG_DFL)
        os.execvpe(command[0], list(command), environment)  # noqa: S606  a command is a list of words
    finally:
        os._exit(127)


def _reaped(child: int, clock: Callable[[], float]) -> int | None:
    """Wait for the command's end, by force after a grace; gives its exit code, None when a signal ended it."""
    until = clock() + GRACE_S
    while clock() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else None
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


@contextmanager
def _raw(here: int) -> Iterator[None]:
    """Let every key reach the command, Ctrl-C too, and put the terminal right again."""
    before = termios.tcgetattr(here)
    tty.setraw(here)
    try:
        yield
    finally:
        with suppress(termios.error):  # it may be gone
            termios.tcsetattr(here, termios.TCSAFLUSH, before)


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Take note of what asks this process to end, instead of ending at once."""
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    before = {each: signal.signal(each, note) for each in _ENDING}
    try:
        yield asked
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
