"""What a host itself says of its console account, read over ssh; implements ``HostConsoles``."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sopti_runner.adapters.ansible.host_doors import InventoryDoors
from sopti_runner.domain.console import ACCOUNT, PROOF_WITHIN, ConsoleSeen, digest_of
from sopti_runner.domain.login import CONSOLE, became_root, parse_login
from sopti_runner.errors import N_, DeviceError
from sopti_runner.ports.access import HostKeys

_SUDO = "/usr/bin/sudo"
_LOOK = f"""\
export PATH=/usr/sbin:/sbin:/usr/bin:/bin LC_ALL=C
journalctl --sync
date +%s.%N
stat -c %.Y /etc/shadow
sshd -T -C user={ACCOUNT},host=localhost,addr=192.0.2.1 | grep -cix 'denyusers {ACCOUNT}'
getent shadow {ACCOUNT} | cut -d: -f2
echo
journalctl -q -o json --output-fields=MESSAGE,_UID,_COMM,_EXE,_SYSTEMD_UNIT -t login -t sudo \
  --since "-{int(PROOF_WITHIN.total_seconds())}s" || :
"""


class Consoles:
    """Asks hosts, as root.

    Args:
        doors: How hosts are reached.
    """

    def __init__(self, doors: InventoryDoors) -> None:
        self._doors = doors

    def look(self, host: str, keys: HostKeys) -> ConsoleSeen:
        """Give what the host says: its clock, its shadow file, sshd's settings, its journal.

        A login that was begun within a session of ssh is none at the console. Only lines that login wrote as root, or
        that the program sudo wrote, count: the kernel tells the journal who writes.

        Raises:
            DeviceError: The host can't be asked, or its answer is no such answer.
        """
        said = self._doors.run(host, keys, _LOOK).decode("utf-8", "replace")
        facts, _, log = said.partition("\n\n")
        lines = facts.splitlines()
        try:
            now, written, shut = _moment(lines[0]), _moment(lines[1]), int(lines[2]) > 0
        except (IndexError, ValueError) as error:
            raise DeviceError(
                N_("Host {host} could not be asked for its console"), on=host, found=facts[-200:], host=host
            ) from error
        hashed = lines[3] if len(lines) > 3 else ""  # there is none without the account
        entries = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        return ConsoleSeen(
            now,
            digest_of(hashed) if hashed else "",
            written,
            shut,
            tuple(_time(entry) for entry in entries if _at_console(entry)),
            tuple(_time(entry) for entry in entries if _as_root(entry)),
        )


def _at_console(entry: dict[str, Any]) -> bool:
    if entry.get("_UID") != "0" or entry.get("_COMM") != "login" or str(entry.get("_SYSTEMD_UNIT")).startswith("ssh"):
        return False
    login = parse_login(_time(entry), str(entry.get("MESSAGE")))
    return login is not None and (login.method, login.user) == (CONSOLE, ACCOUNT)


def _as_root(entry: dict[str, Any]) -> bool:
    return entry.get("_EXE") == _SUDO and became_root(str(entry.get("MESSAGE"))) == ACCOUNT


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=float(seconds))


def _time(entry: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(entry["__REALTIME_TIMESTAMP"]))
