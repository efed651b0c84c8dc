"""Evidence: what the workers write while they work, one JSON line each, on disk before they go on.

A line is appended under a lock and synced. ``intent`` stands before an action, ``result`` after it; an intent without a
result means that nobody knows what happened. ansible-runner's own events are never evidence.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible.rules import words

Line = dict[str, Any]
IDENTITY = words("e host task module args item class outcome predicted before after")
"""What says which line of evidence it is: names that stand in the sealed copy, keyed digests and our own words."""


def keyed_digest(key: bytes, what: str, text: str) -> str:
    """Give HMAC-SHA-256 in 64 hex digits, of a text used as ``what`` (so that equal texts of other use differ)."""
    return hmac.new(key, what.encode() + b"\0" + text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def task_key(line: Mapping[str, Any]) -> str:
    """Give what identifies a task within a plan, but for its occurrence."""
    return "|".join(str(line[part]) for part in ("host", "task", "module", "args", "item"))


class EvidenceFile:
    """One file of one run.

    Args:
        path: Made when missing, mode 0600.
        hide: Gives a value as it may be written; without it as it is. ``IDENTITY`` is always written as it is: a secret
            that is somebody's guess of a host's name would otherwise make its tasks those of another host.
    """

    def __init__(self, path: Path, hide: Callable[[Any], Any] | None = None) -> None:
        self.path, self.hide = path, hide

    def append(self, line: Mapping[str, Any], *, sync: bool = True) -> None:
        """Append one line; it is on disk when this returns.

        Raises:
            OSError: It could not be written whole; the line does not count, and the next one begins anew.
        """
        data = _encoded(self._hidden(line)) + b"\n"
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                data = b"\n" + data
            while data:
                data = data[os.write(descriptor, data) :]
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _hidden(self, line: Mapping[str, Any]) -> Mapping[str, Any]:
        hide = self.hide
        return {key: each if key in IDENTITY else hide(each) for key, each in line.items()} if hide else line

    def lines(self) -> Iterator[Line]:
        """Give the whole lines written so far; what was torn off is no line."""
        yield from EvidenceTail(self.path).take()

    def results_of(self, host: str) -> Iterator[Line]:
        """Give the results of one host; the lines of others are not even parsed."""
        mark = _encoded({"e": "result", "host": host})[:-1] + b","
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return
        for line in data[: data.rfind(b"\n") + 1].split(b"\n"):
            if line.startswith(mark):
                yield from _decoded(line)


def _encoded(line: Mapping[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _decoded(line: bytes) -> Iterator[Line]:
    """Give the line, or nothing when it was torn: its writer died or found no room, so it never counted."""
    try:
        value = json.loads(line.decode("utf-8", "surrogatepass"))
    except ValueError:
        return
    if isinstance(value, dict) and "e" in value:
        yield value


class EvidenceTail:
    """Reads a file as it grows; each ``take`` gives the whole lines that are new."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0

    def take(self) -> Iterator[Line]:
        """Give the new whole lines, in order."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._offset)
                data = stream.read()
        except FileNotFoundError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.split(b"\n"):
            yield from _decoded(line)
