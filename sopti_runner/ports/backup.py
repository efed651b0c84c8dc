"""What sopti's own backup and recovery need from the world, as Protocols: a part of ``ports`` of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sopti_runner.ports import Progress


@dataclass(frozen=True, slots=True)
class Staged:
    """What stands ready to be saved.

    Attributes:
        paths: Absolute paths to save.
        ledger: Absolute path of the copied ledger among them.
        digest: SHA-256 (hex) of that copy.
        size: Number of events in the copy.
        root: RFC 6962 root hash over them, 32 bytes.
    """

    paths: tuple[str, ...]
    ledger: str
    digest: str
    size: int
    root: bytes


class StateCopier(Protocol):
    """What sopti keeps on this machine, made ready for a backup."""

    def staged(self, facts: Mapping[str, Any]) -> AbstractContextManager[Staged]:
        """Copy the ledger consistently and name all else that is to be saved, for a while.

        Args:
            facts: What the backup says of itself, kept beside the copy as ``manifest.json``.

        Raises:
            RefusedError: Another backup is being made.
            LedgerError: The ledger can't be copied.
        """
        ...


@dataclass(frozen=True, slots=True)
class Saved:
    """A snapshot just made: its id, the bytes it holds, and those that were new to the repository."""

    snapshot: str
    total_bytes: int
    added_bytes: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot of sopti's own state in a repository.

    Attributes:
        id: As the repository names it; an unambiguous beginning names it, too.
        made_at: Aware, in whatever zone the repository says.
        paths: Absolute paths that were saved.
        tags: Words it was marked with when it was saved.
    """

    id: str
    made_at: datetime
    paths: tuple[str, ...]
    tags: tuple[str, ...]


class BackupRepository(Protocol):
    """An encrypted place on another machine that keeps snapshots.

    Every method raises ExecutionError when the place can't be used, IntegrityError when it is damaged.
    """

    @property
    def address(self) -> str:
        """Where it is, without any secret."""
        ...

    def make(self) -> None:
        """Make it; ExecutionError when there is one already."""
        ...

    def save(self, paths: Sequence[str], tags: Sequence[str], progress: Progress) -> Saved:
        """Save paths as one snapshot; PartialError names what could not be read."""
        ...

    def read_back(self, snapshot: str, path: str) -> str:
        """Give the SHA-256 (hex) of a saved file, read from the repository."""
        ...

    def check(self, part: int, parts: int) -> None:
        """Check the whole structure, and every byte of one of ``parts`` parts; ``part`` counts from 1."""
        ...

    def snapshots(self) -> Sequence[Snapshot]:
        """Give sopti's own snapshots, the oldest first."""
        ...

    def fetch(self, snapshot: str, target: str) -> None:
        """Put a snapshot below a folder, every file compared after it was written."""
        ...

    def tidy(self) -> None:
        """Forget older snapshots and free their space."""
        ...


@dataclass(frozen=True, slots=True)
class PutBack:
    """A state that was put back.

    Attributes:
        log: Origin of its ledger.
        vkey: Key of its ledger, as auditors and the recovery kit know it.
        made_at: When the copy was made, as the backup says (RFC 3339, UTC).
        size: Number of events in the copy.
        checkpoint: The newest signed note that the copy holds, or empty.
        beside: Paths of what was put beside for a person to look through: settings, content, what was there before.
    """

    log: str
    vkey: str
    made_at: str
    size: int
    checkpoint: str
    beside: tuple[str, ...]


class StateReturn(Protocol):
    """An empty machine's place for a state that comes back."""

    def room(self) -> AbstractContextManager[str]:
        """Give an empty folder to fetch a snapshot into, for a while.

        Raises:
            UsageError: There is a ledger here, or the key of one.
            RefusedError: Another restoration is going on.
        """
        ...

    def put(self, fetched: str) -> PutBack:
        """Put a fetched state in its place, the ledger last; IntegrityError when it is not what the backup says."""
        ...
