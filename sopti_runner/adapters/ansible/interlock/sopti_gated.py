"""OpenSSH for Ansible that does nothing on a host unless the gate has admitted this very connection to it.

The gate admits a connection for one host while one item runs, and takes that back right after. Without a gate (plain
``ansible-playbook`` on a sealed copy, an Ansible whose insides were renamed, a gate that was patched out) nothing is
sent. The address is compared, too: a variable that leads to another host than the sealed inventory's leads nowhere.
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.ssh import DOCUMENTATION as _SSH_DOCUMENTATION
from ansible.plugins.connection.ssh import Connection as OpenSSH

DOCUMENTATION = _SSH_DOCUMENTATION.replace("name: ssh\n", "name: sopti_gated\n", 1)
CLOSED = "sopti interlock: nothing was sent, the gate did not let this through"


class Connection(OpenSSH):  # type: ignore[misc]  # Ansible has no types
    """See the module."""

    transport = "sopti_gated"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._admitted: tuple[str, str] | None = None

    def admit(self, address: tuple[str, str] | None) -> None:
        """Open for what is sent to this (address, port), port empty for ssh's own; None closes."""
        self._admitted = address

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> Any:
        """Run a command on the host, while admitted."""
        self._require_admitted()
        return super().exec_command(cmd, in_data=in_data, sudoable=sudoable)

    def put_file(self, in_path: str, out_path: str) -> Any:
        """Send a file to the host, while admitted."""
        self._require_admitted()
        return super().put_file(in_path, out_path)

    def fetch_file(self, in_path: str, out_path: str) -> Any:
        """Fetch a file from the host, while admitted."""
        self._require_admitted()
        return super().fetch_file(in_path, out_path)

    def _require_admitted(self) -> None:
        if self._admitted is None:
            raise AnsibleConnectionFailure(CLOSED)
        here = (str(self.get_option("host")), str(self.get_option("port") or ""))
        if here != self._admitted:
            raise AnsibleConnectionFailure(f"{CLOSED}: let to {':'.join(self._admitted)}, asked for {':'.join(here)}")
