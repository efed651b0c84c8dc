"""How sopti reaches a host: OpenSSH, the pinned key, no configuration but this, no questions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sopti_runner.errors import N_, DeviceError
from sopti_runner.ports.access import HostKeys

CONNECT_TIMEOUT_S = 10
PATH = "/usr/local/bin:/usr/bin:/bin"
WAYS = ("offered", "by-certificate", "by-plain-key")
"""Names of the configurations that say which key a host is shown; the first is the one in use."""
NO_IDENTITIES = Path("/dev/null")
_ONLY = "IdentitiesOnly yes"
_DEFAULT_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_KEY_TROUBLE = re.compile(
    r"host key verification failed|remote host identification has changed|host key is known", re.I
)
_LOGIN_TROUBLE = re.compile(r"permission denied|too many authentication failures|no more authentication methods", re.I)
_SUDO_TROUBLE = re.compile(r"sudo: |password is required|missing sudo password", re.I)


def options(known_hosts: Path, identities: Path = NO_IDENTITIES) -> tuple[str, ...]:
    """Give the ssh options that every connection uses.

    Args:
        known_hosts: The pinned keys.
        identities: Which key and certificate each host is shown, as ``identities`` gives it.
    """
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
    return ("-F", str(identities), *(part for key, value in settings.items() for part in ("-o", f"{key}={value}")))


def environment() -> dict[str, str]:
    """Give the environment of programs that reach hosts: nothing of the caller's, whose PATH may lead elsewhere."""
    return {"PATH": PATH, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


@contextmanager
def identities(snapshot: Path, keys: HostKeys | None) -> Iterator[Path]:
    """Give an ssh configuration that says which key and which certificate each host is shown, and no other.

    Beside it lie two more, by which a host that is being converted is tried from outside: ``by-certificate`` offers
    certificates alone, ``by-plain-key`` the inventory's own keys alone.

    Args:
        snapshot: A sealed copy, whose inventory says how hosts are reached.
        keys: Certificates of this errand; None where the gate has no authority, or no host needs one.
    """
    hosts = json.loads((snapshot / "inventory.json").read_text("utf-8"))["all"]["hosts"]
    with TemporaryDirectory(prefix="sopti-ssh-") as folder:
        yield write_identities(Path(folder), hosts, keys)


def write_identities(folder: Path, hosts: Mapping[str, Mapping[str, Any]], keys: HostKeys | None) -> Path:
    """Write the three configurations into a folder and give the one that offers what is to be used."""
    by_certificate = replace(keys, plain=frozenset()) if keys else None
    for name, shown in zip(WAYS, (keys, by_certificate, None), strict=True):
        (folder / name).write_text("".join(_identity(h, v, shown) for h, v in sorted(hosts.items())), "utf-8")
    return folder / WAYS[0]


def _identity(host: str, variables: Mapping[str, Any], keys: HostKeys | None) -> str:
    certificates = keys.certificates.get(host, ()) if keys else ()
    lines = [f'CertificateFile "{file}"' for file in certificates]
    lines += [f'IdentityFile "{keys.key}"'] if keys and certificates else []
    if not certificates or (keys and host in keys.plain):
        lines += [f'IdentityFile "{key}"' for key in _plain_keys(variables, beside=bool(certificates))]
    return "".join(f"{line}\n" for line in (f"Host {address(host, variables)}", *lines, _ONLY)) if lines else ""


def _plain_keys(variables: Mapping[str, Any], *, beside: bool) -> list[str]:
    """Give the inventory's own key; beside a certificate, which hides them, else those that ssh tries by itself."""
    key = variables.get("ansible_ssh_private_key_file") or variables.get("ansible_private_key_file")
    if key:
        return [str(Path(str(key)).expanduser())]
    return [each for each in _DEFAULT_KEYS if beside and Path(each).expanduser().exists()]


def address(host: str, variables: Mapping[str, Any]) -> str:
    """Give the name or address that ssh connects to."""
    return str(variables.get("ansible_host") or variables.get("ansible_ssh_host") or host)


def command(
    host: str, variables: Mapping[str, Any], known_hosts: Path, remote: str, identities: Path = NO_IDENTITIES
) -> list[str]:
    """Give the command that runs ``remote`` (a shell text) on a host, by the inventory's connection variables."""
    return [*_reaching(host, variables, known_hosts, identities), "-T", "--", address(host, variables), remote]


def terminal(host: str, variables: Mapping[str, Any], known_hosts: Path, identities: Path) -> list[str]:
    """Give the command that opens a terminal on a host; no key typed there is a command to ssh itself."""
    words = _reaching(host, variables, known_hosts, identities)
    return [*words, "-tt", "-e", "none", "--", address(host, variables)]


def _reaching(host: str, variables: Mapping[str, Any], known_hosts: Path, identities: Path) -> list[str]:
    words = ["ssh", *options(known_hosts, identities)]
    port = variables.get("ansible_port") or variables.get("ansible_ssh_port")
    user = variables.get("ansible_user") or variables.get("ansible_ssh_user")
    words += ["-p", str(port)] if port else []
    words += ["-l", str(user)] if user else []
    return words


def trouble(host: str, text: str) -> DeviceError:
    """Say which trouble kept us from a host, from what ssh or Ansible wrote: its key, the login, sudo, or no answer.

    A refused login leads to ``access check``: a runner that died while it converted the host left it with another way
    in than the ledger knows of.
    """
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
            N_("Host {host} refuses the login"),
            on=host,
            expected=N_("a login by key"),
            found=found,
            next=N_("sopti access check {host}: tries certificate and standing key, and records which one opens it"),
            host=host,
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
