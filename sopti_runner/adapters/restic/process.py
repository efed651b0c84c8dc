"""The one place that runs restic: password by a pipe, output line by line, stderr kept, SIGINT before SIGKILL.

A restic that is killed leaves its lock in the repository; one that is interrupted takes it away. So it hears SIGINT at
a time-out, at Ctrl-C, and (by ``setpriv``) when sopti itself dies.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from sopti_runner.adapters.restic.command import Command
from sopti_runner.errors import N_, ExecutionError

GRACE_S = 30
MAX_TROUBLE = 200
"""Lines of stderr kept."""


class Outcome(StrEnum):
    """How a command ended."""

    OK = "ok"
    PARTIAL = "partial"
    LOCKED = "locked"
    NO_REPOSITORY = "no_repository"
    BAD_PASSWORD = "bad_password"  # noqa: S105  the name of an outcome
    DAMAGED = "damaged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """What a command came to.

    Attributes:
        messages: JSON lines of stdout but progress, in order.
        trouble: Lines of stderr, in order, the first ``MAX_TROUBLE``.
        code: restic's exit code, negative for a signal.
        in_time: False when it was stopped because its time was over.
    """

    outcome: Outcome
    messages: tuple[Any, ...]
    trouble: tuple[str, ...]
    code: int
    in_time: bool = True


_CODES = {10: Outcome.NO_REPOSITORY, 11: Outcome.LOCKED, 12: Outcome.BAD_PASSWORD}
"""Exit codes since restic 0.17; before, all of them are 1."""
_TEXTS = (
    (Outcome.BAD_PASSWORD, r"wrong password or no key found|an empty password is not a password"),
    (Outcome.NO_REPOSITORY, r"Is there a repository at the following location|unable to open config file"),
    (Outcome.LOCKED, r"already locked|the `unlock` command"),
    (
        Outcome.DAMAGED,
        r"ciphertext verification failed|does not match|repository contains errors|invalid data returned"
        r"|pack .* (?:not found|truncated|does not exist)|blob .* not found|There were \d+ errors",
    ),
)
_LEFT_OUT = re.compile(r"does not exist, skipping")


def outcome_of(code: int, trouble: tuple[str, ...]) -> Outcome:
    """Give the outcome of an exit code and what stood on stderr; a path that was left out never counts as success."""
    text = "\n".join(trouble)
    if code == 0:
        return Outcome.PARTIAL if _LEFT_OUT.search(text) else Outcome.OK
    if code == 3:
        return Outcome.PARTIAL
    if code in _CODES:
        return _CODES[code]
    return next((outcome for outcome, pattern in _TEXTS if re.search(pattern, text)), Outcome.FAILED)


class Restic:
    """One repository, and the means to run commands on it.

    Args:
        repository: As ``restic -r`` takes it: an absolute folder, or ``sftp:user@host:/path``.
        password: The repository's password; handed over by a pipe, never in arguments or environment.
        home: ``HOME`` of the process; its ``.ssh/config``, when there is one, says how ssh reaches another machine.
    """

    def __init__(self, repository: str, password: str, home: Path) -> None:
        self.repository, self._password, self._home = repository, password, home

    def run(
        self,
        command: Command,
        *,
        on_progress: Callable[[Mapping[str, Any]], None] | None = None,
        on_bytes: Callable[[bytes], object] | None = None,
    ) -> Result:
        """Run a command to its end.

        Args:
            command: What to do.
            on_progress: Called with each ``status`` message of a backup.
            on_bytes: Takes stdout as it comes, for a command that gives a file's content.

        Raises:
            ExecutionError: There is no restic on this machine.
        """
        messages: list[Any] = []
        with self._started(command) as process, _stopped_after(process, command.timeout_s) as late:
            trouble: list[str] = []
            reader = threading.Thread(target=_keep, args=(process.stderr, trouble), daemon=True)
            reader.start()
            assert process.stdout is not None, "it is a pipe"
            if on_bytes:
                while chunk := process.stdout.read(1 << 20):
                    on_bytes(chunk)
            else:
                for line in process.stdout:
                    _sort_out(line, messages, on_progress)
            code = process.wait()
            reader.join(GRACE_S)
        kept = tuple(trouble)
        outcome = Outcome.FAILED if late.is_set() else outcome_of(code, kept)
        return Result(outcome, tuple(messages), kept, code, in_time=not late.is_set())

    @contextlib.contextmanager
    def _started(self, command: Command) -> Iterator[subprocess.Popen[bytes]]:
        inlet, outlet = os.pipe()
        with os.fdopen(outlet, "wb") as secret:
            try:
                process = subprocess.Popen(
                    [*self._program(inlet), *command.words],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    pass_fds=(inlet,),
                    env=self._environment(),
                    start_new_session=True,
                )
            except FileNotFoundError as error:
                raise ExecutionError(
                    N_("A program that backups need is not on this machine"),
                    on=str(error.filename or "restic"),
                    next="apt-get install restic",
                ) from error
            finally:
                os.close(inlet)
            with contextlib.suppress(BrokenPipeError):
                secret.write(self._password.encode())
                secret.close()
        try:
            yield process
        finally:
            _stop(process)
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()

    def _program(self, inlet: int) -> list[str]:
        options = ["--no-cache", "--repo", self.repository, "--password-file", f"/dev/fd/{inlet}", *self._over_ssh()]
        return ["setpriv", "--pdeathsig", "INT", "restic", *options]

    def _over_ssh(self) -> list[str]:
        """Have ssh ask nobody anything, and read no configuration but that of ``home``."""
        if not self.repository.startswith("sftp:"):
            return []
        config, target = self._home / ".ssh/config", self.repository.removeprefix("sftp:").split(":", 1)[0]
        words = ["ssh", "-F", str(config) if config.exists() else "none", "-o", "BatchMode=yes", target, "-s", "sftp"]
        return ["-o", f"sftp.command={shlex.join(words)}"]

    def _environment(self) -> dict[str, str]:
        """Give an environment without anything of whoever called sopti."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self._home),
            "LC_ALL": "C.UTF-8",
            "RESTIC_PROGRESS_FPS": "1",
        }


@contextlib.contextmanager
def _stopped_after(process: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """Stop the process when its time is over; the event says whether that happened."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        _stop(process)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that still runs, and give it time to take its lock away first."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _keep(stream: IO[bytes], trouble: list[str]) -> None:
    for line in stream:
        text = line.decode("utf-8", "replace").strip()
        if text and len(trouble) < MAX_TROUBLE:
            trouble.append(text)


def _sort_out(line: bytes, messages: list[Any], on_progress: Callable[[Mapping[str, Any]], None] | None) -> None:
    """Keep a JSON line, pass progress on, and leave text for people (restic 0.14 mixes both) aside."""
    try:
        value = json.loads(line)
    except ValueError:
        return
    if isinstance(value, dict) and value.get("message_type") == "status":
        if on_progress:
            on_progress(value)
    else:
        messages.append(value)
