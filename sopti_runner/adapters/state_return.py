"""Putting sopti's own state back on an empty machine; implements ``ports.backup.StateReturn``.

The rule this module keeps: the ledger comes last, under its own name at once; until then there is no ledger here, and
the same command begins anew. Nothing that lies there already is overwritten: it is put beside.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sopti_runner.domain.reason import Reason
from sopti_runner.errors import N_, IntegrityError, RefusedError, UsageError
from sopti_runner.ports.backup import PutBack

COPY, ROOM, SIGN, BESIDE = "backup", "restoring", "restoring.begun", "restored"
KEY = "log.key"


class StateFolderReturn:
    """An empty machine's state folder.

    Args:
        state: The state folder; made when missing.
        ledger: The files of the ledger that would lie there; the first one is the ledger itself.
        inventory: Folder of the inventory; filled when it is empty.
    """

    def __init__(self, state: Path, ledger: Sequence[Path], inventory: Path) -> None:
        self._state, self._ledger, self._inventory = state, tuple(ledger), inventory
        self._room, self._sign = state / ROOM, state / SIGN

    @contextmanager
    def room(self) -> Iterator[str]:
        """Give an empty folder beside the state's own files; what an earlier attempt left there is removed."""
        self._require_empty()
        with self._alone():
            shutil.rmtree(self._room, ignore_errors=True)
            self._room.mkdir(mode=0o700)
            try:
                yield str(self._room)
            finally:
                shutil.rmtree(self._room, ignore_errors=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the state folder for this process; the hold dies with the process."""
        self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            busy = N_("Another restoration is going on")
            raise RefusedError(
                busy,
                on=str(self._state),
                next=N_("wait until it has ended"),
                reasons=(Reason("restoration_going_on", busy),),
            ) from None
        finally:
            os.close(handle)

    def put(self, fetched: str) -> PutBack:
        """Put a fetched state in its place."""
        root = Path(fetched)
        copy, told = _manifest(root)
        places: dict[str, str] = told["places"]
        self._sign.touch(mode=0o600)
        beside = [*self._state_files(_inside(root, places["state"]))]
        for name in sorted(set(places) - {"state", "copy"}):
            beside += self._outside(name, _inside(root, places[name]))
        _place(copy, self._ledger[0])
        self._sign.unlink()
        return PutBack(
            str(told["log"]),
            str(told["vkey"]),
            str(told["made_at"]),
            int(told["size"]),
            str(told["checkpoint"]),
            tuple(beside),
        )

    def _require_empty(self) -> None:
        """Refuse a machine with a ledger or its key, unless an earlier attempt left the key and came no further."""
        there = [path for path in (*self._ledger, self._state / KEY) if path.exists()]
        if there and not (self._sign.exists() and there == [self._state / KEY]):
            raise UsageError(
                N_("This machine has a ledger, or the key of one; a backup is put back on an empty one only"),
                on=str(there[0]),
                expected=N_("a machine on which sopti was just installed"),
                next="docs/runbooks/machine-lost.md",
            )

    def _state_files(self, source: Path) -> Iterator[str]:
        """Move the state's own files; what an installation made there is put beside."""
        for path in sorted(source.iterdir()):
            target = self._state / path.name
            if path.name == COPY:
                continue
            if target.exists():
                yield self._aside(target, "before")
            path.replace(target)

    def _outside(self, name: str, source: Path) -> Iterator[str]:
        """Fill an empty inventory; settings and content are root's to put in place."""
        if not source.exists():
            return
        if name == "inventory" and self._fill_inventory(source):
            return
        yield self._aside(source, name)

    def _fill_inventory(self, source: Path) -> bool:
        try:
            if self._inventory.is_dir() and any(self._inventory.iterdir()):
                return False
            if not source.is_dir():
                shutil.copyfile(source, self._inventory)
                return True
            for path in (source, *sorted(source.rglob("*"))):
                target = self._inventory / path.relative_to(source)
                target.mkdir(exist_ok=True) if path.is_dir() else shutil.copyfile(path, target)
        except OSError:
            return False
        return True

    def _aside(self, path: Path, name: str) -> str:
        """Move something beside what was put back, and give where it is now."""
        target = self._state / BESIDE / name
        if name == "before":
            target /= path.name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists():
            shutil.rmtree(target) if target.is_dir() else target.unlink()
        shutil.move(str(path), target)
        return str(target)


def _manifest(root: Path) -> tuple[Path, dict[str, Any]]:
    """Give the ledger's copy in a fetched snapshot, and what the backup says of itself.

    Raises:
        IntegrityError: It is no backup of sopti, or the copy is not the one that it speaks of.
    """
    found = sorted(root.rglob(f"{COPY}/manifest.json"))
    try:
        (file,) = found
        told = json.loads(file.read_text("utf-8"))
        copy = file.with_name("ledger.db")
        with copy.open("rb") as ledger:
            digest = hashlib.file_digest(ledger, "sha256").hexdigest()
        if told["v"] != 1 or told["ledger"] != digest:
            raise ValueError(f"version {told['v']}, or another ledger than it speaks of")
        if not (_inside(root, told["places"]["state"]) / KEY).is_file():
            raise ValueError("it holds no key of the ledger")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            N_("This snapshot is not a complete backup of sopti"),
            on=str(root),
            found=str(error),
            next=N_("put an older snapshot back: sopti self restore --snapshot ID"),
        ) from error
    return copy, told


def _inside(root: Path, place: str) -> Path:
    """Give where a saved path lies below the folder it was fetched into."""
    path = root / place.lstrip("/")
    if ".." in Path(place).parts:
        raise ValueError(f"{place} leads out of the snapshot")
    return path


def _place(copy: Path, ledger: Path) -> None:
    """Give the ledger its name at once, whole and on the disk."""
    fresh = ledger.with_name(f"{ledger.name}.new")
    shutil.copyfile(copy, fresh)
    fresh.chmod(0o600)
    for path in (fresh, ledger.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if path == fresh:
            fresh.replace(ledger)
