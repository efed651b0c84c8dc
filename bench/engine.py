"""What approval costs: gated plan, comparison and apply against ONE plain ``ansible-playbook`` on the same five hosts.

The plain run gathers facts as Ansible does by default; our play names the few it needs, and the run reuses the plan's.
Each round runs everything in turn, converged and with a change in each task, so that load on the machine falls on all
alike. Printed are the ratios and, as medians, where the time goes; a part ends when its line of evidence is read, which
may be up to a second late.
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
GOALS = {"converged": 1.3, "with changes": 2.0}
PHASES = ("plan", "compare", "apply")
PLAYBOOK = "five-tasks"
_TASKS = "".join(
    f"- name: File {i}\n  ansible.builtin.copy:"
    f" {{content: '{{{{ five_text }}}} {i}', dest: /etc/bench-{i}, mode: '0644'}}\n"
    for i in range(5)
)
_WORDING = "{id: Ukur., en: Measure.}"
_MODEL = "\n".join(
    [
        *(f"{key}: {_WORDING}" for key in ("purpose", "effect", "worst_case", "backout")),
        "change_types: [normal]",
        "risk: low",
        "groups: [servers]",
        f"variables: {{five_text: {{type: str, about: {_WORDING}}}}}",
        "",
    ]
)


Times = dict[tuple[str, str, str], list[float]]
"""(converged or with changes, phase, part) → seconds, one for each round; the part "" is the whole phase."""


def main() -> int:
    """Measure and print the comparisons with their parts; 1 when a goal was missed."""
    with tempfile.TemporaryDirectory(prefix="sopti-bench-") as folder, Lab.up(HOSTS) as lab:
        times = _measure(Path(folder), lab)
    missed = [_missed(kind, goal, times) for kind, goal in GOALS.items()]
    return int(any(missed))


def _missed(kind: str, goal: float, times: Times) -> bool:
    medians = {(phase, part): statistics.median(each) for (which, phase, part), each in times.items() if which == kind}
    plain, ours = medians["plain", ""], sum(medians[phase, ""] for phase in PHASES)
    ratio = ours / plain
    print(f"{kind}: gated {ours:.1f} s, plain run {plain:.1f} s, ratio {ratio:.2f}, goal {goal} ({HOSTS} hosts)")
    for phase in PHASES:
        parts = [f"{part} {each:.1f}" for (whose, part), each in medians.items() if whose == phase and part]
        print(f"  {phase} {medians[phase, '']:.1f} s{': ' if parts else ''}{', '.join(parts)}")
    return ratio > goal


def _measure(folder: Path, lab: Lab) -> Times:
    times: Times = defaultdict(list)
    content, inventory = folder / "content", folder / "hosts.yml"
    _write(content)
    inventory.write_text(yaml.safe_dump(lab.inventory()))
    gated = _Gated(AnsibleContent(content, inventory, folder / "state"), AnsibleEngine(folder / "state", b"k" * 32))
    plain = _plain(folder, content, inventory, lab)
    plain("first")
    for turn in range(ROUNDS):
        before = f"turn {turn - 1}" if turn else "first"
        with _timed(times["converged", "plain", ""]):
            plain(before)
        gated.run(before, times, "converged")
        with _timed(times["with changes", "plain", ""]):
            plain(f"plain {turn}")
        gated.run(f"turn {turn}", times, "with changes")
    return times


class _Gated:
    """Our way, part by part."""

    def __init__(self, content: AnsibleContent, engine: AnsibleEngine) -> None:
        self.content, self.engine, self.runs = content, engine, 0

    def run(self, text: str, times: Times, kind: str) -> None:
        given = {"five_text": text}
        with _timed(times[kind, "plan", ""]), _Parts(times, kind, "plan") as parts:
            sealed = self.content.seal(PLAYBOOK, limit=[], variables=given)
            parts.end("sealing")
            plan = self.engine.plan(sealed, PLAYBOOK, given, [], parts.task)
        with _timed(times[kind, "compare", ""]):
            self.engine.drift(plan, sealed)
        self.runs += 1
        with _timed(times[kind, "apply", ""]), _Parts(times, kind, "apply") as parts:
            ends = self.engine.apply(plan, sealed, f"run-{self.runs}", lambda task: None, parts.task)
        wanted = "unchanged" if kind == "converged" else "changed"
        if {each.outcome for each in ends} != {wanted}:
            raise SystemExit(f"expected {wanted} hosts, found {ends}")


class _Parts:
    """What a phase's time went into, as its tasks become known: until the first, between, and after the last."""

    def __init__(self, times: Times, kind: str, phase: str) -> None:
        self._times, self._kind, self._phase = times, kind, phase
        self._last = time.monotonic()
        self._task = 0.0

    def __enter__(self) -> _Parts:
        return self

    def end(self, part: str, at: float = 0.0) -> None:
        """Note that a part ended, now unless told when."""
        at = at or time.monotonic()
        self._times[self._kind, self._phase, part].append(at - self._last)
        self._last = at

    def task(self, host: str, what: str) -> None:
        """Note that a task has ended on a host."""
        if not self._task:
            self.end("start to first task" if self._phase == "apply" else "start, facts and first task")
        self._task = time.monotonic()

    def __exit__(self, *ended: object) -> None:
        self.end("other tasks", self._task)
        self.end("end" if self._phase == "apply" else "end and observing")


def _write(content: Path) -> None:
    files = {
        "plain.yml": "- name: Five\n  hosts: servers\n  roles: [five]\n",
        f"playbooks/{PLAYBOOK}.yml": "- name: Five\n  hosts: servers\n  gather_subset: ['!all']\n  roles: [five]\n",
        f"playbooks/{PLAYBOOK}.change.yml": _MODEL,
        "roles/five/tasks/main.yml": _TASKS,
        "ansible.cfg": "[defaults]\nroles_path = roles\n",
    }
    for name, text in files.items():
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        (content / name).write_text(text)


def _plain(folder: Path, content: Path, inventory: Path, lab: Lab) -> Callable[[str], None]:
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

    def run(text: str) -> None:
        words = [*program, "-e", f"five_text='{text}'", str(content / "plain.yml")]
        subprocess.run(words, env=environment, check=True, capture_output=True)

    return run


@contextmanager
def _timed(into: list[float]) -> Iterator[None]:
    started = time.monotonic()
    yield
    into.append(time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
