"""Keeps the launcher's own process from acting on this machine while content runs in it.

An audit hook, so that no name or import gets round it by mistake: programs other than OpenSSH's are not started, and no
network connection is opened. It stops what static rules overlooked, not Python that means harm: none may be in content.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

PROGRAMS = frozenset(("ssh", "sftp", "scp"))


def refuse_local_acts() -> None:
    """Install the hook in this process and those it forks; it can't be taken out again."""
    sys.addaudithook(_judge)


def _judge(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        program = os.path.basename(os.fsdecode(arguments[0]))  # noqa: PTH119  arguments may be bytes
        if program not in PROGRAMS:
            raise PermissionError(f"sopti: starting {program} on this machine is refused")
    elif event in ("os.system", "os.exec", "os.posix_spawn"):
        raise PermissionError(f"sopti: {event} on this machine is refused")
    elif event == "socket.connect" and arguments[0].family != socket.AF_UNIX:
        raise PermissionError("sopti: network connections from this machine are refused")
