"""What this machine must have for labs, and how to get what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

from tests.lab import base, cgroup

_COMMANDS = {
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "setpriv": "util-linux",
    "setsid": "util-linux",
    "unshare": "util-linux",
    "dpkg-deb": "dpkg",
}
_TO_BUILD = {"debootstrap": "debootstrap", "apt-get": "apt", "chroot": "coreutils"}
_OVERLAY = "mount -t tmpfs t /tmp; cd /tmp; mkdir l u w m; mount -t overlay o -o lowerdir=l,upperdir=u,workdir=w m"


def missing() -> list[str]:
    """Give what is missing here, each with the way to get it; empty when labs work."""
    if sys.platform != "linux":
        return ["Linux: labs need a Linux machine"]
    if os.geteuid() != 0:
        return ["root: run it as root (sudo), labs make bridges and mounts"]
    return [*_absent_commands(), *_absent_features()]


def _absent_commands() -> Iterator[str]:
    commands = _COMMANDS if base.path().is_dir() else {**_COMMANDS, **_TO_BUILD}
    for command, package in commands.items():
        if shutil.which(command) is None:
            yield f"{command}: apt-get install {package}"


def _absent_features() -> Iterator[str]:
    if not cgroup.hierarchies() or not os.access(cgroup.hierarchies()[0], os.W_OK):
        yield "cgroups: /sys/fs/cgroup must be mounted and writable (a container without privileges can't run labs)"
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return
    if not _works("unshare", "--mount", "sh", "-ec", _OVERLAY):
        yield "overlayfs: the kernel must offer it to root (modprobe overlay)"
    if not _works("unshare", "--net", "ip", "link", "add", "probe", "type", "bridge"):
        yield "bridge interfaces: the kernel must offer them to root (modprobe bridge)"
    if not _works("unshare", "--net", "ip", "link", "add", "probe", "type", "veth"):
        yield "veth interfaces: the kernel must offer them to root (modprobe veth)"


def _works(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
