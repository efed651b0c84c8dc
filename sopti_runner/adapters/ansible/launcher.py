"""The program that ansible-runner starts instead of ``ansible-playbook``: check the copy, stand the gate, run the play.

``python -I -B -m sopti_runner.adapters.ansible.launcher JOB ARGS…``. JOB is a 0600 file in a private folder that names
the sealed copy and its id, the evidence file, the mark that lets the run go on and the key file, which is removed as
soon as it is read. ARGS are those of ``ansible-playbook``. Nothing secret is in an argument or environment variable:
secrets are read from where the system user holds them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible.approved import Seen
from sopti_runner.adapters.ansible.compiled_modules import send_compiled
from sopti_runner.adapters.ansible.containment import enter
from sopti_runner.adapters.ansible.controller_guard import Places, refuse_local_acts
from sopti_runner.adapters.ansible.evidence import EvidenceFile
from sopti_runner.adapters.ansible.gate_wiring import TALLY, install, prove, version_refusal, wiring_refusal
from sopti_runner.adapters.ansible.known_secrets import KnownSecrets, SecretGuard, load_secrets
from sopti_runner.adapters.ansible.parent_death import die_with_parent
from sopti_runner.adapters.ansible.sealed_files import SealedFiles
from sopti_runner.adapters.ansible.snapshot import digest_tree, tree_id
from sopti_runner.adapters.ansible.stop_mark import StopMark
from sopti_runner.adapters.ansible.task_gate import TaskGate

REFUSED = 97
"""Exit code when the launcher itself refuses; no host was touched."""
LOST_EVIDENCE = "evidence could not be written"


def main() -> int:
    """Run one job and give the exit code of ``ansible-playbook``."""
    job: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    guardian = enter(job["containment"], runner=job["runner"], lock=job["lock"])
    die_with_parent()
    key_file = Path(job["key"])
    key = key_file.read_bytes()
    key_file.unlink()
    evidence, root, mark = EvidenceFile(Path(job["evidence"])), Path(job["snapshot"]), StopMark(Path(job["mark"]))
    evidence.append({"e": "start", "pid": guardian})
    files = digest_tree(root)
    refusal = version_refusal(metadata.version("ansible-core"))
    if tree_id(files) != job["id"]:
        refusal = f"sealed copy {job['id']} has become {tree_id(files)}"
    secrets, unread = load_secrets(root / "secrets.json", job["secrets"], key)
    if refusal or unread:
        return _refuse(evidence, refusal or unread)
    arguments = ["ansible-playbook", *sys.argv[2:]]
    if secrets:
        evidence.hide = secrets.hide
        arguments += ["-e", json.dumps(secrets.values)]  # in this process alone: its own command line does not change
    gate = TaskGate(evidence, key, SealedFiles(root, files), mark, _approved(job), compared=job["compared"])
    identities = Path(job["identities"])
    places = Places(kept=root.parents[1], readable=root, writable=[evidence.path.parent], identities=identities)
    code = _play(gate, secrets, evidence, places, arguments)
    if code == REFUSED:
        return code
    if not gate.proven:
        return _refuse(evidence, "the gate was never proven")
    if job["approved"] is None and mark.stopped:
        return _refuse(evidence, LOST_EVIDENCE)
    evidence.append({"e": "end", "code": code})
    return code


def _approved(job: dict[str, Any]) -> dict[str, list[Seen]] | None:
    """Give what the plan holds, None while planning."""
    if job["approved"] is None:
        return None
    return {
        key: [Seen(**{**each, **{part: tuple(each[part]) for part in ("objects", "states")}}) for each in records]
        for key, records in job["approved"].items()
    }


def _refuse(evidence: EvidenceFile, reason: str) -> int:
    evidence.append({"e": "refused", "reason": reason})
    return REFUSED


def _play(
    gate: TaskGate, secrets: KnownSecrets | None, evidence: EvidenceFile, places: Places, arguments: Sequence[str]
) -> int:
    sys.argv = list(arguments)
    from ansible.cli.playbook import PlaybookCLI  # noqa: PLC0415  Ansible reads argv and settings when imported
    from ansible.executor import module_common  # noqa: PLC0415  Ansible reads argv and settings when imported
    from ansible.executor.task_executor import TaskExecutor  # noqa: PLC0415  Ansible reads argv and settings when imported
    from ansible.plugins.action import ActionBase  # noqa: PLC0415  Ansible reads argv and settings when imported
    from ansible.plugins.loader import callback_loader  # noqa: PLC0415  Ansible reads argv and settings when imported

    refusal = wiring_refusal(TaskExecutor, ActionBase)
    if refusal:
        return _refuse(evidence, refusal)
    install(SecretGuard(gate, secrets) if secrets else gate, TaskExecutor, ActionBase)
    refuse_local_acts(places)
    send_compiled(module_common)

    class Gated(PlaybookCLI):  # type: ignore[misc]  # Ansible has no types
        """``ansible-playbook`` that proves the gate once its plugins can be loaded, and asks for no password."""

        def ask_passwords(self) -> tuple[None, None]:
            reason = prove(gate)
            if reason:
                sys.exit(_refuse(evidence, reason))
            callback_loader.get(TALLY, class_only=True).evidence = evidence
            return None, None

    try:
        Gated.cli_executor(sys.argv)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
