"""The inventory's files, read once: what is judged is what Ansible then evaluates, from a copy of our own.

Operators write this folder, and sopti reads it with rights that reach further than theirs: a link in it could lead to
a key. So nothing but plain files is read, each opened without following a link, and Ansible sees only the copy. What
can't be read is a finding: a plan without it would be another plan.

The variables beside the playbooks are read and judged by the same rules. They belong to the content, which operators
don't write, and Ansible reads them again where they stand.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sopti_runner.adapters.ansible.rules import Finding
from sopti_runner.adapters.ansible.secret_rules import check_secrets
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
    folder = _is_folder(inventory)
    reading = _Reading((inventory if folder else inventory.parent).resolve())
    for name in (".",) if folder else (inventory.name, *BESIDE):
        reading.take(name)
    with_playbooks = _Reading(playbooks.resolve())
    for name in BESIDE:
        with_playbooks.take(name)
    found = reading.findings + with_playbooks.findings
    for each in (reading, with_playbooks):
        for name, content in each.files.items():
            found += _judge(_shown(each.root / name), Path(name).suffix, content)
    return InventoryFiles(inventory, "." if folder else inventory.name, reading.files, tuple(found))


class _Reading:
    """Reads plain files below one folder by handles; whatever else stands there becomes a finding."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[str, bytes] = {}
        self.findings: list[Finding] = []

    def take(self, name: str) -> None:
        """Read a file, or a folder and all below it, if there is one; hidden names are passed over, as Ansible does."""
        self._take(self.root / name, self.root / name, None)

    def _take(self, path: Path, name: str | Path, folder: int | None) -> None:
        """Read what stands at ``path``, opened as ``name`` of the folder with this handle."""
        try:
            handle = os.open(name, _READ, dir_fd=folder)
        except OSError as error:
            if error.errno != errno.ENOENT or folder is not None:
                self._refuse(path, "a link" if error.errno == errno.ELOOP else str(error.strerror))
            return
        try:
            status = os.fstat(handle)
            if stat.S_ISDIR(status.st_mode):
                names = os.listdir(handle)  # noqa: PTH208  a Path has no handles
                for each in sorted(each for each in names if not each.startswith(".")):
                    self._take(path / each, each, handle)
            elif wrong := _wrong(status):
                self._refuse(path, wrong)
            else:
                with os.fdopen(handle, "rb", closefd=False) as stream:
                    self.files[path.relative_to(self.root).as_posix()] = stream.read(MAX_FILE_BYTES)
        finally:
            os.close(handle)

    def _refuse(self, path: Path, found: str) -> None:
        self.findings.append(Finding(_shown(path), 0, "inventory", found))


def _is_folder(inventory: Path) -> bool:
    """Tell whether the inventory is a folder; ContentError when there is none, or sopti can't come near it."""
    try:
        return stat.S_ISDIR(inventory.stat().st_mode)
    except OSError as error:
        raise ContentError(
            N_("The inventory can't be read"),
            on=str(inventory),
            expected=N_("a file or folder"),
            found=N_("nothing") if error.errno == errno.ENOENT else str(error.strerror),
        ) from error


def _wrong(status: os.stat_result) -> str:
    """Give what a file must not be, or nothing."""
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        return "not a plain file"
    if status.st_mode & 0o111:
        return "an executable file"
    return "a file too large" if status.st_size > MAX_FILE_BYTES else ""


def _judge(name: str, suffix: str, content: bytes) -> Iterator[Finding]:
    for line, rule, what in check_secrets(content):
        yield Finding(name, line, rule, what)
    if suffix in (".yml", ".yaml", ".json"):
        for document in parse_yaml(content, name, aliases=False):
            if isinstance(document, Located) and "plugin" in document:
                yield Finding(name, document.at("plugin"), "inventory", f"plugin: {document['plugin']}")
            yield from check_values(name, document, 1, allowed=INVENTORY_VARIABLES)
    elif suffix == ".py":
        yield Finding(name, 0, "inventory", "Python")


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
