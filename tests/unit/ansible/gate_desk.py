"""A gate over one pretended task at a time: what Ansible would hand it, and an action that tests steer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sopti_runner.adapters.ansible.approved import Seen
from sopti_runner.adapters.ansible.evidence import EvidenceFile, task_key
from sopti_runner.adapters.ansible.observation import state_digest
from sopti_runner.adapters.ansible.sealed_files import SealedFiles
from sopti_runner.adapters.ansible.snapshot import digest_tree
from sopti_runner.adapters.ansible.stop_mark import StopMark
from sopti_runner.adapters.ansible.task_gate import TaskGate

HOST, OTHER = "web1", "web2"
ADDRESS = ("192.0.2.11", "")
TASK_FILE = "roles/x/tasks/main.yml"
FACTS: Mapping[str, str] = {"type": "file", "owner": "root:root", "mode": "0644", "sha256": "0" * 64}
STATE = state_digest(b"k" * 32, HOST, "file:/x", FACTS)
"""What the observer says of the task's file, and how a plan binds it."""

CHANGED = {"changed": True, "diff": {"before": "a", "after": "b"}}
SAME = {"changed": False}


class Connection:
    """The interlock's side of a connection, to a host whose observer says what a test says."""

    become: Any = None

    def __init__(self) -> None:
        self.admitted: tuple[str, str] | None = None
        self.looked: list[tuple[str, str] | None] = []
        self.code, self.facts = 0, dict(FACTS)

    def exec_command(self, cmd: str, in_data: bytes, sudoable: bool) -> tuple[int, bytes, bytes]:
        """Answer as the observer does, and note what the connection was admitted to."""
        self.looked.append(self.admitted)
        seen = {"file:/x": {"facts": self.facts, "seen": ""}}
        return self.code, f"Welcome\nsopti1 {json.dumps(seen)}\n".encode(), b""

    def admit(self, address: tuple[str, str] | None) -> None:
        self.admitted = address


class Action:
    """An action that answers in check mode and for real, and alters its arguments as Ansible's do."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self._connection = desk, desk.connection

    def run(self, task_vars: Any = None) -> dict[str, Any]:
        task, desk = self.desk.task, self.desk
        desk.ran.append(("check" if task.check_mode else "real", desk.connection.admitted, dict(task.args)))
        task.args.clear()
        if desk.sends:
            desk.knew.append(desk.gate.note_source(str(desk.sends)))
        answer = desk.says if task.check_mode or desk.does is None else desk.does
        return json.loads(json.dumps(answer))  # type: ignore[no-any-return]  # a copy of the dictionary

    def cleanup(self, force: bool = False) -> None:
        self.desk.cleaned.append(self.desk.connection.admitted)


class Desk:
    """One run of a gate in a folder.

    Args:
        folder: Gets a sealed copy and the evidence.
        approved: The records of the one task, in order; None plans instead.
        compared: The hosts were found as planned right before.
    """

    def __init__(self, folder: Path, approved: list[Seen] | None, *, compared: bool = False) -> None:
        root = folder / "copy"
        (root / TASK_FILE).parent.mkdir(parents=True)
        (root / TASK_FILE).write_text("- name: X\n")
        hosts = {HOST: {"ansible_host": ADDRESS[0]}, OTHER: {}}
        (root / "inventory.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        self.root, self.mark = root, StopMark(folder / "go")
        self.mark.permit()
        self.evidence = EvidenceFile(folder / "evidence.jsonl")
        self.copy = SealedFiles(root, digest_tree(root))
        self.connection = Connection()
        self.says: Mapping[str, Any] = CHANGED
        self.does: Mapping[str, Any] | None = None
        self.ran: list[tuple[str, tuple[str, str] | None, dict[str, Any]]] = []
        self.sends: Path | None = None
        self.knew: list[bool] = []
        self.cleaned: list[tuple[str, str] | None] = []
        self.planning = approved is None
        self.gate = TaskGate(self.evidence, b"k" * 32, self.copy, self.mark, None)
        self.gate.proven = True
        if approved is not None:
            records = {self._key(): approved}
            self.gate = TaskGate(self.evidence, b"k" * 32, self.copy, self.mark, records, compared=compared)
            self.gate.proven = True

    def approve(self, line: Mapping[str, Any]) -> None:
        """Begin a run that may do what one line of a plan's evidence tells."""
        seen = Seen(line["class"], line["before"], line["after"], tuple(line["objects"]))
        self.gate = TaskGate(self.evidence, b"k" * 32, self.copy, self.mark, {task_key(line): [seen]})
        self.gate.proven, self.planning = True, False
        self.evidence.path.unlink()

    def _key(self) -> str:
        """Give the key under which the plan holds the task, by planning it once."""
        self.planning, path = True, self.evidence.path
        self.pass_task()
        (line,) = self.lines("result")
        path.unlink()
        self.ran.clear()
        self.cleaned.clear()
        self.planning = False
        return task_key(line)

    def pass_task(self, host: str = HOST, attempts: int = 1, **given: Any) -> dict[str, Any]:
        """Let one task pass as Ansible does, and give its result; ``given`` alters the task."""
        written = {"check_mode": False} if given.pop("reads", False) else {}
        module = given.pop("module", "ansible.builtin.copy")
        variables = given.pop("variables", {})
        line = given.pop("line", f"{self.root}/{TASK_FILE}:1")
        args = {"dest": "/x", "nested": ["a"], **given.pop("args", {})}
        self.task = task = SimpleNamespace(
            args=args, become_user=None, environment=None, loop=None, name="X", action=module, resolved_action=module,
            no_log=False, diff=True, ignore_errors=False, delegate_to=None, async_val=0,
            remote_user=None, register=None, until=[], failed_when=[], changed_when=[],
            check_mode=self.planning and not written, get_ds=lambda: written, get_path=lambda: line,
        )  # fmt: skip
        vars(task).update(given)
        executor = SimpleNamespace(_task=task, _host=SimpleNamespace(get_name=lambda: host))
        self.gate.begin()
        result: dict[str, Any] = {}
        for _ in range(attempts):
            handler = Action(self)
            result = self._attempt(lambda one=handler: self._run(executor, one, variables))  # type: ignore[misc]  # bound now
        self.gate.leave(result)
        return result

    def _run(self, executor: Any, handler: Action, variables: Mapping[str, Any]) -> dict[str, Any]:
        self.gate.enter(executor, handler, variables, lambda: Action(self))
        try:
            return handler.run(task_vars={})
        finally:
            handler.cleanup()

    def _attempt(self, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        from ansible.errors import AnsibleError

        try:
            return run()
        except AnsibleError as error:
            return {"failed": True, "msg": str(error)}

    def lines(self, *kinds: str) -> list[dict[str, Any]]:
        """Give the lines of evidence of some kinds."""
        return [line for line in self.evidence.lines() if line["e"] in kinds]

    def kinds(self) -> list[str]:
        """Give the kinds of all lines, in order."""
        return [line["e"] for line in self.evidence.lines()]
