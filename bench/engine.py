"""Plan and apply against plain ``ansible-playbook`` on the same five throw-away hosts: ratios of wall time.

Each round runs, in turn: plain check, our plan, plain run, our drift comparison and apply, all on converged hosts, so
that load on the machine falls on all alike. Printed are the medians and their ratios.
"""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from sopti_runner.adapters.ansible import ssh
from sopti_runner.adapters.ansible.content import AnsibleContent
from sopti_runner.adapters.ansible.engine import AnsibleEngine
from tests.lab import Lab

HOSTS = 5
ROUNDS = 5 if os.environ.get("SOPTI_SOAK") == "1" else 2
PLAYBOOK = "five-tasks"
_TASKS = "".join(
    f"- name: File {i}\n  ansible.builtin.copy: {{content: 'baris {i}', dest: /etc/bench-{i}, mode: '0644'}}\n"
    for i in range(5)
)
_WORDING = "{id: Ukur., en: Measure.}"
_MODEL = "\n".join(
    [
        *(f"{key}: {_WORDING}" for key in ("purpose", "effect", "worst_case", "backout")),
        "change_types: [normal]",
        "risk: low",
        "groups: [servers]",
        "",
    ]
)


def main() -> int:
    """Measure and print one line a comparison."""
    with tempfile.TemporaryDirectory(prefix="sopti-bench-") as folder, Lab.up(HOSTS) as lab:
        times = _measure(Path(folder), lab)
    medians = {name: statistics.median(each) for name, each in times.items()}
    for ours, plain in (("plan", "plain check"), ("apply", "plain run"), ("compare and apply", "plain run")):
        ratio = medians[ours] / medians[plain]
        print(f"{ours}: {medians[ours]:.1f} s, {plain}: {medians[plain]:.1f} s, ratio {ratio:.2f} ({HOSTS} hosts)")
    return 0


def _measure(folder: Path, lab: Lab) -> dict[str, list[float]]:
    times: dict[str, list[float]] = defaultdict(list)
    content, inventory = folder / "content", folder / "hosts.yml"
    _write(content)
    inventory.write_text(yaml.safe_dump(lab.inventory()))
    source = AnsibleContent(content, inventory, folder / "state")
    engine = AnsibleEngine(folder / "state", b"k" * 32)
    sealed = source.seal(PLAYBOOK, limit=[], variables={})
    plain = _plain(folder, content, inventory, lab)
    plain([])
    for turn in range(ROUNDS):
        with _timed(times["plain check"]):
            plain(["--check", "--diff"])
        with _timed(times["plan"]):
            plan = engine.plan(sealed, PLAYBOOK, {}, [], lambda host, what: None)
        with _timed(times["plain run"]):
            plain([])
        with _timed(times["compare and apply"]):
            engine.drift(plan, sealed)
            with _timed(times["apply"]):
                engine.apply(plan, sealed, f"run-{turn}", lambda task: None, lambda host, what: None)
    return times


def _write(content: Path) -> None:
    files = {
        f"playbooks/{PLAYBOOK}.yml": "- name: Five\n  hosts: servers\n  roles: [five]\n",
        f"playbooks/{PLAYBOOK}.change.yml": _MODEL,
        "roles/five/tasks/main.yml": _TASKS,
        "ansible.cfg": "[defaults]\nroles_path = roles\n",
    }
    for name, text in files.items():
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        (content / name).write_text(text)


def _plain(folder: Path, content: Path, inventory: Path, lab: Lab) -> Callable[[list[str]], None]:
    persist = ["-o", "ControlMaster=auto", "-o", "ControlPersist=5s"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "ANSIBLE_CONFIG": str(content / "ansible.cfg"),
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_SSH_ARGS": shlex.join([*ssh.options(lab.known_hosts), *persist]),
    }
    program = [sys.executable, "-m", "ansible.cli.playbook", "-i", str(inventory), "--forks", str(HOSTS)]

    def run(words: list[str]) -> None:
        playbook = str(content / f"playbooks/{PLAYBOOK}.yml")
        subprocess.run([*program, *words, playbook], env=environment, check=True, capture_output=True)

    return run


@contextmanager
def _timed(into: list[float]) -> Iterator[None]:
    started = time.monotonic()
    yield
    into.append(time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
