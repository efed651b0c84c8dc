"""Recordings of terminals: asciicast v2 files of this machine's user alone, written as the terminal goes on.

Format: https://docs.asciinema.org/manual/asciicast/v2/ - a header line, then a JSON line for each piece shown.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sopti_runner.errors import N_, IntegrityError, LedgerError

SYNC_S = 2.0
_PART_BYTES = 1 << 20


class DirectoryRecordings:
    """Implements ``ports.hand_work.Recordings``: files ``<run>.cast`` in one folder.

    Args:
        folder: Made when first needed, mode 0700.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, run: str) -> Path:
        """Give where a run's recording lies, or would lie."""
        return self._folder / f"{run}.cast"

    @contextmanager
    def begin(self, run: str) -> Iterator[Asciicast]:
        """Begin a recording; it is whole on disk when the block ends."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            handle = os.open(self.path(run), flags, 0o600)
        except OSError as error:
            raise LedgerError(
                N_("The recording can't be written"), on=str(self.path(run)), found=str(error.strerror)
            ) from error
        recording = Asciicast(handle)
        try:
            yield recording
        finally:
            recording.close()

    def measure(self, run: str) -> tuple[str, int] | None:
        """Give SHA-256 (hex) and size in bytes of a recording, None when it can't be read."""
        digest, size = hashlib.sha256(), 0
        try:
            with self.path(run).open("rb") as file:
                while part := file.read(_PART_BYTES):
                    digest.update(part)
                    size += len(part)
        except OSError:
            return None
        return digest.hexdigest(), size

    def play(self, run: str) -> Iterator[tuple[float, str]]:
        """Give each piece shown with its seconds since the beginning; a line torn off by a crash is no piece."""
        try:
            with self.path(run).open(encoding="utf-8") as file:
                for number, line in enumerate(file):
                    if number and line.endswith("\n"):
                        at, kind, data = json.loads(line)
                        if kind == "o":
                            yield float(at), str(data)
        except (OSError, ValueError, TypeError) as error:
            raise IntegrityError(N_("The recording can't be read"), on=str(self.path(run)), found=str(error)) from error


class Asciicast:
    """One recording that is being written; implements ``ports.hand_work.Recording``.

    Args:
        handle: The open file, which is closed at the end.
    """

    def __init__(self, handle: int) -> None:
        self._handle, self._began, self._synced = handle, 0.0, 0.0
        self._text = codecs.getincrementaldecoder("utf-8")("replace")

    def resize(self, columns: int, lines: int) -> None:
        """Write the header, or that the size is another now."""
        if not self._began:
            self._began = self._synced = time.monotonic()
            self._write({"version": 2, "width": columns, "height": lines, "timestamp": int(time.time())})
        else:
            self._piece("r", f"{columns}x{lines}")

    def show(self, data: bytes) -> None:
        """Write what is about to be shown; now and then everything is forced to the disk."""
        self._piece("o", self._text.decode(data))
        if time.monotonic() - self._synced > SYNC_S:
            os.fsync(self._handle)
            self._synced = time.monotonic()

    def close(self) -> None:
        """Force everything to the disk."""
        try:
            os.fsync(self._handle)
        finally:
            os.close(self._handle)

    def _piece(self, kind: str, text: str) -> None:
        self._write([round(time.monotonic() - self._began, 6), kind, text])

    def _write(self, value: object) -> None:
        data = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        while data:
            data = data[os.write(self._handle, data) :]
