"""One question to the observer on a host, whoever carries it: what is sent, what comes back, how it is digested."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible.effects import canonical
from sopti_runner.adapters.ansible.evidence import keyed_digest

PROGRAM = Path(__file__).with_name("observer_program.py")
MARK = "sopti1 "
Seeing = Mapping[str, Mapping[str, Any]]
"""Object → ``facts``, which are digested, and ``seen``, a short form for a person."""


def remote_command(interpreter: str) -> str:
    """Give the shell text that takes the program on its standard input, as root where sudo lets it."""
    python = shlex.quote(interpreter or "python3")
    return f"if [ $(id -u) != 0 ] && sudo -n true 2>/dev/null; then exec sudo -n {python} -; else exec {python} -; fi"


def observing(objects: Sequence[str]) -> str:
    """Give the program that looks at these objects."""
    return f"{PROGRAM.read_text('utf-8')}\nmain(json.loads({json.dumps(json.dumps(objects))}))\n"


def said(output: bytes) -> Any:
    """Give what a program that looks has said, None when it did not come to its one answer.

    Names on a host are bytes. What is no UTF-8 in them is shown by number, so that it can be kept and printed.
    """
    answers = [line for line in output.decode("utf-8", "replace").splitlines() if line.startswith(MARK)]
    return _printable(json.loads(answers[0][len(MARK) :])) if len(answers) == 1 else None


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_printable(key): _printable(each) for key, each in value.items()}
    return [_printable(each) for each in value] if isinstance(value, list) else value


def ask(connection: Any, interpreter: str, objects: Sequence[str]) -> Seeing | None:
    """Look at objects over an open connection of Ansible; None when no answer came."""
    command, program = remote_command(interpreter), observing(objects).encode()
    code, output, _ = connection.exec_command(command, in_data=program, sudoable=False)
    return said(output) if code == 0 else None


def state_digest(key: bytes, host: str, name: str, facts: Mapping[str, Any]) -> str:
    """Give what a plan binds of an object's state."""
    return keyed_digest(key, "object", canonical([host, name, facts]))
