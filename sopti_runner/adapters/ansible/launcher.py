"""The program that ansible-runner starts instead of ``ansible-playbook``: check the copy, stand the gate, run the play.

``python -I -B -m sopti_runner.adapters.ansible.launcher JOB ARGS…``. JOB is a 0600 file in a private folder that names
the sealed copy and its id, the evidence file and the key file; the key file is removed as soon as it is read. ARGS are
those of ``ansible-playbook``. Nothing secret is in an argument or environment variable.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible.controller_guard import Places, refuse_local_acts
from sopti_runner.adapters.ansible.evidence import EvidenceFile
from sopti_runner.adapters.ansible.snapshot import digest_tree, tree_id
from sopti_runner.adapters.ansible.task_gate import TaskGate, die_with_parent, install, keep_to_plan, run_always

REFUSED = 97
"""Exit code when the launcher itself refuses; no play was started."""


def main() -> int:
    """Run one job and give the exit code of ``ansible-playbook``."""
    die_with_parent()
    job: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    key_file = Path(job["key"])
    key = key_file.read_bytes()
    key_file.unlink()
    evidence, root = EvidenceFile(Path(job["evidence"])), Path(job["snapshot"])
    evidence.append({"e": "start", "pid": os.getpid()})
    files = digest_tree(root)
    refusal = _refusal(tree_id(files), job["id"])
    if refusal:
        evidence.append({"e": "refused", "reason": refusal})
        return REFUSED
    planning = job["mode"] == "plan"
    decide = run_always if planning else keep_to_plan
    gate = TaskGate(evidence, key, root, files, planning=planning, predicted=job["predicted"], decide=decide)
    identities = Path(job["identities"])
    places = Places(kept=root.parents[1], readable=root, writable=[evidence.path.parent], identities=identities)
    code = _play(gate, places, ["ansible-playbook", *sys.argv[2:]])
    evidence.append({"e": "end", "code": code})
    return code


def _refusal(found: str, expected: str) -> str:
    """Say why nothing may run, or give an empty text."""
    version = metadata.version("ansible-core")
    if tuple(map(int, version.split(".")[:2])) != (2, 19):
        return f"ansible-core {version} is not 2.19, on which the gate was proven"
    return "" if found == expected else f"sealed copy {expected} has become {found}"


def _play(gate: TaskGate, places: Places, arguments: list[str]) -> int:
    sys.argv = arguments
    from ansible.cli.playbook import main as playbook  # noqa: PLC0415  Ansible reads argv and settings when imported
    from ansible.executor.task_executor import TaskExecutor  # noqa: PLC0415  Ansible reads argv and settings when imported
    from ansible.plugins.action import ActionBase  # noqa: PLC0415  Ansible reads argv and settings when imported

    install(gate, TaskExecutor, ActionBase)
    refuse_local_acts(places)
    try:
        playbook()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
