"""The inventory's files, read once: what is judged is what Ansible then evaluates, from a copy of our own.

Operators write this folder, and sopti reads it with rights that reach further than theirs: a link in it could lead to
a key. So nothing but plain files is read, each opened without following a link, and Ansible sees only the copy.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sopti_runner.adapters.ansible.rules import Finding
from sopti_runner.adapters.ansible.strict_yaml import Located, parse_yaml
from sopti_runner.adapters.ansible.task_rules import INVENTORY_VARIABLES, check_values
from sopti_runner.errors import N_, ContentError

MAX_FILE_BYTES = 4 << 20
BESIDE = ("group_vars", "host_vars")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class InventoryFiles:
    """What was read.

    Attributes:
        source: The inventory of the settings, a file or a folder.
        main: What Ansible is given of the copy: the inventory's own file, or ``.`` for the whole folder.
        files: Path below the copy's root → content.
        findings: What is no plain file, or may not stand in an inventory; the content is not to be used then.
    """

    source: Path
    main: str
    files: Mapping[str, bytes]
    findings: tuple[Finding, ...]

    def copy_to(self, folder: Path) -> Path:
        """Write the copy into a new folder and give what Ansible is to read."""
        folder.mkdir(mode=0o700)
        for name, content in self.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return folder / self.main


def read_inventory(inventory: Path, playbooks: Path) -> InventoryFiles:
    """Read the inventory, and judge it with the ``group_vars`` and ``host_vars`` beside the playbooks.

    Raises:
        ContentError: It is missing, or one of its files is no YAML; names file and line.
    """
    if not inventory.exists():
        raise ContentError(
            N_("The inventory can't be read"), on=str(inventory), expected=N_("a file or folder"), found=N_("nothing")
        )
    folder = inventory.is_dir()
    reading = _Reading((inventory if folder else inventory.parent).resolve())
    if folder:
        reading.folder(".")
    else:
        reading.lone_file(inventory.name)
        for beside in BESIDE:
            reading.folder(beside)
    found = reading.findings
    for name, content in reading.files.items():
        found += _judge(_shown(reading.root / name), Path(name).suffix, content)
    for beside in BESIDE:
        for path in sorted(each for each in (playbooks / beside).rglob("*") if each.is_file()):
            found += _judge(_shown(path), path.suffix, path.read_bytes())
    return InventoryFiles(inventory, "." if folder else inventory.name, reading.files, tuple(found))


class _Reading:
    """Reads plain files below one folder by handles; whatever else stands there becomes a finding."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[str, bytes] = {}
        self.findings: list[Finding] = []

    def folder(self, name: str) -> None:
        """Read a folder and all below it; hidden names are passed over, as Ansible does."""
        top = self.root / name
        if top.is_symlink():
            self._refuse(top, "a link")
        elif top.is_dir():
            for at, folders, names, handle in os.fwalk(top, follow_symlinks=False):
                folders[:] = sorted(each for each in folders if not each.startswith("."))
                for each in folders:
                    if stat.S_ISLNK(os.stat(each, dir_fd=handle, follow_symlinks=False).st_mode):
                        self._refuse(Path(at) / each, "a link")
                for each in sorted(each for each in names if not each.startswith(".")):
                    self._file(Path(at) / each, handle)

    def lone_file(self, name: str) -> None:
        """Read one file of the folder."""
        handle = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._file(self.root / name, handle)
        finally:
            os.close(handle)

    def _file(self, path: Path, folder: int) -> None:
        try:
            handle = os.open(path.name, _READ, dir_fd=folder)
        except OSError as error:
            self._refuse(path, "a link" if error.errno == errno.ELOOP else str(error.strerror))
            return
        try:
            wrong = _wrong(os.fstat(handle))
            if wrong:
                self._refuse(path, wrong)
                return
            with os.fdopen(handle, "rb", closefd=False) as stream:
                self.files[path.relative_to(self.root).as_posix()] = stream.read(MAX_FILE_BYTES)
        finally:
            os.close(handle)

    def _refuse(self, path: Path, found: str) -> None:
        self.findings.append(Finding(_shown(path), 0, "inventory", found))


def _wrong(status: os.stat_result) -> str:
    """Give what a file must not be, or nothing."""
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        return "not a plain file"
    if status.st_mode & 0o111:
        return "an executable file"
    return "a file too large" if status.st_size > MAX_FILE_BYTES else ""


def _judge(name: str, suffix: str, content: bytes) -> Iterator[Finding]:
    if suffix in (".yml", ".yaml", ".json"):
        for document in parse_yaml(content, name, aliases=False):
            if isinstance(document, Located) and "plugin" in document:
                yield Finding(name, document.at("plugin"), "inventory", f"plugin: {document['plugin']}")
            yield from check_values(name, document, 1, allowed=INVENTORY_VARIABLES)
    elif suffix == ".py":
        yield Finding(name, 0, "inventory", "Python")


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
