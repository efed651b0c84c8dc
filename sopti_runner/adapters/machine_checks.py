"""What an operator must know of this machine before trusting it: keys that are private, tools that are there."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sopti_runner.domain.check import Check
from sopti_runner.errors import N_

KEYS = ("log.key", "hmac.key")
TOOLS = ("ssh", "ssh-keygen", "ansible-playbook")


def machine_checks(state: Path) -> list[Check]:
    """Give a check for each key file in the state folder and each program that sopti starts."""
    return [*(_key(state / name) for name in KEYS), *map(_tool, TOOLS)]


def _key(path: Path) -> Check:
    mode = path.stat().st_mode & 0o777 if path.exists() else None
    if mode is not None and not mode & 0o077:
        return Check(path.name, "ok", N_("only its owner can read it"))
    return Check(path.name, "fault", N_("missing, or others can read it"), f"chmod 600 {path}")


def _tool(name: str) -> Check:
    """Look on the PATH, and beside the Python that runs sopti: a virtual environment need not be on it."""
    if shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent)):
        return Check(name, "ok", N_("found"))
    return Check(name, "fault", N_("not found"))
