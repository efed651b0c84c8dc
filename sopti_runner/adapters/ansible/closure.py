"""The closure of a playbook: every file of the content that can decide what it does.

The playbook and those it imports, its change model, the roles it names (and those they name) as whole folders, task and
variable files, first-party collections. Names must be literal, so that the closure is known without running anything.
Left out of role folders: ``molecule``, ``tests``, ``.git``, caches; a run never reads them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible.jinja_rules import is_inside
from sopti_runner.adapters.ansible.rules import Finding
from sopti_runner.adapters.ansible.strict_yaml import Located, read_yaml
from sopti_runner.adapters.ansible.task_reader import (
    WrittenTask,
    file_of,
    is_templated,
    named_roles,
    play_tasks,
    role_of,
    written_tasks,
)

SKIPPED_FOLDERS = frozenset((".git", "__pycache__", "molecule", "tests", ".ansible", ".cache"))
PLAYBOOK_FOLDERS = ("files", "templates", "vars")
DATA_FOLDERS = frozenset(("files", "templates"))
"""What lies below them is sent to hosts, and read as neither plays nor tasks nor variables; so none may be loaded."""


class Closure:
    """Files found from one playbook; ``files`` are relative ``/``-separated paths, ``findings`` what was wrong.

    Args:
        root: The content root.
        playbook: Name without folder and ending.
    """

    def __init__(self, root: Path, playbook: str) -> None:
        self._root = root
        self.files: set[str] = set()
        self.findings: set[Finding] = set()
        self._roles: set[str] = set()
        self._collections: set[str] = set()
        self.files.add(f"playbooks/{playbook}.change.yml")
        self._playbook(f"playbooks/{playbook}.yml")

    def _find(self, file: str, line: int, rule: str, found: object) -> None:
        self.findings.add(Finding(file, line, rule, str(found)))

    def _playbook(self, file: str) -> None:
        if file in self.files:
            return
        self.files.add(file)
        for play in _elements(read_yaml(self._root / file, file)):
            if not isinstance(play, Located):
                continue
            imported = next((play[key] for key in play if str(key).endswith("import_playbook")), None)
            if imported is not None:
                if self._literal(file, play.line, imported):
                    self._playbook(f"playbooks/{imported}")
                continue
            own_tasks = list(play_tasks(play))
            for line, role in named_roles(play):
                self._named_role(file, line, role)
            for each in _listed(play.get("vars_files")):
                if self._literal(file, play.at("vars_files"), each):
                    self._file(f"playbooks/{each}", file, play.at("vars_files"))
            if own_tasks:
                for folder in PLAYBOOK_FOLDERS:
                    self._folder(f"playbooks/{folder}")
            self._tasks(file, iter(own_tasks), "playbooks")

    def _tasks(self, file: str, tasks: Iterator[WrittenTask], folder: str) -> None:
        """Follow what tasks name; ``folder`` is where their task files are looked for, empty inside a role."""
        for task in tasks:
            role, included = role_of(task), file_of(task)
            if role is not None:
                self._named_role(file, task.line, role)
            elif included is not None and self._literal(file, task.line, included) and folder:
                self._task_file(f"{folder}/{included}", file, task.line)
            if task.module.count(".") >= 2:
                self._collection(".".join(task.module.split(".")[:2]), file, task.line)

    def _task_file(self, file: str, by: str, line: int) -> None:
        if file not in self.files and self._file(file, by, line):
            tasks = written_tasks(_elements(read_yaml(self._root / file, file)))
            self._tasks(file, tasks, file.rpartition("/")[0])

    def _named_role(self, file: str, line: int, role: Any) -> None:
        if not isinstance(role, str) or not role or is_templated(role):
            self._find(file, line, "templated_name", f"role {role}")
        elif role.count(".") >= 2:
            self._collection(".".join(role.split(".")[:2]), file, line)
        elif not is_inside(role) or "/" in role or not (self._root / "roles" / role).is_dir():
            self._find(file, line, "missing", f"role {role}")
        elif role not in self._roles:
            self._roles.add(role)
            self._folder(f"roles/{role}")
            self._role(f"roles/{role}")

    def _role(self, folder: str) -> None:
        for file in sorted(each for each in self.files if each.startswith(f"{folder}/") and is_yaml(each)):
            part = file[len(folder) + 1 :].split("/")[0]
            if part in ("tasks", "handlers"):
                self._tasks(file, written_tasks(_elements(read_yaml(self._root / file, file))), "")
            elif part == "meta" and file.rsplit("/", 1)[-1].split(".")[0] == "main":
                for document in read_yaml(self._root / file, file):
                    if isinstance(document, Located):
                        for line, role in named_roles(_as_roles(document)):
                            self._named_role(file, line, role)

    def _collection(self, name: str, file: str, line: int) -> None:
        if name in self._collections or name == "ansible.builtin":
            return
        self._collections.add(name)
        folder = f"collections/ansible_collections/{name.replace('.', '/')}"
        if (self._root / folder).is_dir():
            self._folder(folder)
        else:
            self._find(file, line, "module", f"collection {name}")

    def _folder(self, folder: str) -> None:
        top = self._root / folder
        if not top.is_dir():
            return
        for parent, folders, files in os.walk(top):
            folders[:] = sorted(each for each in folders if each not in SKIPPED_FOLDERS)
            here = Path(parent).relative_to(self._root).as_posix()
            for each in folders:
                if (Path(parent) / each).is_symlink():
                    self._find(f"{here}/{each}", 0, "link", "a link to a folder")
            self.files.update(f"{here}/{each}" for each in files if not each.endswith(".pyc"))

    def _file(self, file: str, by: str, line: int) -> bool:
        if not (self._root / file).is_file():
            self._find(by, line, "missing", file)
            return False
        self.files.add(file)
        return True

    def _literal(self, file: str, line: int, name: Any) -> bool:
        if not isinstance(name, str) or not name or is_templated(name):
            self._find(file, line, "templated_name", name)
            return False
        if not is_inside(name):
            self._find(file, line, "outside", name)
            return False
        if not is_loadable(name):
            self._find(file, line, "loaded", name)
            return False
        return True


def is_yaml(name: str) -> bool:
    """True for the file names that Ansible reads as YAML."""
    return name.endswith((".yml", ".yaml", ".json")) or "." not in name.rsplit("/", 1)[-1]


def is_loadable(name: object) -> bool:
    """True for a name by which plays, tasks or variables may be loaded: the rules have read every such file as YAML."""
    if not isinstance(name, str):
        return False
    *folders, last = name.split("/")
    return "." in last and is_yaml(last) and not DATA_FOLDERS & set(folders)


def _elements(documents: list[Any]) -> list[Any]:
    return [each for document in documents if isinstance(document, list) for each in document]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _as_roles(meta: Located) -> Located:
    play = Located()
    play["roles"] = meta.get("dependencies") or []
    play.lines["roles"] = meta.at("dependencies")
    return play
