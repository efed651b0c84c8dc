"""A lab: hosts that come up together, live in one network, and go together."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.lab import base, machine, record, repository
from tests.lab.host import Host
from tests.lab.network import choose
from tests.lab.process import Process

_REPO = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class LabError(Exception):
    """A lab can't be brought up; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab that is up; use as a context manager, or call ``down``.

    Attributes:
        private_key: Client key that opens root and the sudo user (``base.SUDO_USER``) on every host.
        known_hosts: The pinned keys, for ``UserKnownHostsFile``.
        repository: Address of the local apt repository (hosts have it in their sources).
    """

    name: str
    hosts: tuple[Host, ...]
    private_key: Path
    known_hosts: Path
    controller: str
    controller6: str
    repository: str

    @classmethod
    def up(cls, n: int = 2, *, name: str = "", names: Sequence[str] = (), detached: bool = False) -> Lab:
        """Bring hosts up, in parallel, and wait until systemd on each has started everything.

        Args:
            n: How many, when ``names`` doesn't say; they are called srv01, srv02, …
            name: The lab's name, to be found again by ``down``; a random one when empty.
            detached: Whether it outlives this process; otherwise it goes when this process ends, however it ends.

        Raises:
            LabError: Something is missing here, the name is taken, or a host did not come up (its console is shown).
        """
        if lacking := machine.missing():
            raise LabError("labs don't work here, missing:\n" + "\n".join(f"- {line}" for line in lacking))
        base.ensure()
        repository.ensure()
        name = name or f"t{os.getpid()}-{secrets.token_hex(2)}"
        plan = _claim(name, names or [f"srv{i:02}" for i in range(1, n + 1)], detached=detached)
        lab = cls._of(plan)
        try:
            with ThreadPoolExecutor(max_workers=8) as pool:
                list(pool.map(Host.wait_ready, lab.hosts))
        except BaseException as error:
            tails = [f"{host.name}: {_tail(plan.folder / f'{host.name}.console')}" for host in lab.hosts]
            tails.append(f"keeper: {_tail(plan.folder / 'keeper.log')}")
            lab.down()
            if isinstance(error, Exception):
                raise LabError("\n".join([f"a host did not come up: {error}", *tails])) from error
            raise
        return lab

    @classmethod
    def find(cls, name: str) -> Lab:
        """Give a lab that is up; LabError when there is none of this name."""
        try:
            return cls._of(record.load(record.root() / name))
        except FileNotFoundError as error:
            raise LabError(f"no lab called {name}; next: python -m tests.lab list") from error

    @classmethod
    def _of(cls, plan: record.Record) -> Lab:
        key, known = plan.folder / "client_key", plan.folder / "known_hosts"
        hosts = tuple(
            Host(name, address, f"{plan.network.prefix6}::{address.rpartition('.')[2]}", public, key, known)
            for name, (address, public) in plan.hosts.items()
        )
        network = plan.network
        return cls(
            plan.name, hosts, key, known, network.controller, network.controller6, repository.url(network.controller)
        )

    def down(self) -> None:
        """Take the lab down; nothing happens when it is down already."""
        with record.locked():
            try:
                record.load(record.root() / self.name).clear()
            except FileNotFoundError:
                return

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def inventory(self) -> dict[str, Any]:
        """Give an Ansible inventory: group ``servers``, with each host's address, login and pinned key."""
        hosts = {
            host.name: {
                "ansible_host": host.address,
                "ansible_user": "root",
                "ansible_ssh_private_key_file": str(host.private_key),
                "ansible_python_interpreter": "/usr/bin/python3",
                "sopti_host_key": host.host_key,
            }
            for host in self.hosts
        }
        return {"all": {"children": {"servers": {"hosts": hosts}}}}


def reap(*, everything: bool = False) -> list[str]:
    """Clear labs that nobody holds any more (or all of them) and give their names."""
    with record.locked():
        gone = [lab for lab in record.records() if everything or lab.stale]
        for lab in gone:
            lab.clear()
    return [lab.name for lab in gone]


def _claim(name: str, names: Sequence[str], *, detached: bool) -> record.Record:
    """Write the lab down, give it keys and a network, make its bridge, start its keeper: all under the lock."""
    for word in (name, *names):
        if not _NAME.fullmatch(word):
            raise LabError(f"{word!r} can't be a name: expected small letters, digits and dashes, 31 at most")
    reap()
    with record.locked():
        taken = {lab.name: lab for lab in record.records()}
        if name in taken:
            raise LabError(f"a lab called {name} is up; next: python -m tests.lab down {name}")
        network = choose([lab.network.subnet for lab in taken.values()])
        folder = record.root() / name
        (folder / "fs").mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        _keygen(folder / "client_key", "lab client")
        hosts = {host: (network.address(11 + i), _keygen(folder / f"{host}_key", host)) for i, host in enumerate(names)}
        (folder / "known_hosts").write_text("".join(f"{address} {key}\n" for address, key in hosts.values()))
        owner = None if detached else Process.of(os.getpid())
        plan = record.Record(name, network, hosts, owner).save()
        try:
            network.create()
            return _keep(plan)
        except BaseException:
            record.load(folder).clear()
            raise


def _keygen(file: Path, comment: str) -> str:
    """Make a key pair and give the public half without its comment."""
    file.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(file)], check=True)
    return " ".join(file.with_suffix(".pub").read_text().split()[:2])


def _keep(plan: record.Record) -> record.Record:
    """Start the keeper, which writes itself into the record, as a process that isn't our child."""
    keeper = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        sys.executable,
        "-m",
        "tests.lab.keeper",
        str(plan.folder),
    ]
    with (plan.folder / "keeper.log").open("ab") as log:
        subprocess.run(
            ["setsid", "--fork", *keeper], cwd=_REPO, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True
        )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        kept = record.load(plan.folder)
        if kept.keeper is not None:
            return kept
        time.sleep(0.02)
    raise LabError(f"the keeper did not start: {_tail(plan.folder / 'keeper.log')}")


def _tail(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    except FileNotFoundError:
        return "(nothing written)"
