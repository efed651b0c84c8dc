"""Hosts tried from outside: new logins by one way alone, by the inventory as it is now; implements ``HostDoors``."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sopti_runner.adapters.ansible import ssh
from sopti_runner.adapters.ansible.connection_rules import check_connection
from sopti_runner.adapters.ansible.inventory import Inventory, evaluate
from sopti_runner.adapters.ansible.inventory_files import read_inventory
from sopti_runner.adapters.ansible.snapshot import refuse
from sopti_runner.domain.sshsig import PublicKey, parse_public_key
from sopti_runner.errors import N_, NotFoundError, UsageError
from sopti_runner.ports.access import HostKeys

TIMEOUT_S = 120


class InventoryDoors:
    """Reaches hosts by the inventory, judged by the same rules as a sealed one.

    Args:
        content_dir: Holds ``playbooks/``, beside which inventory variables may lie.
        inventory: The inventory's file or folder.
    """

    def __init__(self, content_dir: Path, inventory: Path) -> None:
        self._playbooks, self._source = content_dir / "playbooks", inventory

    @cached_property
    def _inventory(self) -> Inventory:
        read = read_inventory(self._source, self._playbooks)
        if read.findings:
            raise refuse(self._source.name, sorted(set(read.findings)))
        inventory = evaluate(read, self._playbooks)
        wrong = sorted(check_connection(self._source.name, inventory.hosts))
        if wrong:
            raise refuse(self._source.name, wrong)
        return inventory

    def hosts(self) -> tuple[str, ...]:
        """Give the hosts of the inventory, sorted; ContentError when it can't be read."""
        return tuple(sorted(self._inventory.hosts))

    def reached(self, host: str) -> Mapping[str, Any]:
        """Give how the inventory says a host is reached; NotFoundError for a host that is not in it."""
        try:
            return self._inventory.hosts[host]
        except KeyError as error:
            raise NotFoundError(
                N_("The inventory has no host or group {name}"), on=host, expected=", ".join(self.hosts()), name=host
            ) from error

    def standing_key(self, host: str) -> PublicKey | None:
        """Give the public half of the inventory's own key for a host; None when it names none.

        Raises:
            UsageError: The key can't be read, or is locked by a passphrase.
        """
        variables = self.reached(host)
        named = variables.get("ansible_ssh_private_key_file") or variables.get("ansible_private_key_file")
        if not named:
            return None
        path = Path(str(named)).expanduser()
        words = ["ssh-keygen", "-y", "-P", "", "-f", str(path)]
        done = subprocess.run(words, env=ssh.environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode != 0:
            found = done.stderr.decode("utf-8", "replace").strip()[-300:]
            raise UsageError(
                N_("The standing key of host {host} can't be read"),
                on=str(path),
                expected=N_("a private key without passphrase that sopti may read"),
                found=found,
                next=f"ssh-keygen -y -f {path}",
                host=host,
            )
        return parse_public_key(done.stdout.decode("ascii", "replace"), on=str(path))

    def opens(self, host: str, keys: HostKeys, *, plain: bool) -> tuple[bool, str]:
        """Try a new login by certificate alone, or by the inventory's own key alone: (opened, what was said)."""
        way = "by-plain-key" if plain else "by-certificate"
        done = self._ssh(host, keys, "true", way)
        return done.returncode == 0, done.stderr.decode("utf-8", "replace").strip()[-300:]

    def run(self, host: str, keys: HostKeys, remote: str, given: bytes = b"") -> bytes:
        """Run a shell text on a host, as root where sudo lets it, and give what it printed.

        Raises:
            DeviceError: The host can't be reached, refuses the login, or the text failed there.
        """
        become = 'if [ "$(id -u)" = 0 ]; then exec "$@"; else exec sudo -n "$@"; fi'
        done = self._ssh(host, keys, shlex.join(("sh", "-c", become, "sh", "sh", "-c", remote)), "offered", given)
        if done.returncode != 0:
            raise ssh.trouble(host, done.stderr.decode("utf-8", "replace") or f"exit {done.returncode}")
        return done.stdout

    def _ssh(
        self, host: str, keys: HostKeys, remote: str, way: str, given: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        variables = self.reached(host)
        with TemporaryDirectory(prefix="sopti-ssh-") as folder:
            pins = Path(folder) / "known_hosts"
            pins.write_text(self._inventory.known_hosts([host]), "utf-8")
            identities = ssh.write_identities(Path(folder), {host: variables}, keys).with_name(way)
            command = ssh.command(host, variables, pins, remote, identities)
            try:
                return subprocess.run(
                    command, input=given, env=ssh.environment(), capture_output=True, timeout=TIMEOUT_S, check=False
                )
            except subprocess.TimeoutExpired as error:
                raise ssh.trouble(host, f"no answer within {TIMEOUT_S} s") from error
