"""What a witness remembers, in a file on the witness's own machine."""

from __future__ import annotations

import base64
import errno
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sopti_runner.domain.ledger.encoding import canonical
from sopti_runner.domain.ledger.merkle import HASH_BYTES
from sopti_runner.domain.ledger.strict_json import read_json
from sopti_runner.domain.ledger.witness import Verdict, WitnessState
from sopti_runner.errors import N_, IntegrityError, LedgerError


class WitnessStateFile:
    """One JSON file for all logs a witness knows: ``{"v": 1, "logs": {origin: {"size", "root"}}, "sha256"}``.

    The digest is over the canonical form of ``logs``: a damaged size or name would make a witness forget, unnoticed.

    Args:
        path: The file; made (mode 0600) at the first accepted checkpoint. A lock file stands beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def decide(self, origin: str, judge: Callable[[WitnessState], tuple[Verdict, WitnessState]]) -> Verdict:
        """Judge against what is remembered, and remember the outcome before giving the verdict; one caller at a time.

        Raises:
            LedgerError: The file can't be read or written; nothing may be cosigned then.
            IntegrityError: The file is damaged. A witness that forgot must be retired, not restarted.
        """
        try:
            with os.fdopen(self._open(".lock", os.O_RDWR | os.O_CREAT), "rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                states = self._read()
                verdict, new = judge(states.get(origin, WitnessState()))
                if verdict.accepted:
                    self._write({**states, origin: new})
        except OSError as error:
            raise LedgerError(
                N_("The witness's memory can't be used"),
                on=str(self._path),
                expected=N_("a file that this user may read and write"),
                found=error.strerror or str(error),
                next=N_("check the path, its owner and mode"),
            ) from error
        return verdict

    def remembered(self, origin: str) -> WitnessState:
        """Give what is remembered of a log; an empty tree for an unknown one."""
        return self._read().get(origin, WitnessState())

    def _read(self) -> dict[str, WitnessState]:
        try:
            with os.fdopen(self._open("", os.O_RDONLY), "rb") as file:
                raw = file.read()
        except FileNotFoundError:
            return {}
        try:
            value = read_json(raw.strip())
            if value["v"] != 1 or value["sha256"] != _digest(value["logs"]):
                raise ValueError(f"version {value['v']}, or another digest")
            return {str(origin): _state(row) for origin, row in value["logs"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IntegrityError(
                N_("The witness's memory is damaged"),
                on=str(self._path),
                expected=N_("the file as this witness wrote it"),
                found=str(error),
                next=N_("restore it from a copy, or retire this witness and name a new one"),
            ) from error

    def _write(self, states: dict[str, WitnessState]) -> None:
        rows = {o: {"size": s.size, "root": base64.b64encode(s.root).decode()} for o, s in sorted(states.items())}
        draft = self._path.with_name(self._path.name + ".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(self._open(".new", os.O_CREAT | os.O_EXCL | os.O_WRONLY), "w", encoding="utf-8") as file:
            file.write(json.dumps({"v": 1, "logs": rows, "sha256": _digest(rows)}, sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _open(self, ending: str, flags: int) -> int:
        """Open a plain file of this memory: neither a link to somewhere else nor a pipe to wait at."""
        path = self._path.with_name(self._path.name + ending)
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return handle


def _digest(rows: Any) -> str:
    return hashlib.sha256(canonical(rows)).hexdigest()


def _state(row: Any) -> WitnessState:
    size, root = row["size"], base64.b64decode(row["root"], validate=True)
    if type(size) is not int or size < 0 or len(root) != HASH_BYTES:
        raise ValueError("a size or root is malformed")
    return WitnessState(size, root)
