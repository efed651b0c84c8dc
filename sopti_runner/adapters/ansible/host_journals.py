"""Hosts' own logs of logins, read over ssh; implements ``HostJournals``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sopti_runner.adapters.ansible.host_doors import InventoryDoors
from sopti_runner.domain.login import Login, parse_login
from sopti_runner.domain.sshsig import PublicKey
from sopti_runner.errors import N_, DeviceError
from sopti_runner.ports.access import HostKeys

_WRITERS = frozenset({"sshd", "sshd-session", "login"})
_FIELDS = "MESSAGE,_UID,_COMM"
_BEGIN = f"journalctl -q -o json --output-fields={_FIELDS} | head -n 1"
_LOGINS = (
    f"journalctl -q -o json --output-fields={_FIELDS} --since @SINCE -t sshd -t sshd-session -t login"
    " | grep -F -e 'Accepted ' -e 'session opened' || :"
)


class Journals:
    """Reads the journal of systemd.

    Args:
        doors: How hosts are reached.
    """

    def __init__(self, doors: InventoryDoors) -> None:
        self._doors = doors

    def hosts(self) -> tuple[str, ...]:
        """Give the hosts of the inventory, sorted."""
        return self._doors.hosts()

    def standing_key(self, host: str) -> PublicKey | None:
        """Give the public half of the key that the inventory names for a host."""
        return self._doors.standing_key(host)

    def logins(self, host: str, keys: HostKeys, since: datetime | None) -> tuple[datetime, list[Login]]:
        """Give from where the host's log begins, and each login after ``since``, in order.

        Only lines that sshd or login wrote as root count; the kernel tells the journal who writes.

        Raises:
            DeviceError: The host can't be reached, or keeps no such log.
        """
        start = int(since.timestamp()) if since else 0
        said = self._doors.run(host, keys, f"{_BEGIN}; echo; {_LOGINS.replace('SINCE', str(start))}")
        first, _, rest = said.decode("utf-8", "replace").partition("\n\n")
        entries = list(_entries(first))
        if not entries:
            raise DeviceError(
                N_("Host {host} keeps no log that can be read"),
                on=host,
                expected=N_("systemd's journal of sshd"),
                found=first[-200:],
                next="docs/runbooks/host-unreachable.md",
                host=host,
            )
        logins = []
        for entry in _entries(rest):
            at = _time(entry)
            if entry.get("_UID") != "0" or entry.get("_COMM") not in _WRITERS or (since and at <= since):
                continue
            login = parse_login(at, str(entry.get("MESSAGE")))
            if login:
                logins.append(login)
        return _time(entries[0]), logins


def _entries(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def _time(entry: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(entry["__REALTIME_TIMESTAMP"]))
