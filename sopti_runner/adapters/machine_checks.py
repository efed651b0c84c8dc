"""What an operator must know of this machine before trusting it: keys that are private, tools that are there."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from sopti_runner.domain.check import Check
from sopti_runner.errors import N_, SoptiError

TOOLS = ("ssh", "ssh-keygen", "ansible-playbook")


def machine_checks(keys: Mapping[Path, Callable[[], object]]) -> list[Check]:
    """Give a check for each key and each program that sopti starts.

    Args:
        keys: Key file → what reads it as sopti does, raising SoptiError when that can't be.
    """
    return [*(_key(path, read) for path, read in keys.items()), *map(_tool, TOOLS)]


def _key(path: Path, read: Callable[[], object]) -> Check:
    mode = path.stat().st_mode & 0o777 if path.exists() else None
    if mode is None or mode & 0o077:
        return Check(path.name, "fault", N_("missing, or others can read it"), f"chmod 600 {path}")
    try:
        read()
    except SoptiError as error:
        return Check(path.name, "fault", error.what, "docs/runbooks/machine-lost.md", error.fields)
    return Check(path.name, "ok", N_("a sound key that only its owner can read"))


def _tool(name: str) -> Check:
    """Look on the PATH, and beside the Python that runs sopti: a virtual environment need not be on it."""
    if shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent)):
        return Check(name, "ok", N_("found"))
    return Check(name, "fault", N_("not found"))
