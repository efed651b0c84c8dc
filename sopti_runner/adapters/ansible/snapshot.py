"""Sealed copies: the closure is copied, the copy is digested, and everything later runs from the copy.

Layout of ``<state>/snapshots``: one folder per copy, named by the SHA-256 of its sorted file list, and ``<id>.json``
beside it with that list and what the copy was made for. A copy is never changed; an equal closure gives the same id.
Longer than other modules: what is copied, how it is digested and how it is read again have to agree to the byte.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import rfc8785

from sopti_runner.adapters.ansible.rules import Finding
from sopti_runner.errors import N_, ContentError, IntegrityError, NotFoundError
from sopti_runner.ports import Sealed

EXECUTABLE = "x:"
_ID = re.compile(r"[0-9a-f]{64}")


def digest_tree(root: Path) -> dict[str, str]:
    """Give relative path → SHA-256 (hex, ``x:`` before it when executable) of every file, sorted.

    A link or special file counts as ``link:target`` or ``special``: a sealed copy holds none, so it shows as altered.
    """
    found: dict[str, str] = {}
    for parent, folders, files in os.walk(root):
        for name in [*files, *(each for each in folders if (Path(parent) / each).is_symlink())]:
            path = Path(parent) / name
            found[path.relative_to(root).as_posix()] = digest_file(path)
    return dict(sorted(found.items()))


def digest_file(path: Path) -> str:
    """Give what ``digest_tree`` says of one file; ``missing`` when it is not there."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return "missing"
    if stat.S_ISLNK(mode):
        return f"link:{path.readlink()}"
    if not stat.S_ISREG(mode):
        return "special"
    mark = EXECUTABLE if mode & stat.S_IXUSR else ""
    return mark + hashlib.sha256(path.read_bytes()).hexdigest()


def tree_id(files: Mapping[str, str]) -> str:
    """Give the name of a copy: SHA-256 (hex) of RFC 8785 of its file list."""
    return hashlib.sha256(rfc8785.dumps(dict(files))).hexdigest()


def engine_versions() -> dict[str, str]:
    """Give the versions of everything that renders or runs content on this machine."""
    return {
        "ansible-core": metadata.version("ansible-core"),
        "jinja2": metadata.version("jinja2"),
        "python": platform.python_version(),
        "sopti": metadata.version("sopti-runner"),
    }


def altered_files(root: Path, expected: Mapping[str, str]) -> list[str]:
    """Give the files that are other, missing or additional, sorted."""
    found = digest_tree(root)
    return sorted(path for path in {*found, *expected} if found.get(path) != expected.get(path))


def copy_file(source_root: Path, target_root: Path, file: str) -> Finding | None:
    """Copy one file of the content; a link is followed while it stays inside, and stored as the file it names.

    Returns:
        What forbids it, or None.
    """
    source = source_root / file
    resolved = source.resolve()
    if not resolved.is_relative_to(source_root.resolve()):
        return Finding(file, 0, "link", f"leads to {resolved}")
    try:
        with resolved.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                return Finding(file, 0, "link", "not a plain file")
            content = stream.read()
    except OSError as error:
        return Finding(file, 0, "missing", error.strerror or str(error))
    write_file(target_root / file, content, executable=bool(status.st_mode & stat.S_IXUSR))
    return None


def write_file(path: Path, content: bytes, *, executable: bool = False) -> None:
    """Write one file of a copy, with a mode that does not depend on the umask."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755 if executable else 0o644)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON with sorted keys and no spaces."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    write_file(path, f"{text}\n".encode())


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands beside a copy.

    Attributes:
        sealed: As the port gives it.
        playbook: Name without folder and ending.
        variables: As checked.
    """

    sealed: Sealed
    playbook: str
    variables: Mapping[str, Any]


class Snapshots:
    """The folder of sealed copies.

    Args:
        folder: Made when missing, mode 0700.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def fresh(self) -> Iterator[Path]:
        """Give a new empty folder on the same file system, removed at the end unless it was kept.

        While it is in use it is locked: what a process that was killed left behind has no lock, and is removed here.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as held:
            with _locked(self._folder):
                for stale in sorted(self._folder.glob(".new-*")):
                    _remove_unlocked(stale)
                copy = Path(tempfile.mkdtemp(prefix=".new-", dir=self._folder))
                held.enter_context(_locked(copy))
            try:
                yield copy
            finally:
                discard(copy)

    def keep(self, copy: Path, manifest: Manifest) -> None:
        """Give a finished copy its name; an equal one that is kept already stays, unless it was altered meanwhile."""
        target = self.path(manifest.sealed.id)
        with _locked(self._folder):
            if not target.exists() or altered_files(target, manifest.sealed.files):
                discard(target)
                copy.rename(target)
            partial = copy.with_suffix(".json")
            partial.write_text(json.dumps(asdict(manifest), sort_keys=True), "utf-8")
            partial.replace(self._folder / f"{manifest.sealed.id}.json")

    def path(self, sealed_id: str) -> Path:
        """Give the folder of a copy, existing or not; NotFoundError when the id is none."""
        if not _ID.fullmatch(sealed_id):
            raise NotFoundError(N_("There is no sealed copy {id}"), on=sealed_id, id=sealed_id)
        return self._folder / sealed_id

    def manifest(self, sealed_id: str) -> Manifest:
        """Give what a copy was made for; NotFoundError without one, IntegrityError when it does not fit its id."""
        path = self.path(sealed_id).with_suffix(".json")
        try:
            value = json.loads(path.read_text("utf-8"))
            given = value.pop("sealed")
            sealed = Sealed(**{**given, "hosts": tuple(given["hosts"])})
            manifest = Manifest(sealed=sealed, **value)
        except FileNotFoundError as error:
            raise NotFoundError(
                N_("There is no sealed copy {id}"), on=sealed_id, next="sopti plan", id=sealed_id
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged(sealed_id, str(error)) from error
        if sealed.id != sealed_id or tree_id(sealed.files) != sealed_id:
            raise _damaged(sealed_id, tree_id(sealed.files))
        return manifest

    def intact(self, sealed_id: str, file: str) -> Path:
        """Give one file of a kept copy; IntegrityError when it is not what was sealed."""
        path, expected = self.path(sealed_id) / file, self.manifest(sealed_id).sealed.files.get(file, "")
        found = digest_file(path)
        if not expected or found != expected:
            raise IntegrityError(
                N_("The sealed copy was changed: {name}"),
                on=sealed_id,
                expected=expected,
                found=found,
                next="sopti plan",
                name=file,
            )
        return path

    def altered(self, sealed_id: str) -> list[str]:
        """Give the files of a kept copy that no longer match, sorted."""
        return altered_files(self.path(sealed_id), self.manifest(sealed_id).sealed.files)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _remove_unlocked(stale: Path) -> None:
    with suppress(FileNotFoundError):  # its owner removed it just now
        handle = os.open(stale, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            discard(stale) if stale.is_dir() else stale.unlink()
        except BlockingIOError:
            pass  # another command is filling it
        finally:
            os.close(handle)


def _damaged(sealed_id: str, found: str) -> IntegrityError:
    return IntegrityError(
        N_("The list of sealed copy {id} does not match its name"),
        on=sealed_id,
        expected=sealed_id,
        found=found,
        next="sopti plan",
        id=sealed_id,
    )


def discard(folder: Path) -> None:
    """Remove a copy, if there is one."""
    shutil.rmtree(folder, ignore_errors=True)


def refuse(playbook: str, findings: list[Finding]) -> ContentError:
    """Give the error that lists every broken rule; ``error.fields["findings"]`` holds them as values."""
    first = findings[0]
    return ContentError(
        N_("Playbook {playbook} can't be sealed: {count} places break the rules of safe content"),
        on=f"{first.file}:{first.line}" if first.line else first.file,
        expected=first.rule,
        found="\n".join(map(str, findings)),
        playbook=playbook,
        count=len(findings),
        findings=tuple(findings),
    )
