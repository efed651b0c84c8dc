"""What an operator must know of this machine before trusting it: keys that are private, tools that are there."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from sopti_runner.domain.check import Check
from sopti_runner.domain.run import PARENT_DEATH
from sopti_runner.errors import N_, SoptiError

CONTAINMENT_PAGE = "docs/adr/0014-runs-that-end-with-their-runner.md"
TOOLS = ("ssh", "ssh-keygen", "ansible-playbook")


def machine_checks(keys: Mapping[Path, Callable[[], object]], state: Path, sinks: Iterable[Path]) -> list[Check]:
    """Give a check for each key, each program that sopti starts, and each place that checkpoints and backups go to.

    Args:
        keys: Key file → what reads it as sopti does, raising SoptiError when that can't be.
        state: The folder of the ledger.
        sinks: Folders that should be another machine's.
    """
    places = (_place(place, state) for place in sinks)
    return [*(_key(path, read) for path, read in keys.items()), *map(_tool, TOOLS), *places]


def containment_check(kind: str) -> Check:
    """Say what ends a run's processes with their runner on this machine (a kind of ``domain.run.CONTAINMENTS``)."""
    name = N_("Containment of runs")
    if kind == PARENT_DEATH:
        return Check(
            name, "warning", N_("no namespace: each process only hears of its parent's death"), CONTAINMENT_PAGE
        )
    return Check(name, "ok", N_("all processes end with their runner ({kind})"), "", {"kind": kind})


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


def _place(place: Path, state: Path) -> Check:
    """Look at a place for checkpoints: an unmounted share is an empty folder on this machine's own disk."""
    try:
        apart = place.stat().st_dev != state.stat().st_dev
    except OSError as error:
        return Check(str(place), "fault", N_("can't be read: {why}"), "mount", {"why": error.strerror})
    if apart:
        return Check(str(place), "ok", N_("not on the ledger's own disk"))
    return Check(
        str(place),
        "warning",
        N_("on the ledger's own disk: not another machine's share, or not mounted; it protects against nobody here"),
        "docs/settings.md",
    )
