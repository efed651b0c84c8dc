"""Observing objects on hosts: one program, one ssh connection a host, side by side, as root where sudo lets it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible import ssh
from sopti_runner.adapters.ansible.observation import observing, remote_command, said, state_digest
from sopti_runner.domain.plan import ObjectState
from sopti_runner.errors import N_, DeviceError

AT_ONCE = 10
TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Look:
    """What to look at on one host.

    Attributes:
        host: Inventory name.
        objects: ``kind:key``.
    """

    host: str
    objects: tuple[str, ...]


class Observers:
    """Looks at hosts through a sealed copy's inventory and pinned keys.

    Args:
        snapshot: The sealed copy.
        key: HMAC key of the installation.
        identities: Which key or certificate each host is shown, as ``ssh.identities`` wrote it.
    """

    def __init__(self, snapshot: Path, key: bytes, identities: Path) -> None:
        inventory = json.loads((snapshot / "inventory.json").read_text("utf-8"))
        self._hosts: Mapping[str, Mapping[str, Any]] = inventory["all"]["hosts"]
        self._known_hosts = snapshot / "known_hosts"
        self._key, self._identities = key, identities

    def look(self, looks: Sequence[Look]) -> dict[str, dict[str, ObjectState]]:
        """Give host → object → state.

        Raises:
            DeviceError: Naming the first host, in the order given, that could not be looked at, and why.
        """
        wanted = [look for look in looks if look.objects]
        if not wanted:
            return {}
        with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(wanted))) as pool:
            return dict(zip((look.host for look in wanted), pool.map(self._look, wanted), strict=True))

    def _look(self, look: Look) -> dict[str, ObjectState]:
        variables, program = self._hosts[look.host], observing(look.objects)
        seen = answer(look.host, variables, self._known_hosts, self._identities, program)
        return {each: self._state(look.host, each, seen[each]) for each in look.objects}

    def _state(self, host: str, name: str, seen: Mapping[str, Any]) -> ObjectState:
        return ObjectState(name, state_digest(self._key, host, name, seen["facts"]), str(seen["seen"]))


def answer(host: str, variables: Mapping[str, Any], known_hosts: Path, identities: Path, program: str) -> Any:
    """Run a program that only looks on one host, as root where sudo lets it, and give what it answered.

    Args:
        host: Inventory name.
        variables: How the inventory says it is reached.
        known_hosts: The pinned keys.
        identities: Which key or certificate it is shown.
        program: Python, which prints one line: ``sopti1 `` and JSON.

    Raises:
        DeviceError: The host can't be reached, refuses the login, or gave no answer.
    """
    remote = remote_command(str(variables.get("ansible_python_interpreter") or ""))
    command = ssh.command(host, variables, known_hosts, remote, identities)
    try:
        done = subprocess.run(
            command,
            input=program.encode(),
            env=ssh.environment(),
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ssh.trouble(host, f"no answer within {TIMEOUT_S} s") from error
    errors = done.stderr.decode("utf-8", "replace")
    found = said(done.stdout)
    if done.returncode != 0 or found is None:
        if done.returncode == 255:
            raise ssh.trouble(host, errors)
        raise DeviceError(
            N_("Host {host} could not be looked at"),
            on=host,
            expected=N_("an answer of the observer"),
            found=errors.strip()[-300:],
            host=host,
        )
    return found
