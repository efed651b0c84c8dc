"""restic's commands as values: compared in tests, run in ``process`` alone.

The rule this module keeps: no password and no address stands in a command; ``process`` adds them in its own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Command:
    """One call of restic.

    Attributes:
        words: Subcommand and options, as ``restic`` takes them.
        timeout_s: Seconds after which it is stopped: SIGINT, so that it takes its lock away, then SIGKILL.
    """

    words: tuple[str, ...]
    timeout_s: int = HOUR


def init() -> Command:
    """Make a repository; fails when there is one."""
    return Command(("init",), 300)


def backup(paths: Sequence[str], tags: Sequence[str]) -> Command:
    """Save paths (absolute) as one snapshot; a missing path makes the outcome PARTIAL."""
    named = (word for tag in tags for word in ("--tag", tag))
    return Command(("backup", "--json", *named, "--", *paths), 6 * HOUR)


def snapshots(tag: str) -> Command:
    """List the snapshots with a tag, as one JSON array, the oldest first."""
    return Command(("snapshots", "--json", "--tag", tag), 600)


def restore(snapshot: str, target: str) -> Command:
    """Put a snapshot below a folder and compare what was written with what was read."""
    return Command(("restore", snapshot, "--target", target, "--verify"), 6 * HOUR)


def dump(snapshot: str, path: str) -> Command:
    """Give one file's content on stdout."""
    return Command(("dump", snapshot, path))


def check(part: int, parts: int) -> Command:
    """Check structure, and read every byte of one of ``parts`` equal parts; ``part`` counts from 1."""
    return Command(("check", f"--read-data-subset={part}/{parts}"), 6 * HOUR)


def forget(tag: str, *, daily: int, weekly: int) -> Command:
    """Forget older snapshots with a tag, whatever paths and host they name, and free their space."""
    kept = ("--keep-daily", str(daily), "--keep-weekly", str(weekly))
    return Command(("forget", "--tag", tag, "--group-by", "", *kept, "--prune"), 6 * HOUR)


def unlock() -> Command:
    """Take away locks whose program is dead; a lock in use stays."""
    return Command(("unlock",), 300)
