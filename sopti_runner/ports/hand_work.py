"""What the services need for work by hand, as Protocols: the host, the terminal, and what the terminal showed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from sopti_runner.domain.hand_work import Seen
from sopti_runner.domain.plan import PlanRecord
from sopti_runner.ports import Sealed
from sopti_runner.ports.access import HostKeys


class WorkPlace(Protocol):
    """Hosts on which people work by hand, reached by a sealed copy's inventory and pinned keys."""

    def look(self, sealed: Sealed, host: str, keys: HostKeys) -> Seen:
        """Look at a whole host once; DeviceError when that can't be done."""
        ...

    def way_in(self, sealed: Sealed, host: str, keys: HostKeys) -> AbstractContextManager[Sequence[str]]:
        """Give the command that opens a terminal on a host; it counts as long as the block lasts."""
        ...

    def begin(self, run: str, record: PlanRecord) -> None:
        """Write down that a run's work begins: from here on nobody knows what was done until the run has ended."""
        ...

    def stopped(self, run: str) -> bool:
        """Tell whether a person asked the run to end."""
        ...


class Recording(Protocol):
    """What a terminal shows, written down as it goes."""

    def resize(self, columns: int, lines: int) -> None:
        """Note the terminal's size; the first time begins the recording."""
        ...

    def show(self, data: bytes) -> None:
        """Note what is about to be shown; OSError when it can't be written."""
        ...


class Recordings(Protocol):
    """The recordings of this machine, one a run."""

    def begin(self, run: str) -> AbstractContextManager[Recording]:
        """Begin a run's recording; LedgerError when there is one already, or none can be written."""
        ...

    def measure(self, run: str) -> tuple[str, int] | None:
        """Give SHA-256 (hex) and size in bytes of a run's recording, None when it is not there."""
        ...

    def play(self, run: str) -> Iterator[tuple[float, str]]:
        """Give what was shown, piece by piece, with seconds since the beginning; IntegrityError when unreadable."""
        ...


@dataclass(frozen=True, slots=True)
class Notices:
    """What the person at the terminal is told by sopti, each on lines of its own.

    Attributes:
        opening: Before the host's own first line.
        soon: ``SOON_S`` seconds before the time is over.
        over: When it is.
    """

    opening: str
    soon: str
    over: str


SOON_S = 300


@dataclass(frozen=True, slots=True)
class Ended:
    """How a terminal was closed.

    Attributes:
        end: One of ``domain.hand_work.ENDS``.
        exit: Exit code of the command, None when it was killed.
    """

    end: str
    exit: int | None


class Terminal(Protocol):
    """The terminal at which this command was started."""

    def require(self) -> None:
        """Raise UsageError unless there is one."""
        ...

    def run(
        self,
        command: Sequence[str],
        recording: Recording,
        *,
        limit_s: float,
        notices: Notices,
        stopped: Callable[[], bool],
    ) -> Ended:
        """Run a command in a terminal of its own, show and record it, and end it when its time is over."""
        ...
