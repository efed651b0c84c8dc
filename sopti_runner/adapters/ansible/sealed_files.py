"""The sealed copy as the gate sees it while it runs: which files are still what was sealed, where its hosts are."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible import ssh
from sopti_runner.adapters.ansible.effects import is_on_host, short_name
from sopti_runner.adapters.ansible.snapshot import digest_file, digest_tree

OUTSIDE = "(outside)"
_LOCAL_SOURCES = frozenset(("copy", "template", "script", "unarchive", "assemble"))


class SealedFiles:
    """A copy that is being run.

    Args:
        root: Where it lies.
        files: What it holds, as ``digest_tree`` gave it when its id was checked.
    """

    def __init__(self, root: Path, files: Mapping[str, str]) -> None:
        self.root, self._files = root.resolve(), files
        inventory = json.loads((self.root / "inventory.json").read_text("utf-8"))
        self._hosts: Mapping[str, Mapping[str, Any]] = inventory["all"]["hosts"]

    def address(self, host: str) -> tuple[str, str]:
        """Give (address, port) of a host, port empty for ssh's own; KeyError for a host that is not of the copy."""
        variables = self._hosts[host]
        port = variables.get("ansible_port") or variables.get("ansible_ssh_port") or ""
        return ssh.address(host, variables), str(port)

    def python(self, host: str) -> str | None:
        """Give the interpreter that the sealed inventory names for a host, or None."""
        return self._hosts[host].get("ansible_python_interpreter")

    def place(self, path: str) -> str:
        """Give ``file:line`` relative to the copy; a place outside it is marked, and no plan has such a task."""
        file, _, line = path.rpartition(":")
        place = Path(file)
        return f"{place.relative_to(self.root).as_posix()}:{line}" if place.is_relative_to(self.root) else OUTSIDE

    def as_sealed(self, path: Path) -> bool:
        """Tell whether a file or folder of the copy is what was sealed; what is not of the copy is not this rule's."""
        if not path.is_relative_to(self.root):
            return True
        place = path.relative_to(self.root)
        inside = {name: digest for name, digest in self._files.items() if Path(name).is_relative_to(place)}
        if path.is_dir():
            return digest_tree(path) == {Path(n).relative_to(place).as_posix(): d for n, d in inside.items()}
        try:
            return digest_file(path) == self._files.get(place.as_posix())
        except OSError:
            return False

    def is_outside(self, source: str) -> bool:
        """Tell whether the name of a file to be sent leads out of the copy."""
        away = source.startswith("/") and not Path(source).resolve().is_relative_to(self.root)
        return away or ".." in Path(source).parts or source.startswith("~")


def local_source(task: Any) -> str:
    """Give the name of the file or folder of this machine that a task sends, empty for none."""
    module = short_name(str(task.action))
    if module not in _LOCAL_SOURCES or is_on_host(module, task.args):
        return ""
    if module == "script":
        words = shlex.split(str(task.args.get("cmd") or task.args.get("_raw_params") or ""))
        return words[0] if words else ""
    source = task.args.get("src")
    return source if isinstance(source, str) else ""
