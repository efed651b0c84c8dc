"""Plain ``ansible-playbook`` against a lab's hosts, for tests of roles: no gate, no ledger, pinned host keys."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.lab import Lab

_REPO = Path(__file__).resolve().parents[2]
_TASK = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(.*?)\] \**$")
_STATE = re.compile(r"^(ok|changed|fatal|failed|skipping|unreachable): \[([\w.-]+)\]")


@dataclass(frozen=True, slots=True)
class Played:
    """What a play printed.

    Attributes:
        seconds: Wall time.
        sections: Task as printed → its lines, diffs included.
    """

    returncode: int
    stdout: str
    seconds: float
    sections: Mapping[str, tuple[str, ...]]

    def in_state(self, state: str, host: str) -> list[str]:
        """Give the tasks that ended so (``ok``, ``changed``, ``fatal``) on a host, in order."""
        return [
            task
            for task, lines in self.sections.items()
            for line in lines
            if (found := _STATE.match(line)) and found.groups() == (state, host)
        ]

    def changed(self, host: str) -> list[str]:
        """Give the tasks that changed a host, or would."""
        return self.in_state("changed", host)

    def diff(self, task: str) -> list[str]:
        """Give the diff that a task printed (all hosts'), its task named by its last words."""
        lines = next(lines for name, lines in self.sections.items() if name.endswith(task))
        return [line for line in lines if line[:1] in "+- @"]

    @property
    def text(self) -> str:
        """Everything printed, white space narrowed, for a look at messages."""
        return " ".join(self.stdout.replace("\\n", "\n").split())


def command(
    lab: Lab,
    playbook: Path,
    *words: str,
    host: str = "",
    variables: Mapping[str, Any] | None = None,
    check: bool = False,
    users: Mapping[str, str] | None = None,
) -> tuple[list[str], dict[str, str]]:
    """Give command and environment of a run.

    Args:
        words: Added as they are.
        host: The only host, when not all.
        users: Host → login, where it isn't root.
    """
    inventory = lab.known_hosts.with_name(f"inventory-{secrets.token_hex(4)}.json")
    document = lab.inventory()
    for name, user in (users or {}).items():
        document["all"]["children"]["servers"]["hosts"][name]["ansible_user"] = user
    inventory.write_text(json.dumps(document))
    run = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-i",
        str(inventory),
        str(playbook),
        "--diff",
        *words,
    ]
    run += ["--limit", host] if host else []
    run += ["--check"] if check else []
    run += ["--extra-vars", json.dumps(variables)] if variables else []
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/root"),
        "LANG": "C.UTF-8",
        "ANSIBLE_CONFIG": str(_REPO / "ansible.cfg"),
        "ANSIBLE_HOME": str(lab.known_hosts.with_name("ansible")),
        "ANSIBLE_SSH_ARGS": f"-o UserKnownHostsFile={lab.known_hosts} -o ControlMaster=auto -o ControlPersist=60s",
        "ANSIBLE_NOCOLOR": "1",
    }
    return run, environment


def play(lab: Lab, playbook: Path, *words: str, timeout: float = 120, **options: Any) -> Played:
    """Run a playbook to its end; options as for ``command``."""
    run, environment = command(lab, playbook, *words, **options)
    started = time.monotonic()
    done = subprocess.run(
        run, env=environment, cwd=_REPO, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    return Played(done.returncode, done.stdout + done.stderr, time.monotonic() - started, _sections(done.stdout))


def _sections(stdout: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in stdout.splitlines():
        if task := _TASK.match(line):
            name = task[1]
            while name in found:
                name += "'"
            current = found.setdefault(name, [])
        elif line.startswith("PLAY RECAP"):
            current = []
        else:
            current.append(line)
    return {task: tuple(lines) for task, lines in found.items()}
