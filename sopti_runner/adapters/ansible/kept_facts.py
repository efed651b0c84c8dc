"""The facts of a plan's hosts, kept until its run: what was planned on is what is run on, and nobody asks twice.

Gathering facts is about half of a run that changes nothing. Facts decide arguments and conditions, and the gate
compares each of these with the plan: other facts could only lead to a veto, never to something that was not approved.
They are used once, by one run, and never when they are older than ``MAX_AGE_S``; then the run gathers them anew.
"""

from __future__ import annotations

import shutil
from pathlib import Path

MAX_AGE_S = 24 * 3600


def settings(folder: Path) -> dict[str, object]:
    """Give Ansible's settings, without prefix, for a phase whose facts lie in a folder; empty: they are gathered."""
    found = {
        "CACHE_PLUGIN": "jsonfile",
        "CACHE_PLUGIN_CONNECTION": folder,
        "CACHE_PLUGIN_TIMEOUT": MAX_AGE_S,
    }
    return found | ({"GATHERING": "smart"} if any(folder.iterdir()) else {})


def take(kept: Path, folder: Path) -> None:
    """Move what a plan kept into a run's own folder, or make that folder empty."""
    try:
        kept.rename(folder)
    except FileNotFoundError:
        folder.mkdir(mode=0o700)


def keep(folder: Path, kept: Path) -> None:
    """Keep a plan's facts in place of older ones; where that can't be done, its run gathers them itself."""
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.rmtree(kept, ignore_errors=True)
    try:
        folder.rename(kept)
    except OSError:
        return
