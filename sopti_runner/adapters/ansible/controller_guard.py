"""Keeps the launcher's own process from acting on this machine while content runs in it.

An audit hook, so that no name or import gets round it by mistake: programs other than OpenSSH's are not started, nor
these with an option that starts another one; no network connection is opened; what sopti keeps (ledger, keys, other
copies) is not opened, and nothing is written outside the run's own folder. It stops what static rules overlooked, not
Python that means harm: none may be in content.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible.ssh import WAYS

PROGRAMS = frozenset(("ssh", "sftp", "scp"))
_STARTS = re.compile(
    r"\s*(proxycommand|proxyjump|localcommand|permitlocalcommand|knownhostscommand|pkcs11provider|securitykeyprovider"
    r"|xauthlocation|include|match)\b",
    re.I,
)
_STARTS_SHORT = ("-J", "-I", "-D", "-L", "-R", "-W", "-E")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True, slots=True)
class Places:
    """Where the launcher may read and write.

    Attributes:
        kept: What sopti keeps: nothing below it is opened but what stands below ``readable`` or ``writable``.
        readable: The sealed copy.
        writable: The run's own folders; devices may be written too.
        identities: The only configuration that ssh is given, or one beside it.
    """

    kept: Path
    readable: Path
    writable: Sequence[Path]
    identities: Path | None = None


def refuse_local_acts(places: Places) -> None:
    """Install the hook in this process and those it forks; it can't be taken out again."""
    sys.addaudithook(_judge(places))


def _judge(places: Places) -> Callable[[str, tuple[Any, ...]], None]:
    kept, readable = _below(places.kept), _below(places.readable)
    writable = tuple(_below(place) for place in (*places.writable, Path("/dev")))

    def judge(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            name, _mode, flags = arguments
            if isinstance(name, int):
                return
            path = os.path.realpath(os.fsdecode(name))
            if path.startswith(writable):
                return
            if flags & _WRITING or (path.startswith(kept) and not path.startswith(readable)):
                raise PermissionError(f"sopti: opening {path} on this machine is refused")
        elif event == "subprocess.Popen":
            _judge_program(arguments[0], arguments[1], places.identities)
        elif event in ("os.system", "os.exec", "os.posix_spawn"):
            raise PermissionError(f"sopti: {event} on this machine is refused")
        elif event == "socket.connect" and arguments[0].family != socket.AF_UNIX:
            raise PermissionError("sopti: network connections from this machine are refused")

    return judge


def _judge_program(program: Any, words: Sequence[Any], identities: Path | None) -> None:
    name = os.fsdecode(program)
    if name not in PROGRAMS and name not in {f"/usr/bin/{each}" for each in PROGRAMS}:
        raise PermissionError(f"sopti: starting {name} on this machine is refused")
    given = [os.fsdecode(word) for word in words]
    for i, word in enumerate(given[1:-1], 1):
        setting = word[2:] if word.startswith("-o") else word if given[i - 1] == "-o" else ""
        config = word.startswith("-F") and not _is_ours(word[2:] or given[i + 1], identities)
        if config or _STARTS.match(setting) or word.startswith(_STARTS_SHORT):
            raise PermissionError(f"sopti: {name} with {word} is refused")


def _is_ours(configuration: str, identities: Path | None) -> bool:
    ours = {str(identities.with_name(name)) for name in WAYS} if identities else set()
    return configuration in {"/dev/null", *ours}


def _below(place: Path) -> str:
    return f"{place.resolve()}{os.sep}"
