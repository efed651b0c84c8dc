"""One phase under ansible-runner: a fresh private folder, an environment of our own, our launcher, our evidence.

ansible-runner keeps what it finds in a folder it is given again, copies its own environment, and stops with SIGKILL,
which Ansible's workers survive (they are sessions of their own). So: a new folder each time, the environment replaced,
the built command compared, and SIGTERM to the launcher's guardian (``containment``) when a person interrupts. The step
that a host is in the middle of may still come to its end there, for ssh without a terminal sends no hang-up; nothing
after it starts. Longer than other modules: every trap of ansible-runner is handled here, so that nothing else has to
know it.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible import interlock, kept_facts, ssh
from sopti_runner.adapters.ansible.approved import Seen
from sopti_runner.adapters.ansible.containment import containment
from sopti_runner.adapters.ansible.evidence import EvidenceTail, Line
from sopti_runner.adapters.ansible.gate_wiring import CONNECTION
from sopti_runner.adapters.ansible.stop_mark import StopMark
from sopti_runner.errors import N_, ExecutionError

FORKS = 10
FACTS = "facts"
MAX_DIFF_BYTES = 4 * 1024 * 1024
CANCEL, EVIDENCE = "cancel", "evidence.jsonl"
"""In a phase's folder: what asks it to end, and what its workers write down."""

MEMORY = Path("/dev/shm")  # noqa: S108  what Ansible renders before it sends it must not reach a disk
LAUNCHER = "sopti_runner.adapters.ansible.launcher"
_PLUGIN_PATHS = """
    ACTION_PLUGINS BECOME_PLUGINS CACHE_PLUGINS CLICONF_PLUGINS CONNECTION_PLUGINS DOC_FRAGMENT_PLUGINS FILTER_PLUGINS
    HTTPAPI_PLUGINS INVENTORY_PLUGINS LIBRARY LOOKUP_PLUGINS MODULE_UTILS NETCONF_PLUGINS STRATEGY_PLUGINS
    TERMINAL_PLUGINS TEST_PLUGINS VARS_PLUGINS
"""


@dataclass(frozen=True, slots=True)
class Phase:
    """What to run.

    Attributes:
        snapshot: The sealed copy.
        sealed_id: Its id; the launcher digests the copy again and refuses any other.
        playbook: Name without folder and ending.
        hosts: How many hosts there are, for the number of forks.
        approved: As ``TaskGate`` takes it; None for check mode.
        compared: Every object of the plan was found as planned right before.
        identities: Which key or certificate each host is shown, as ``ssh.identities`` wrote it.
        tags: Given tags.
        facts: Where a plan's facts are kept for its run; None: nowhere.
        lock: Lock file of the run, which everything that is started holds as well; None for a phase that is no run.
        secrets: Folders that hold secrets.
    """

    snapshot: Path
    sealed_id: str
    playbook: str
    hosts: int
    approved: Mapping[str, list[Seen]] | None
    compared: bool = False
    identities: Path = ssh.NO_IDENTITIES
    tags: tuple[str, ...] = ()
    facts: Path | None = None
    lock: Path | None = None
    secrets: tuple[Path, ...] = ()


@dataclass(slots=True)
class PhaseEnd:
    """How it ended.

    Attributes:
        code: Exit code of the launcher, None when it was killed.
        stats: Ansible's own counters by host, from its last event; a hint beside the evidence, never proof alone.
        interrupted: A person stopped it.
        said: The last lines that Ansible wrote outside tasks, for an error message.
    """

    code: int | None = None
    stats: dict[str, dict[str, int]] = field(default_factory=dict)
    interrupted: bool = False
    said: list[str] = field(default_factory=list)


def run_phase(folder: Path, key: bytes, phase: Phase, on_line: Callable[[Line], None]) -> PhaseEnd:
    """Run one phase to its end.

    Args:
        folder: A folder that does not exist yet; the evidence stays in it.
        key: HMAC key of the installation.
        phase: What to run.
        on_line: Called in this thread with each line of evidence, in order, while the play goes on; what it raises
            stops the play and is raised again at its end.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        raise ExecutionError(N_("Run {run} was started before"), on=folder.name, run=folder.name) from error
    (folder / EVIDENCE).touch(mode=0o600)  # from now on: one that is missing was lost
    private, end = folder / "runner", PhaseEnd()
    private.mkdir(mode=0o700)
    _take_facts(private, phase)
    sockets = Path(tempfile.mkdtemp(prefix="sopti-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    follower = _Follower(EvidenceTail(folder / EVIDENCE), on_line, end, folder / CANCEL)
    try:
        job = _write_job(folder, private, key, phase)
        runner = _runner(private, sockets, phase, job, follower)
        with _interruptible(follower):
            runner.run()
        follower.ended()
        end.code = runner.rc
        if phase.facts is not None and phase.approved is None:
            kept_facts.keep(private / FACTS, phase.facts)
        follower.drain()
        if follower.failure is not None:
            raise follower.failure
    finally:
        _close_connections(sockets)
        shutil.rmtree(private, ignore_errors=True)
    return end


def _take_facts(private: Path, phase: Phase) -> None:
    if phase.facts is not None and phase.approved is not None:
        kept_facts.take(phase.facts, private / FACTS)
    else:
        (private / FACTS).mkdir(mode=0o700)


class _Follower:
    """Hands evidence on while ansible-runner waits, and carries a person's interruption to the launcher."""

    def __init__(self, tail: EvidenceTail, on_line: Callable[[Line], None], end: PhaseEnd, cancel: Path) -> None:
        self._tail, self._on_line, self._end = tail, on_line, end
        self._guardian = 0
        self._cancel = cancel
        self.failure: BaseException | None = None

    def drain(self) -> None:
        """Hand new lines on; when the taker fails (a ledger that is down), the play is stopped and the failure kept."""
        for line in self._tail.take():
            if line["e"] == "start" and not self._guardian:
                self._guardian = line["pid"]
            if self.failure is not None:
                continue
            try:
                self._on_line(line)
            except Exception as error:
                self.failure = error
                self.stop()

    def event(self, event: Mapping[str, Any]) -> bool:
        """Take an event of ansible-runner; False tells it to write no file."""
        if event.get("event") == "playbook_on_stats":
            self._end.stats = _stats(event.get("event_data", {}))
        elif event.get("event") in ("verbose", "error", "warning") and event.get("stdout"):
            self._end.said = [*self._end.said, str(event["stdout"])][-20:]
        self.drain()
        return False

    def poll(self) -> bool:
        """Called by ansible-runner every second; never asks it to cancel."""
        self.drain()
        self._end.interrupted = self._end.interrupted or self._cancel.exists()
        if self._end.interrupted or self.failure is not None:
            self.stop()
        return False

    def interrupt(self, number: int, frame: object) -> None:
        self._end.interrupted = True
        self.stop()

    def stop(self) -> None:
        """Send SIGTERM to the guardian, once: it passes it on, and after a grace ends everything."""
        if self._guardian > 0:
            guardian, self._guardian = self._guardian, 0
            with suppress(ProcessLookupError):
                os.kill(guardian, signal.SIGTERM)

    def ended(self) -> None:
        """Know that nothing is left to be stopped."""
        self._guardian = -1


def _stats(data: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    kinds = ("ok", "changed", "failures", "dark", "skipped", "rescued", "ignored", "processed")
    hosts = {host for kind in kinds for host in data.get(kind, {})}
    return {host: {kind: int(data.get(kind, {}).get(host, 0)) for kind in kinds} for host in sorted(hosts)}


@contextmanager
def _interruptible(follower: _Follower) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, follower.interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _write_job(folder: Path, private: Path, key: bytes, phase: Phase) -> Path:
    key_file, job, mark = private / "key", private / "job.json", StopMark(private / "go")
    mark.permit()
    approved = None
    if phase.approved is not None:
        approved = {key: [asdict(each) for each in seen] for key, seen in phase.approved.items()}
    content = {
        "snapshot": str(phase.snapshot),
        "id": phase.sealed_id,
        "evidence": str(folder / EVIDENCE),
        "key": str(key_file),
        "mark": str(mark.path),
        "approved": approved,
        "compared": phase.compared,
        "identities": str(phase.identities),
        "containment": containment(),
        "runner": os.getpid(),
        "lock": str(phase.lock or ""),
        "secrets": [str(folder) for folder in phase.secrets],
    }
    for path, data in ((key_file, key), (job, json.dumps(content).encode())):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
    return job


def _runner(private: Path, sockets: Path, phase: Phase, job: Path, follower: _Follower) -> Any:
    """Build ansible-runner's own runner, with its environment replaced and its command checked."""
    from ansible_runner.config.runner import RunnerConfig  # noqa: PLC0415  slow to import, and only needed for a run
    from ansible_runner.runner import Runner  # noqa: PLC0415  slow to import, and only needed for a run
    from ansible_runner.utils import get_callback_dir  # noqa: PLC0415  slow to import, and only needed for a run

    words = _command(phase, job)
    inventory = str(phase.snapshot / "inventory.json")
    config = RunnerConfig(
        private_data_dir=str(private),
        binary=words[0],
        cmdline=shlex.join(words[1:]),
        inventory=inventory,
        ident=secrets.token_hex(4),
        suppress_env_files=True,
        quiet=True,
    )
    config.prepare()
    config.suppress_output_file = True
    config.pexpect_timeout = 1
    config.env = _environment(private, sockets, phase) | {
        "ANSIBLE_CALLBACK_PLUGINS": get_callback_dir(),
        "ANSIBLE_STDOUT_CALLBACK": "awx_display",
        "AWX_ISOLATED_DATA_DIR": str(config.artifact_dir),
    }
    if list(config.command) != [*words, "-i", inventory]:
        raise ExecutionError(
            N_("ansible-runner built another command than asked for"),
            on=phase.playbook,
            expected=shlex.join([*words, "-i", inventory]),
            found=shlex.join(map(str, config.command)),
        )
    return Runner(config, event_handler=follower.event, cancel_callback=follower.poll, remove_partials=True)


def _command(phase: Phase, job: Path) -> list[str]:
    words = [sys.executable, "-I", "-B", "-m", LAUNCHER, str(job)]
    words += ["--check", "--diff"] if phase.approved is None else ["--diff"]
    words += ["-e", f"@{phase.snapshot / 'variables.json'}", "-e", json.dumps(_pinned(phase))]
    words += ["--tags", ",".join(phase.tags)] if phase.tags else []
    return [
        *words,
        "--forks",
        str(min(phase.hosts, FORKS)),
        str(phase.snapshot / "playbooks" / f"{phase.playbook}.yml"),
    ]


def _ssh_args(phase: Phase) -> str:
    persist = ("-o", "ControlMaster=auto", "-o", "ControlPersist=60s")
    return shlex.join([*ssh.options(phase.snapshot / "known_hosts", phase.identities), *persist])


def _pinned(phase: Phase) -> dict[str, Any]:
    """Give the variables that no content may set: extra variables go before all others, whatever names them."""
    return {
        "ansible_connection": CONNECTION,
        "ansible_ssh_args": _ssh_args(phase),
        **dict.fromkeys((f"ansible_{kind}_extra_args" for kind in ("ssh", "sftp", "scp")), ""),
        **{f"ansible_{program}_executable": program for program in ("ssh", "sftp", "scp")},
        "ansible_ssh_common_args": "",
        "ansible_ssh_pkcs11_provider": "",
        **dict.fromkeys(("ansible_ssh_private_key_file", "ansible_private_key_file"), ""),
        "ansible_host_key_checking": True,
        "ansible_ssh_host_key_checking": True,
        "ansible_become_method": "sudo",
        "ansible_become_exe": "sudo",
        "ansible_sudo_exe": "sudo",
        "ansible_shell_type": "sh",
        "ansible_shell_executable": "/bin/sh",
    }


def _environment(private: Path, sockets: Path, phase: Phase) -> dict[str, str]:
    """Give the whole environment of the run; nothing of ours, the person's or the machine's leaks in."""
    empty = private / "empty"
    empty.mkdir(exist_ok=True)
    settings = {
        "CONFIG": phase.snapshot / "ansible.cfg",
        "HOME": private / "home",
        "ROLES_PATH": phase.snapshot / "roles",
        "COLLECTIONS_PATH": phase.snapshot / "collections",
        "COLLECTIONS_SCAN_SYS_PATH": False,
        "INVENTORY_ENABLED": "ansible.builtin.yaml",
        "INVENTORY_ANY_UNPARSED_IS_FAILED": True,
        "HOST_KEY_CHECKING": True,
        "SSH_ARGS": _ssh_args(phase),
        "SSH_CONTROL_PATH_DIR": sockets,
        "PIPELINING": True,
        "STRATEGY": "ansible.builtin.linear",
        "MAX_DIFF_SIZE": MAX_DIFF_BYTES,
        **dict.fromkeys(("RETRY_FILES_ENABLED", "LOCALHOST_WARNING"), False),
        **dict.fromkeys(("NOCOLOR", "NO_TARGET_SYSLOG"), True),
        "LOCAL_TEMP": sockets / "tmp",
        "TIMEOUT": ssh.CONNECT_TIMEOUT_S,
    }
    settings |= kept_facts.settings(private / FACTS)
    settings |= dict.fromkeys(_PLUGIN_PATHS.split(), empty)
    settings["CONNECTION_PLUGINS"] = Path(str(interlock.__file__)).parent
    basic = ssh.environment() | {"HOME": str(private)}
    return basic | {f"ANSIBLE_{name}": str(value) for name, value in settings.items()}


def _close_connections(sockets: Path) -> None:
    """End the ssh masters that Ansible left waiting, then remove their sockets."""
    for socket in (each for each in sockets.iterdir() if each.is_socket()):
        command = ["ssh", "-F", "/dev/null", "-o", f"ControlPath={socket}", "-O", "exit", "unused"]
        subprocess.run(command, env=ssh.environment(), capture_output=True, timeout=10, check=False)
    shutil.rmtree(sockets, ignore_errors=True)
