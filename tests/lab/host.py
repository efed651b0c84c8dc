"""One throw-away host, as a test sees it: a name, an address, a pinned key, a shell."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Host:
    """A running host.

    Attributes:
        address: IPv4 address on the lab's bridge.
        address6: IPv6 address on the lab's bridge.
        host_key: Pinned public key, ``ssh-ed25519 AAAA…``.
        private_key: File of the client key that opens root and the sudo user.
        known_hosts: File with the pinned keys of all hosts of the lab.
    """

    name: str
    address: str
    address6: str
    host_key: str
    private_key: Path
    known_hosts: Path

    def ssh_command(self, *, user: str = "root", connect_timeout_s: int = 10) -> list[str]:
        """Give the command that logs in by a new connection, to which the remote command is added."""
        options = {
            "IdentityFile": self.private_key, "IdentitiesOnly": "yes", "UserKnownHostsFile": self.known_hosts,
            "GlobalKnownHostsFile": "/dev/null", "StrictHostKeyChecking": "yes", "BatchMode": "yes",
            "ControlMaster": "no", "ControlPath": "none", "ConnectTimeout": connect_timeout_s, "LogLevel": "ERROR",
        }  # fmt: skip
        words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        return ["ssh", "-F", "none", *words, f"{user}@{self.address}"]

    def ssh(
        self, command: str, timeout: float = 30, *, user: str = "root", check: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command by a new connection.

        Args:
            timeout: Seconds for everything; subprocess.TimeoutExpired after it.
            check: Raise subprocess.CalledProcessError unless it ends with 0 (ssh itself ends with 255).
        """
        return subprocess.run(
            [*self.ssh_command(user=user), command],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=check,
        )

    def reachable(self, port: int = 22, timeout: float = 1.0, *, address: str = "") -> bool:
        """Whether a TCP connection to the port is accepted from the controller within ``timeout`` seconds."""
        try:
            with socket.create_connection((address or self.address, port), timeout):
                return True
        except OSError:
            return False

    def boot_id(self) -> str:
        """Give the id of the present boot."""
        return self.ssh("cat /proc/sys/kernel/random/boot_id").stdout.strip()

    def reboot(self, timeout: float = 60) -> None:
        """Reboot and wait until systemd is up again; TimeoutError after ``timeout`` seconds."""
        before = self.boot_id()
        self.ssh("systemctl reboot", check=False)
        self.wait_ready(timeout, not_boot=before)

    def wait_ready(self, timeout: float = 60, *, not_boot: str = "") -> None:
        """Wait until sshd answers and systemd has started everything, of another boot than ``not_boot``.

        Raises:
            TimeoutError: It wasn't within ``timeout`` seconds.
            RuntimeError: It was, but with failed units, which the text names.
        """
        deadline = time.monotonic() + timeout
        look = "cat /proc/sys/kernel/random/boot_id; systemctl is-system-running --wait; systemctl --failed --plain"
        while (left := deadline - time.monotonic()) > 0:
            if self.reachable(timeout=min(1.0, left)):
                try:
                    seen = self.ssh(look, timeout=left, check=False).stdout.splitlines()
                except subprocess.TimeoutExpired:
                    break
                if len(seen) > 1 and seen[0] != not_boot:
                    if seen[1] == "running":
                        return
                    if seen[1] == "degraded":
                        raise RuntimeError(f"{self.name} came up with failed units: {seen[2:]}")
            time.sleep(0.05)
        raise TimeoutError(f"{self.name} ({self.address}) was not ready within {timeout:g} s")
