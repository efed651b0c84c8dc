"""How sopti reaches a host: OpenSSH, the pinned key, no configuration but this, no questions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sopti_runner.errors import N_, DeviceError

CONNECT_TIMEOUT_S = 10
PATH = "/usr/local/bin:/usr/bin:/bin"
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_KEY_TROUBLE = re.compile(
    r"host key verification failed|remote host identification has changed|host key is known", re.I
)
_LOGIN_TROUBLE = re.compile(r"permission denied|too many authentication failures|no more authentication methods", re.I)
_SUDO_TROUBLE = re.compile(r"sudo: |password is required|missing sudo password", re.I)


def options(known_hosts: Path) -> tuple[str, ...]:
    """Give the ssh options that every connection uses."""
    settings = {
        "UserKnownHostsFile": f'"{known_hosts}"',
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "BatchMode": "yes",
        "ConnectTimeout": CONNECT_TIMEOUT_S,
        "ServerAliveInterval": 15,
        "ServerAliveCountMax": 3,
        "ForwardAgent": "no",
        "ClearAllForwardings": "yes",
    }
    return ("-F", "/dev/null", *(part for key, value in settings.items() for part in ("-o", f"{key}={value}")))


def environment() -> dict[str, str]:
    """Give the environment of programs that reach hosts: nothing of the caller's, whose PATH may lead elsewhere."""
    return {"PATH": PATH, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def command(host: str, variables: Mapping[str, Any], known_hosts: Path, remote: str) -> list[str]:
    """Give the command that runs ``remote`` (a shell text) on a host, by the inventory's connection variables."""
    words = ["ssh", *options(known_hosts), "-T"]
    key = variables.get("ansible_ssh_private_key_file") or variables.get("ansible_private_key_file")
    if key:
        words += ["-i", str(Path(str(key)).expanduser()), "-o", "IdentitiesOnly=yes"]
    port = variables.get("ansible_port") or variables.get("ansible_ssh_port")
    user = variables.get("ansible_user") or variables.get("ansible_ssh_user")
    words += ["-p", str(port)] if port else []
    words += ["-l", str(user)] if user else []
    return [*words, "--", str(variables.get("ansible_host") or variables.get("ansible_ssh_host") or host), remote]


def trouble(host: str, text: str) -> DeviceError:
    """Say which trouble kept us from a host, from what ssh or Ansible wrote: its key, the login, sudo, or no answer."""
    found = " ".join(text.split())[-300:]
    if _KEY_TROUBLE.search(text):
        return DeviceError(
            N_("Host {host} shows another key than the pinned one; nothing was sent to it"),
            on=host,
            expected=N_("the pinned host key"),
            found=shown[0] if (shown := _FINGERPRINT.findall(text)) else N_("another key"),
            next=N_("compare the key at the host's own console; if it is right: sopti host add"),
            host=host,
        )
    if _LOGIN_TROUBLE.search(text):
        return DeviceError(
            N_("Host {host} refuses the login"), on=host, expected=N_("a login by key"), found=found, host=host
        )
    if _SUDO_TROUBLE.search(text):
        return DeviceError(
            N_("Host {host} does not let the login become root without a password"),
            on=host,
            expected="sudo -n true",
            found=found,
            host=host,
        )
    return DeviceError(N_("Host {host} does not answer"), on=host, expected=N_("an answer"), found=found, host=host)
