"""Hosts on which people work by hand, reached as a run reaches them; implements ``ports.hand_work.WorkPlace``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible import ssh
from sopti_runner.adapters.ansible.evidence import EvidenceFile
from sopti_runner.adapters.ansible.observation import PROGRAM
from sopti_runner.adapters.ansible.observers import answer
from sopti_runner.adapters.ansible.runs import CANCEL, EVIDENCE
from sopti_runner.adapters.ansible.snapshot import Snapshots
from sopti_runner.domain.hand_work import Seen
from sopti_runner.domain.plan import PlanRecord
from sopti_runner.ports import Sealed
from sopti_runner.ports.access import HostKeys

LOOK = Path(__file__).with_name("look_program.py")


class SealedWorkPlace:
    """Reaches hosts by a sealed copy's inventory and pinned keys.

    Args:
        state_dir: Copies are in ``snapshots/``, evidence of runs in ``runs/``.
    """

    def __init__(self, state_dir: Path) -> None:
        self._snapshots, self._runs = Snapshots(state_dir / "snapshots"), state_dir / "runs"

    def look(self, sealed: Sealed, host: str, keys: HostKeys) -> Seen:
        """Look at a whole host once; DeviceError when that can't be done."""
        copy = self._snapshots.path(sealed.id)
        with ssh.identities(copy, keys) as identities:
            said = answer(host, _reached(copy, host), copy / "known_hosts", identities, look_program())
        return Seen(
            {str(k): str(v) for k, v in said["objects"].items()}, tuple(map(str, said["left_out"])), bool(said["cut"])
        )

    @contextmanager
    def way_in(self, sealed: Sealed, host: str, keys: HostKeys) -> Iterator[list[str]]:
        """Give the command that opens a terminal on a host."""
        copy = self._snapshots.path(sealed.id)
        with ssh.identities(copy, keys) as identities:
            yield ssh.terminal(host, _reached(copy, host), copy / "known_hosts", identities)

    def begin(self, run: str, record: PlanRecord) -> None:
        """Write the intent as a run's worker does: until the run has ended, nobody knows what became of it."""
        folder = self._runs / run
        folder.mkdir(mode=0o700, parents=True)
        named = {part: getattr(record, part) for part in ("host", "task", "name", "module", "item", "args")}
        EvidenceFile(folder / EVIDENCE).append({"e": "intent", **named, "predicted": record.kind.value, "reads": False})

    def stopped(self, run: str) -> bool:
        """Tell whether somebody asked the run to end."""
        return (self._runs / run / CANCEL).exists()


def look_program() -> str:
    """Give the program that looks at a whole host, in one text."""
    lines = [line for line in LOOK.read_text("utf-8").splitlines() if not line.startswith("from sopti_runner")]
    return "\n".join([PROGRAM.read_text("utf-8"), *lines, "look_around()", ""])


def _reached(copy: Path, host: str) -> Mapping[str, Any]:
    hosts: Mapping[str, Mapping[str, Any]] = json.loads((copy / "inventory.json").read_text("utf-8"))["all"]["hosts"]
    return hosts[host]
