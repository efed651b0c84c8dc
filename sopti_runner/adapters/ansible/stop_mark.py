"""The mark that stops a run on all its hosts: a file that stands while the run may go on.

Removing it stops the run; that needs no room on a full disk, and a worker that can't see it stops, too.
"""

from __future__ import annotations

from pathlib import Path


class StopMark:
    """The mark of one run.

    Args:
        path: In the run's private folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def permit(self) -> None:
        """Let the run go on; said once, before it starts."""
        self.path.touch(mode=0o600, exist_ok=False)

    def stop(self) -> None:
        """Stop the run; saying it twice changes nothing."""
        self.path.unlink(missing_ok=True)

    @property
    def stopped(self) -> bool:
        """True when nothing may act any more."""
        return not self.path.exists()
