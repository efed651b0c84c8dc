"""An export bundle: a whole log in one zip file, for somebody who trusts neither operator nor server.

Inside: ``events.jsonl`` (the exact bodies, one a line; RFC 8785 writes no raw line break), ``blobs/<digest>``
(salt ‖ content), ``checkpoints/<size>.note``, and files to read it with. The same ledger gives the same bytes: names
are sorted and times left out. Part of the verifier that auditors carry, so it needs nothing but Python.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from sopti_runner.domain.ledger.event import MAX_BODY_BYTES, SALT_BYTES, Blob, parse
from sopti_runner.errors import N_, IntegrityError, UsageError

EVENTS = "events.jsonl"
MAX_BLOB_BYTES = 64 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NOTE = re.compile(r"checkpoints/(0|[1-9][0-9]{0,18})\.note")
_OTHERS = re.compile(r"events\.jsonl|blobs/[0-9a-f]{64}|README\.txt|sopti_verify\.py")


class ZipBundle:
    """A bundle to read; a context manager.

    Args:
        path: The zip file.

    Raises:
        UsageError: There is no such file, or it is no bundle.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise self._not_a_bundle(str(error)) from error
        names = self._zip.namelist()
        strange = [name for name in names if not _NOTE.fullmatch(name) and not _OTHERS.fullmatch(name)]
        if EVENTS not in names or len(names) != len(set(names)) or strange:
            self._zip.close()
            raise self._not_a_bundle(N_("no events.jsonl, or a name that stands twice or belongs in no bundle"))

    def __enter__(self) -> ZipBundle:
        """Give the bundle itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._zip.close()

    def bodies(self) -> Iterator[bytes]:
        """Give the exact bytes of each event, in order; IntegrityError when the file is damaged."""
        with self._intact(EVENTS), self._zip.open(EVENTS) as lines:
            while line := lines.readline(MAX_BODY_BYTES + 2):
                yield line.removesuffix(b"\n")

    def blob(self, digest: bytes) -> Blob | None:
        """Give a blob by its digest, without its name; None when it is not in the bundle."""
        name = f"blobs/{digest.hex()}"
        try:
            info = self._zip.getinfo(name)
        except KeyError:
            return None
        if info.file_size > MAX_BLOB_BYTES:
            raise self._damaged(name, f"{info.file_size} bytes")
        with self._intact(name):
            raw = self._zip.read(info)
        return Blob("", raw[:SALT_BYTES], raw[SALT_BYTES:])

    def checkpoints(self) -> list[tuple[int, str]]:
        """Give the notes, by size; a note that is not text is given with what can be read of it."""
        sizes = sorted(int(match[1]) for match in map(_NOTE.fullmatch, self._zip.namelist()) if match)
        notes = []
        for size in sizes:
            name = f"checkpoints/{size}.note"
            with self._intact(name):
                notes.append((size, self._zip.read(name).decode("utf-8", errors="replace")))
        return notes

    @contextmanager
    def _intact(self, name: str) -> Iterator[None]:
        try:
            yield
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise self._damaged(name, str(error)) from error

    def _damaged(self, name: str, found: str) -> IntegrityError:
        return IntegrityError(
            N_("The bundle is damaged"),
            on=f"{self._path} {name}",
            expected=N_("a file as sopti ledger export wrote it"),
            found=found,
            next=N_("keep this copy, and ask for another"),
        )

    def _not_a_bundle(self, found: str) -> UsageError:
        return UsageError(
            N_("This is not a sopti bundle"),
            on=str(self._path),
            expected=N_("a zip file as sopti ledger export writes it"),
            found=found,
            next="sopti ledger export",
        )


def write_bundle(
    target: BinaryIO,
    *,
    bodies: Iterable[bytes],
    notes: Iterable[tuple[int, str]],
    blobs: Callable[[bytes], Blob | None],
    extras: Mapping[str, bytes],
) -> int:
    """Write a bundle and give the number of events.

    Args:
        target: A file open for writing; whoever opened it sees to it that it appears whole or not at all.
        bodies: The exact bytes of every event, in order.
        notes: Checkpoints: (size, note).
        blobs: Finds a blob by digest; None when it was erased.
        extras: Files to put beside: name → bytes (how to read it, the verifier).
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        return _fill(bundle, bodies, notes, blobs, extras)


def _fill(
    bundle: zipfile.ZipFile,
    bodies: Iterable[bytes],
    notes: Iterable[tuple[int, str]],
    blobs: Callable[[bytes], Blob | None],
    extras: Mapping[str, bytes],
) -> int:
    for name in sorted(extras):
        bundle.writestr(_entry(name), extras[name])
    count = 0
    digests: set[bytes] = set()
    with bundle.open(_entry(EVENTS), "w", force_zip64=True) as lines:
        for body in bodies:
            lines.write(body + b"\n")
            digests.update(_digests(body, count))
            count += 1
    for digest in sorted(digests):
        blob = blobs(digest)
        if blob is not None:
            bundle.writestr(_entry(f"blobs/{digest.hex()}"), blob.salt + blob.content)
    for size, note in sorted(notes):
        bundle.writestr(_entry(f"checkpoints/{size}.note"), note.encode("utf-8"))
    return count


def _digests(body: bytes, seq: int) -> Iterable[bytes]:
    """Give the digests that a body refers to; none for a damaged one, which is exported as the evidence it is."""
    try:
        return [ref.digest for ref in parse(body, seq=seq).blobs]
    except IntegrityError:
        return []


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    entry.create_system = 3
    return entry
