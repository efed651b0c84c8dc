"""A host asked from outside, by a connection of its own that shares nothing with the task's."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail


class Outside:
    """Opens new connections the way the task's own was opened.

    Args:
        connection: The task's connection; ssh, with a login by key.
        offering: Name of the configuration beside sopti's own that says which key is shown; empty for sopti's own.

    Raises:
        AnsibleActionFail: The connection is no such one.
    """

    def __init__(self, connection: Any, offering: str = "") -> None:
        self._connection = connection
        self._arguments: list[str] = []
        for name in ("ssh_args", "ssh_common_args", "ssh_extra_args"):
            self._arguments += _unshared(shlex.split(str(self._option(name) or "")))
        if offering:
            self._arguments = _offering(self._arguments, offering)
        self._own_key = not offering

    @property
    def by_password(self) -> bool:
        """Whether the task's connection logs in by password, which can't be typed here."""
        return bool(self._option("password"))

    def ask(self, command: str, seconds: float) -> tuple[bool, str]:
        """Run a command on the host by a new connection; gives (answered, what it printed or why not)."""
        child = subprocess.Popen(
            self._ssh(command, seconds),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            out, err = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            return False, f"no answer within {seconds:.1f} s"
        return child.returncode == 0, out.strip() if child.returncode == 0 else err.strip()

    def _ssh(self, command: str, seconds: float) -> list[str]:
        options = {
            "ControlMaster": "no", "ControlPath": "none", "BatchMode": "yes", "LogLevel": "ERROR",
            "ConnectTimeout": max(1, int(seconds) + 1),
        }  # fmt: skip
        words = [str(self._option("ssh_executable") or "ssh"), "-T", "-n"]
        words += [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        if self._option("host_key_checking") is False:
            words += ["-o", "StrictHostKeyChecking=no"]
        words += self._arguments
        flags = (("-p", "port"), ("-l", "remote_user"), *((("-i", "private_key_file"),) if self._own_key else ()))
        for flag, name in flags:
            if value := self._option(name):
                words += [flag, str(value)]
        return [*words, str(self._option("host")), command]

    def _option(self, name: str) -> Any:
        try:
            return self._connection.get_option(name)
        except (KeyError, AttributeError) as error:
            raise AnsibleActionFail(f"The proof needs a connection by ssh; this one has no option {name}") from error


def _offering(words: list[str], name: str) -> list[str]:
    """Replace sopti's configuration by the one of this name beside it."""
    places = [i + 1 for i, word in enumerate(words[:-1]) if word == "-F"]
    beside = [Path(words[i]).with_name(name) for i in places]
    if len(places) != 1 or not beside[0].is_file():
        raise AnsibleActionFail("Nothing was changed: the proof needs the way in which sopti reaches hosts (ssh -F)")
    words[places[0]] = str(beside[0])
    return words


def _unshared(words: list[str]) -> list[str]:
    """Drop the options that would share a connection by overriding ours: -M, and -S with its path."""
    kept: list[str] = []
    skip = False
    for word in words:
        if skip or word == "-M" or word.startswith("-S"):
            skip = word == "-S"
            continue
        kept.append(word)
    return kept
