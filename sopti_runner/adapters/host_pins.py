"""Pinning a host: its SSH key as it answers now, and the inventory file that keeps it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import yaml

from sopti_runner.domain.host_name import inventory_file, require_name
from sopti_runner.domain.sshsig import PublicKey, parse_public_key
from sopti_runner.errors import N_, DeviceError, UsageError

_ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]{0,254}")


def scan(address: str, port: int, timeout_s: int = 5) -> PublicKey:
    """Give the Ed25519 host key that answers at an address now.

    Whether it is the right host can't be known from here: compare the fingerprint at the host's own console.

    Raises:
        UsageError: The address can't be one.
        DeviceError: Nothing answers there with such a key.
    """
    if not _ADDRESS.fullmatch(address):
        raise UsageError(N_("This is no host name or address"), on=address)
    done = subprocess.run(
        ["ssh-keyscan", "-T", str(timeout_s), "-p", str(port), "-t", "ed25519", address],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
        check=False,
    )
    lines = [line.split(None, 1)[1] for line in done.stdout.splitlines() if line and not line.startswith("#")]
    if not lines:
        raise DeviceError(
            N_("The host does not answer with an Ed25519 key"),
            on=f"{address}:{port}",
            found=done.stderr.strip()[-200:],
            next=f"ssh -p {port} root@{address}",
        )
    return parse_public_key(lines[0], on=address)


def write_host(
    folder: Path, name: str, *, address: str, port: int, user: str, group: str, key: PublicKey, private_key: Path | None
) -> Path:
    """Write the inventory file of one host; UsageError when the name can't be or is taken.

    Args:
        folder: The inventory folder of the settings.
        name: Inventory name.
        address: Name or address that SSH connects to.
        port: SSH port.
        user: Account on the host.
        group: Inventory group that change models name.
        key: The pinned host key.
        private_key: Key with which sopti reaches the host, or None for SSH's own choice.
    """
    target = folder / inventory_file(name)
    require_name(group.replace("_", "-"))
    values: dict[str, object] = {"ansible_host": address, "ansible_user": user, "sopti_host_key": key.line}
    if port != 22:
        values["ansible_port"] = port
    if private_key:
        values["ansible_ssh_private_key_file"] = str(private_key)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:  # a new file: no link that somebody left under this name
            file.write(yaml.safe_dump({group: {"hosts": {name: values}}}, sort_keys=False, width=1000))
    except OSError as error:
        raise UsageError(N_("The inventory can't be written"), on=str(target), found=str(error.strerror)) from error
    return target
