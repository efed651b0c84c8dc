"""What the services need to know of the processes of runs, as Protocols."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class RunLocks(Protocol):
    """Says which runs have a living process: each run has a lock of its own, held by all its processes."""

    def hold(self, run: str) -> AbstractContextManager[None]:
        """Hold a new run's lock while it goes on; the processes that carry it out hold it, too."""
        ...

    def bury(self, run: str) -> AbstractContextManager[bool]:
        """Tell whether no process of a run is left; while that is looked at, nobody else buries it and none starts."""
        ...

    def lives(self, run: str) -> bool:
        """Tell whether any process of a run is left."""
        ...
