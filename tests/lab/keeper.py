"""The process that holds one lab: mounts, hosts, package server. Started in a mount namespace of its own.

It starts a host again when it reboots (systemd-nspawn ends with 133 then), and clears the lab away when the owner ends.
Killed with -9 it takes everything with it: children get SIGKILL by ``PR_SET_PDEATHSIG``, mounts end with the namespace.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from types import FrameType

from tests.lab import base, cgroup, record, repository
from tests.lab.process import Process

_REBOOT = 133
_JOIN = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 >"$1"; shift; n=$((n-1)); done; exec "$@"'


class _StopError(Exception):
    """Somebody asked the keeper to end."""


def main(folder: Path) -> None:
    """Bring the hosts of the recorded lab up and hold them until asked to stop, or until the owner ends."""
    signal.signal(signal.SIGTERM, _stop)
    lab = record.load(folder).kept_by(Process.of(os.getpid()))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "sopti-lab", str(folder / "fs")], check=True)
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        children["repository"] = repository.serve(lab.network.controller)
        for name in lab.hosts:
            _mount(lab, name)
            children[name] = _boot(lab, name)
        _hold(lab, children)
    except _StopError:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for child in children.values():
            child.kill()
        for child in children.values():
            child.wait()
        cgroup.remove(lab.cgroup)
    if lab.owner is not None and not lab.owner.alive:
        subprocess.run(["umount", "--recursive", "--lazy", str(folder / "fs")], check=False)
        with record.locked():
            lab.clear()


def _hold(lab: record.Record, children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Wait for hosts that end and for the owner's end."""
    with selectors.DefaultSelector() as events:
        if lab.owner is not None:
            try:
                events.register(os.pidfd_open(lab.owner.pid), selectors.EVENT_READ, "")
            except ProcessLookupError:
                return
            if not lab.owner.alive:
                return
        for name, child in children.items():
            events.register(os.pidfd_open(child.pid), selectors.EVENT_READ, name)
        while True:
            for key, _ in events.select():
                events.unregister(key.fd)
                os.close(key.fd)
                name = key.data
                if not name:
                    return
                if children[name].wait() == _REBOOT:
                    children[name] = _boot(lab, name)
                    events.register(os.pidfd_open(children[name].pid), selectors.EVENT_READ, name)


def _mount(lab: record.Record, name: str) -> None:
    """Lay an empty layer over the base and write what makes this host itself."""
    own = lab.folder / "fs" / name
    for part in ("up", "work", "root"):
        (own / part).mkdir(parents=True)
    layers = f"lowerdir={base.path()},upperdir={own / 'up'},workdir={own / 'work'}"
    subprocess.run(["mount", "-t", "overlay", "-o", layers, "sopti-lab", str(own / "root")], check=True)
    for relative, text in _identity(lab, name).items():
        file = own / "root" / relative
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o600 if relative.endswith(("_key", "authorized_keys")) else 0o644)
    home = own / "root/home" / base.SUDO_USER
    for folder in (own / "root/root/.ssh", home / ".ssh"):
        folder.chmod(0o700)
    for path in (home / ".ssh", home / ".ssh/authorized_keys"):
        os.chown(path, home.stat().st_uid, home.stat().st_gid)


def _identity(lab: record.Record, name: str) -> dict[str, str]:
    """Give the files that differ from host to host."""
    address, public = lab.hosts[name]
    client = (lab.folder / "client_key.pub").read_text()
    last = address.rpartition(".")[2]
    return {
        "etc/hostname": f"{name}\n",
        "etc/hosts": f"127.0.0.1 localhost\n{address} {name}\n",
        "etc/machine-id": f"{uuid.uuid4().hex}\n",
        "etc/resolv.conf": "",
        "etc/ssh/ssh_host_ed25519_key": (lab.folder / f"{name}_key").read_text(),
        "etc/ssh/ssh_host_ed25519_key.pub": f"{public}\n",
        "root/.ssh/authorized_keys": client,
        f"home/{base.SUDO_USER}/.ssh/authorized_keys": client,
        "etc/apt/sources.list.d/lab.list": f"deb [trusted=yes] {repository.url(lab.network.controller)} ./\n",
        "etc/systemd/network/10-host0.network": (
            "[Match]\nName=host0\n[Network]\nLinkLocalAddressing=no\nIPv6AcceptRA=no\nLLDP=no\n"
            f"[Address]\nAddress={address}/24\n"
            f"[Address]\nAddress={lab.network.prefix6}::{last}/64\nDuplicateAddressDetection=none\n"
        ),
    }


def _boot(lab: record.Record, name: str) -> subprocess.Popen[bytes]:
    procs = [str(path) for path in cgroup.create(lab.cgroup, name)]
    nspawn = [
        "systemd-nspawn", "--quiet", "--keep-unit", "--register=no", "--settings=no", "--boot",
        f"--directory={lab.folder / 'fs' / name / 'root'}", f"--machine={lab.network.bridge}-{name}",
        f"--hostname={name}", f"--network-bridge={lab.network.bridge}",
        "--resolv-conf=off", "--timezone=off", "--link-journal=no",
    ]  # fmt: skip
    with (lab.folder / f"{name}.console").open("ab") as console:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "sh", "-ec", _JOIN, "join", str(len(procs)), *procs, *nspawn],
            stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT,
        )  # fmt: skip


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _StopError


if __name__ == "__main__":
    main(Path(sys.argv[1]))
