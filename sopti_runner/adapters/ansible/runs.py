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
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible import kept_facts, ssh
from sopti_runner.adapters.ansible.containment import containment
from sopti_runner.adapters.ansible.evidence import EvidenceTail, Line
from sopti_runner.adapters.ansible.phase import FACTS, Phase, command, environment
from sopti_runner.adapters.ansible.stop_mark import StopMark
from sopti_runner.errors import N_, ExecutionError

CANCEL, EVIDENCE = "cancel", "evidence.jsonl"
"""In a phase's folder: what asks it to end, and what its workers write down."""

POLL_S = 0.2
"""Seconds between two looks at the evidence while Ansible says nothing: how late progress may be shown."""

MEMORY = Path("/dev/shm")  # noqa: S108  what Ansible renders before it sends it must not reach a disk


@dataclass(slots=True)
class PhaseEnd:
    """How it ended.

    Attributes:
        code: Exit code of the launcher, None when it was killed.
        stats: Ansible's own counters by host, written down at the play's end; a hint, never proof alone.
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
            if line["e"] == "tally":
                self._end.stats = line["hosts"]
            if self.failure is not None:
                continue
            try:
                self._on_line(line)
            except Exception as error:
                self.failure = error
                self.stop()

    def event(self, event: Mapping[str, Any]) -> bool:
        """Take what ansible-runner makes of a line that Ansible wrote; False tells it to write no file."""
        if event.get("stdout"):
            self._end.said = [*self._end.said, str(event["stdout"])][-20:]
        self.drain()
        return False

    def poll(self) -> bool:
        """Called by ansible-runner every ``POLL_S`` seconds; never asks it to cancel."""
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

    words = command(phase, job)
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
    config.pexpect_timeout = POLL_S
    config.env = environment(private, sockets, phase)
    if list(config.command) != [*words, "-i", inventory]:
        raise ExecutionError(
            N_("ansible-runner built another command than asked for"),
            on=phase.playbook,
            expected=shlex.join([*words, "-i", inventory]),
            found=shlex.join(map(str, config.command)),
        )
    return Runner(config, event_handler=follower.event, cancel_callback=follower.poll, remove_partials=True)


def _close_connections(sockets: Path) -> None:
    """End the ssh masters that Ansible left waiting, then remove their sockets."""
    for socket in (each for each in sockets.iterdir() if each.is_socket()):
        command = ["ssh", "-F", "/dev/null", "-o", f"ControlPath={socket}", "-O", "exit", "unused"]
        subprocess.run(command, env=ssh.environment(), capture_output=True, timeout=10, check=False)
    shutil.rmtree(sockets, ignore_errors=True)
