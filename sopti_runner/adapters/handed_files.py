"""Files that people name on the command line: sopti opens them with its own rights, which reach further than theirs.

The rule this module keeps: such a name opens only a plain file, never through a link at its end, and nothing in the
places where sopti keeps its ledger, keys and copies. The place is judged by the folder that was really opened, so that
nobody can change a link between the look and the opening. What is written replaces the old file at once, or not at all.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sopti_runner.errors import N_, UsageError

MAX_BYTES = 64 << 20
MODE = 0o640
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MEMORY = frozenset({"tmpfs", "ramfs"})
_UNREADABLE, _UNWRITABLE = N_("The file can't be read"), N_("The file can't be written")

_Identity = tuple[int, int]


class HandedFiles:
    """Read and write files for a person.

    Args:
        kept: Files and folders that are sopti's own; those that do not exist count as soon as they do.
    """

    def __init__(self, kept: Iterable[Path]) -> None:
        self._kept = tuple(kept)

    def read(self, file: str | Path, *, what: str = _UNREADABLE, limit: int = MAX_BYTES) -> bytes:
        """Give a file's bytes.

        Args:
            file: As the person named it.
            what: The error's first sentence, a message id.
            limit: Most bytes it may hold.

        Raises:
            UsageError: It is missing, no plain file, larger than ``limit``, or sopti's own.
        """
        with self._opened(Path(file).parent, Path(file), what) as folder, _said(file, what):
            handle = os.open(Path(file).name, _READ, dir_fd=folder)
            try:
                status = os.fstat(handle)
                self._require_plain(status, file, what)
                if status.st_nlink > 1:
                    raise _error(what, file, N_("a file with a second name elsewhere"))
                with os.fdopen(handle, "rb", closefd=False) as stream:
                    content = stream.read(limit + 1)
            finally:
                os.close(handle)
        if len(content) > limit:
            raise _error(what, file, N_("more than {size} KiB"), size=limit // 1024)
        return content

    def text(self, file: str | Path, *, what: str = _UNREADABLE, limit: int = MAX_BYTES) -> str:
        """Give a file's text (UTF-8); errors as ``read``."""
        try:
            return self.read(file, what=what, limit=limit).decode("utf-8")
        except UnicodeDecodeError as error:
            raise _error(what, file, N_("bytes that are no text in UTF-8")) from error

    def write(self, file: str | Path, content: bytes) -> None:
        """Write a file whole, replacing a plain one of that name; errors as ``open_new``."""
        with self.open_new(file, replace=True) as stream:
            stream.write(content)

    @contextmanager
    def open_new(self, file: str | Path, *, replace: bool = False) -> Iterator[BinaryIO]:
        """Open a file to be written; it gets its name only when the block ends without an error.

        Raises:
            UsageError: Something else than a plain file has this name (or anything, unless ``replace``), the place is
                sopti's own, or it can't be written there.
        """
        name = Path(file).name
        with self._opened(Path(file).parent, Path(file), _UNWRITABLE) as folder, _said(file, _UNWRITABLE):
            self._require_free(file, folder, replace=replace)
            draft = f".{secrets.token_hex(8)}.part"
            try:
                with os.fdopen(os.open(draft, _CREATE, MODE, dir_fd=folder), "w+b") as stream:
                    yield stream
                    stream.flush()
                    os.fchmod(stream.fileno(), MODE)
                    os.fsync(stream.fileno())
                os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(draft, dir_fd=folder)

    def require_memory(self, file: str | Path) -> None:
        """Refuse a place on a disk, UsageError: what is in memory is gone when the machine stops."""
        with self._opened(Path(file).parent, Path(file), _UNWRITABLE) as folder:
            device = os.fstat(folder).st_dev
        mounts = (line.split() for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines())
        kinds = {words[2]: words[words.index("-") + 1] for words in mounts}
        if kinds.get(f"{os.major(device)}:{os.minor(device)}") not in _MEMORY:
            raise UsageError(
                N_("A secret is not written onto a disk"),
                on=str(file),
                expected=N_("a folder in memory"),
                next="--output /dev/shm/…",
            )

    def folder(self, folder: str | Path) -> Path:
        """Give a folder for a person's own files, made (mode 0700) when missing; UsageError when it is sopti's own."""
        path = Path(folder).absolute()
        with _said(folder, _UNWRITABLE):
            self._require_own(next(each for each in (path, *path.parents) if each.exists()))
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._require_own(path)
        return path

    def _require_own(self, folder: Path) -> None:
        with self._opened(folder, folder, _UNWRITABLE):
            pass

    @contextmanager
    def _opened(self, folder: Path, file: Path, what: str) -> Iterator[int]:
        """Open the folder in which a file lies; UsageError when it is one of sopti's own, or lies in one."""
        with _said(file, what):
            handle = os.open(folder, _FOLDER)
        try:
            with _said(file, what):
                within = self._within(handle)
            if within:
                raise _error(what, file, N_("a place that sopti keeps for itself"))
            yield handle
        finally:
            os.close(handle)

    def _within(self, folder: int) -> bool:
        kept = self._identities()
        at = os.dup(folder)
        try:
            while (here := _identity(os.fstat(at))) not in kept:
                above = os.open("..", _FOLDER, dir_fd=at)
                os.close(at)
                at = above
                if _identity(os.fstat(at)) == here:
                    return False
            return True
        finally:
            os.close(at)

    def _identities(self) -> set[_Identity]:
        found = set()
        for path in self._kept:
            with suppress(FileNotFoundError):
                found.add(_identity(path.stat()))
        return found

    def _require_plain(self, status: os.stat_result, file: str | Path, what: str) -> None:
        if stat.S_ISLNK(status.st_mode):
            raise _error(what, file, N_("a link"))
        if stat.S_ISDIR(status.st_mode):
            raise _error(what, file, N_("a folder"))
        if not stat.S_ISREG(status.st_mode):
            raise _error(what, file, N_("a pipe or a device"))
        if _identity(status) in self._identities():
            raise _error(what, file, N_("a place that sopti keeps for itself"))

    def _require_free(self, file: str | Path, folder: int, *, replace: bool) -> None:
        name = Path(file).name
        try:
            status = os.stat(name or ".", dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return
        self._require_plain(status, file, _UNWRITABLE)
        if not replace:
            raise UsageError(
                N_("The file exists already"), on=str(file), expected=N_("a new file"), next=N_("choose another name")
            )


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino


@contextmanager
def _said(file: str | Path, what: str) -> Iterator[None]:
    """Say what the system refused in the words of a UsageError."""
    try:
        yield
    except OSError as error:
        found = N_("a link") if error.errno == errno.ELOOP else str(error.strerror)
        raise _error(what, file, found) from error


def _error(what: str, file: str | Path, found: str, **fields: object) -> UsageError:
    return UsageError(
        what,
        on=str(file),
        expected=N_("a plain file in a folder of your own"),
        found=found,
        next=N_("copy it there, or name another file"),
        **fields,
    )
