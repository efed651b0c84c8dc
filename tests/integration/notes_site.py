"""A site of its own whose content is that of ``tests.e2e.notes`` with other files: sealed and planned when made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sopti_runner.adapters.ansible.content import AnsibleContent
from sopti_runner.adapters.ansible.engine import AnsibleEngine
from sopti_runner.ports import HostOutcome
from tests.e2e import notes
from tests.lab import Lab

TASKS = "roles/notes/tasks/main.yml"


class Site:
    """Content, engine and state in one folder, and the plan."""

    def __init__(self, folder: Path, lab: Lab, files: Mapping[str, str]) -> None:
        root = notes.write(folder / "content")
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        hosts = folder / "hosts.yml"
        hosts.write_text(yaml.safe_dump(lab.inventory()))
        self.engine = AnsibleEngine(folder / "state", b"k" * 32)
        self.content = AnsibleContent(root, hosts, folder / "state")
        self.prepare({})

    def prepare(self, given: Mapping[str, Any]) -> None:
        """Seal and plan."""
        self.sealed = self.content.seal(notes.PLAYBOOK, limit=[], variables=given)
        self.plan = self.engine.plan(self.sealed, notes.PLAYBOOK, given, [], lambda host, what: None)

    def apply(self, run: str = "run-1") -> HostOutcome:
        (only,) = self.engine.apply(self.plan, self.sealed, run, lambda task: None, lambda host, what: None)
        return only
