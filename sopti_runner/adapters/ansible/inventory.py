"""The inventory, evaluated once: which hosts, in which groups, with which variables and pinned keys."""

from __future__ import annotations

import difflib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible import ssh
from sopti_runner.adapters.ansible.inventory_files import InventoryFiles
from sopti_runner.domain.sshsig import PublicKey, parse_public_key
from sopti_runner.errors import N_, ContentError, UsageError

HOST_KEY = "sopti_host_key"
_TIMEOUT_S = 120
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,62}")  # what an error may repeat


@dataclass(frozen=True, slots=True)
class Inventory:
    """An evaluated inventory.

    Attributes:
        hosts: Host → its variables, group variables merged in by Ansible itself.
        groups: Group → its hosts, those of child groups included.
    """

    hosts: Mapping[str, Mapping[str, Any]]
    groups: Mapping[str, tuple[str, ...]]

    def chosen(self, limit: Sequence[str]) -> tuple[str, ...]:
        """Give the hosts that names of hosts and groups choose, sorted; ContentError for a name that is neither."""
        hosts: set[str] = set()
        for name in limit:
            if name in self.hosts:
                hosts.add(name)
            elif name in self.groups:
                hosts.update(self.groups[name])
            else:
                raise _unknown(name, [*self.hosts, *self.groups])
        if not hosts:
            raise ContentError(
                N_("No host is chosen"),
                on=", ".join(limit),
                expected=N_("at least one host or group of the inventory"),
                found=N_("no host"),
            )
        return tuple(sorted(hosts))

    def document(self, hosts: Sequence[str]) -> dict[str, Any]:
        """Give the static inventory of the chosen hosts alone, as Ansible's YAML inventory reads it."""
        children: dict[str, Any] = {
            group: {"hosts": {host: {} for host in sorted(set(members) & set(hosts))}}
            for group, members in sorted(self.groups.items())
            if group not in ("all", "ungrouped") and set(members) & set(hosts)
        }
        return {"all": {"hosts": {host: dict(self.hosts[host]) for host in hosts}, "children": children}}

    def known_hosts(self, hosts: Sequence[str]) -> str:
        """Give the ``known_hosts`` lines of the chosen hosts; ContentError when one has no pinned key."""
        return "".join(f"{_address(host, self.hosts[host])} {self._key(host).line}\n" for host in hosts)

    def fingerprints(self, hosts: Sequence[str]) -> dict[str, str]:
        """Give host → ``SHA256:…`` of its pinned key, as ssh-keygen prints it."""
        return {host: self._key(host).fingerprint for host in hosts}

    def _key(self, host: str) -> PublicKey:
        key = str(self.hosts[host].get(HOST_KEY, "")).strip()
        if not key:
            raise ContentError(
                N_("Host {host} has no pinned key"),
                on=host,
                expected=f"{HOST_KEY}: ssh-ed25519 AAAA…",
                found=N_("no such variable"),
                next="sopti host add",
                host=host,
            )
        try:
            return parse_public_key(key)
        except UsageError as error:
            raise ContentError(
                N_("A pinned host key can't be read"),
                on=f"{host}: {HOST_KEY}",
                expected="ssh-ed25519 AAAA…",
                found=key[:60],
                next="sopti host add",
            ) from error


def _address(host: str, variables: Mapping[str, Any]) -> str:
    address = str(variables.get("ansible_host", host))
    port = int(variables.get("ansible_port", 22))
    return address if port == 22 else f"[{address}]:{port}"


def _unknown(name: str, known: Sequence[str]) -> ContentError:
    known = [each for each in known if _NAME.fullmatch(each)]
    close = difflib.get_close_matches(name, known, n=1)
    expected = ", ".join(sorted(set(known) - {"all", "ungrouped"}))
    if close:
        what = N_("The inventory has no host or group {name}; did you mean {suggestion}?")
        return ContentError(what, on=name, expected=expected, found=name, name=name, suggestion=close[0])
    return ContentError(
        N_("The inventory has no host or group {name}"), on=name, expected=expected, found=name, name=name
    )


def evaluate(files: InventoryFiles, playbooks: Path) -> Inventory:
    """Let ``ansible-inventory`` read a copy of the inventory, in a process with an empty environment of its own.

    Raises:
        ContentError: Ansible can't read it.
    """
    with tempfile.TemporaryDirectory(prefix="sopti-inventory-") as home:
        (Path(home) / "ansible.cfg").touch()
        inventory = files.copy_to(Path(home) / files.source.name)
        program = [sys.executable, "-I", "-B", "-m", "ansible.cli.inventory", "--list"]
        done = subprocess.run(
            [*program, "-i", str(inventory), "--playbook-dir", str(playbooks.absolute())],
            env=_environment(home),
            cwd=home,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    if done.returncode != 0:
        raise ContentError(
            N_("The inventory can't be read"),
            on=str(files.source),
            expected=N_("an inventory in YAML or INI"),
            found=done.stderr.decode("utf-8", "replace").replace(f"{home}/", "").strip()[-400:],
            next=N_("when no host was added yet: sopti host add --help; otherwise mend the file"),
        )
    return _parse(json.loads(done.stdout))


def _environment(home: str) -> dict[str, str]:
    return {
        "PATH": ssh.PATH,
        "LANG": "C.UTF-8",
        "HOME": home,
        "ANSIBLE_HOME": home,
        "ANSIBLE_CONFIG": f"{home}/ansible.cfg",
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml,ansible.builtin.ini",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "True",
        "ANSIBLE_COLLECTIONS_PATH": home,
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "False",
    }


def _parse(listed: Mapping[str, Any]) -> Inventory:
    hostvars = listed.get("_meta", {}).get("hostvars", {})

    def members(group: str, seen: frozenset[str] = frozenset()) -> set[str]:
        entry = listed.get(group, {})
        below = (members(child, seen | {group}) for child in entry.get("children", ()) if child not in seen)
        return set(entry.get("hosts", ())).union(*below)

    names = {name for name in listed if name != "_meta"} | {"all"}
    names |= {child for name in names for child in listed.get(name, {}).get("children", ())}
    groups = {name: tuple(sorted(members(name))) for name in names}
    hosts = {host: hostvars.get(host, {}) for host in groups["all"]}
    return Inventory(hosts=hosts, groups=groups)
