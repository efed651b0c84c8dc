"""What is known of each lab, in one folder each under /run/sopti-lab (``SOPTI_LAB_STATE``)."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.lab import cgroup
from tests.lab.network import Network
from tests.lab.process import Process


def root() -> Path:
    """Give the folder that holds a folder for each lab."""
    return Path(os.environ.get("SOPTI_LAB_STATE", "/run/sopti-lab"))


@dataclass(frozen=True, slots=True)
class Record:
    """One lab as it is written down, before anything of it is started.

    Attributes:
        owner: The process whose end ends the lab, or None for a lab that stays until ``down``.
        keeper: The process that holds the hosts, or None when it was not started yet.
        hosts: Host name → (IPv4 address, pinned public key).
    """

    name: str
    network: Network
    hosts: dict[str, tuple[str, str]]
    owner: Process | None = None
    keeper: Process | None = None

    @property
    def folder(self) -> Path:
        """The lab's folder."""
        return root() / self.name

    @property
    def cgroup(self) -> str:
        """The name of its cgroups; the bridge's makes it unique among state folders too."""
        return f"{self.name}.{self.network.bridge}"

    @property
    def stale(self) -> bool:
        """Whether nobody holds the lab any more: its owner is gone, or its keeper is."""
        gone = [process for process in (self.owner, self.keeper) if process is not None and not process.alive]
        return bool(gone) or (self.owner is None and self.keeper is None)

    def save(self) -> Record:
        """Write it down whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / "lab.json.new"
        draft.write_text(json.dumps(asdict(self), indent=1))
        draft.replace(self.folder / "lab.json")
        return self

    def kept_by(self, keeper: Process) -> Record:
        """Add the keeper and write it down."""
        return replace(self, keeper=keeper).save()

    def clear(self) -> None:
        """Stop the keeper, kill what is left in the lab's cgroups, remove bridge and folder."""
        if self.keeper is not None and self.keeper.pid != os.getpid():
            self.keeper.stop(grace_s=10)
        cgroup.remove(self.cgroup)
        self.network.remove()
        shutil.rmtree(self.folder, ignore_errors=True)


def load(folder: Path) -> Record:
    """Read one lab's record; FileNotFoundError when there is none."""
    data: dict[str, Any] = json.loads((folder / "lab.json").read_text())
    return Record(
        name=data["name"],
        network=Network(**data["network"]),
        hosts={name: (address, key) for name, (address, key) in data["hosts"].items()},
        owner=Process(**data["owner"]) if data["owner"] else None,
        keeper=Process(**data["keeper"]) if data["keeper"] else None,
    )


def records() -> Iterator[Record]:
    """Give every lab that is written down."""
    for folder in sorted(root().glob("*/")):
        with contextlib.suppress(FileNotFoundError):
            yield load(folder)


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Hold the lock under which labs are claimed and cleared."""
    root().mkdir(parents=True, exist_ok=True)
    with (root() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
