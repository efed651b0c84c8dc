"""A folder on another machine (a mounted share, a removable disk) that keeps checkpoints.

One folder a log, one ``<size>.note`` a checkpoint. A note is never replaced by one with another root: that would be a
second history, and the first one is the evidence.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from sopti_runner.domain.ledger.checkpoint import read_checkpoint
from sopti_runner.domain.ledger.note import NoteError, merge_notes
from sopti_runner.errors import N_, ReportError

MAX_NOTE_BYTES = 1 << 20
_STRANGE = (errno.EINVAL, errno.ELOOP, errno.ENXIO, errno.ENODEV, errno.EACCES, errno.EPERM)
"""What opening says of a folder or pipe, a link, a socket, a device, and a file that sopti may not read."""


class DirectorySink:
    """Notes in a folder; implements ``ports.CheckpointSink``.

    Args:
        folder: The folder of the share; it must exist, so that an unmounted share is noticed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def publish(self, origin: str, size: int, note: str) -> str:
        """Write the note, whole or not at all, and give its path; ReportError when it did not arrive."""
        target = self._of(origin) / f"{size}.note"
        try:
            self._require_folder()
            target.parent.mkdir(exist_ok=True)
            kept = _text(target) if os.path.lexists(target) else None
            if kept is None:
                _write_new(target, note)
            elif kept != note:
                _replace(target, merge_notes(kept, note))
            if _text(target) != (note if kept is None else merge_notes(kept, note)):
                raise _sink_error(target, N_("other bytes than were written"))
        except NoteError as error:
            raise _sink_error(
                target, N_("another checkpoint of the same size: two histories"), "sopti ledger verify"
            ) from error
        except FileExistsError:
            return self.publish(origin, size, note)
        except OSError as error:
            raise _sink_error(target, error.strerror or str(error)) from error
        return str(target)

    def newest(self, origin: str) -> Iterator[str]:
        """Give the readable notes kept under a name, the largest first, read one by one; none when it can't be read."""
        try:
            files = sorted(self._of(origin).glob("*.note"), key=lambda f: int(f.stem) if f.stem.isdecimal() else -1)
        except OSError:
            return
        for file in reversed(files):
            try:
                note = _text(file)
                found = read_checkpoint(note)
            except (OSError, ValueError):
                continue
            if found.origin in (origin, origin.rpartition("#")[0]) and str(found.size) == file.stem:
                yield note

    def notes(self, origin: str) -> list[tuple[int, str]]:
        """Give every note kept here, by the size in its file's name (-1 when that is no number), nothing checked.

        What is no plain file, or may not be read, is given as an empty note: it hides none of the others.

        Raises:
            ReportError: The folder can't be read.
        """
        self._require_folder()
        folder = self._of(origin)
        try:
            return sorted(
                (int(file.stem) if file.stem.isdecimal() else -1, _note(file))
                for file in (folder.iterdir() if folder.exists() else ())  # unlike a pattern, it tells why it can't
                if file.suffix == ".note" and not file.name.startswith(".")
            )
        except OSError as error:
            raise _sink_error(folder, error.strerror or str(error)) from error

    def _of(self, origin: str) -> Path:
        return self._folder / quote(origin, safe="")

    def _require_folder(self) -> None:
        if not self._folder.is_dir():
            raise _sink_error(self._folder, N_("no such folder; is the share mounted?"))


def _text(path: Path) -> str:
    """Give a plain file's text; others can write the share, and a link or a pipe there must not be followed."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a plain file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(MAX_NOTE_BYTES).decode("utf-8", "replace")
    finally:
        os.close(handle)


def _note(path: Path) -> str:
    """Give what stands where a note should be, nothing when it is no plain file or may not be read."""
    try:
        return _text(path)
    except OSError as error:
        if error.errno in _STRANGE:
            return ""
        raise


def _write_new(target: Path, note: str) -> None:
    """Write a file that is not there yet; FileExistsError when somebody else was faster."""
    draft = _draft(target, note)
    try:
        try:
            os.link(draft, target)
        except FileExistsError:
            raise
        except OSError:
            _rename_new(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    _settle(target.parent)


def _rename_new(draft: Path, target: Path) -> None:
    """Give the draft its name on a share without hard links."""
    if target.exists():
        raise FileExistsError(target)
    draft.rename(target)


def _replace(target: Path, note: str) -> None:
    _draft(target, note).replace(target)
    _settle(target.parent)


def _draft(target: Path, note: str) -> Path:
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    with draft.open("x", encoding="utf-8", newline="") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sink_error(target: Path, found: str, next_: str = "") -> ReportError:
    return ReportError(
        N_("The checkpoint did not leave this machine"),
        on=str(target),
        expected=N_("a folder of another machine that keeps it"),
        found=found,
        next=next_ or N_("mend the share; the next checkpoint is sent by itself, or now: sopti ledger checkpoint"),
    )
