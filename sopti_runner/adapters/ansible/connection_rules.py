"""How a host is reached, in fixed forms: these values become words of ssh here, and of a root shell on the host.

The inventory is what operators may edit by themselves, so nothing in it may start a program: not by an option in the
place of an address, not by an interpreter of another name, not by a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sopti_runner.adapters.ansible.rules import Finding

_ADDRESS = re.compile(r"[A-Za-z0-9:][A-Za-z0-9._:%-]{0,254}")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
USER = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,63}")
PYTHON = re.compile(r"/(usr/(local/)?)?bin/python3(\.[0-9]{1,2})?|/usr/libexec/platform-python")
_FILE = re.compile(r"[/~][A-Za-z0-9 ._/@+-]{0,254}")
FORMS: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys(("ansible_host", "ansible_ssh_host"), _ADDRESS),
    **dict.fromkeys(("ansible_port", "ansible_ssh_port"), _PORT),
    **dict.fromkeys(("ansible_user", "ansible_ssh_user", "ansible_become_user"), USER),
    **dict.fromkeys(("ansible_ssh_private_key_file", "ansible_private_key_file"), _FILE),
    "ansible_become": re.compile("true|false|yes|no", re.I),
    "ansible_python_interpreter": PYTHON,
}
"""Variable → what its whole value looks like."""


def check_connection(file: str, hosts: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Give a finding for each host whose name or connection variable is not of its form.

    Args:
        file: How findings name the place.
        hosts: Host → variables, as evaluated.
    """
    for host, variables in hosts.items():
        if not _ADDRESS.fullmatch(host):
            yield Finding(file, 0, "connection", f"host name {host!r}")
        for name, form in FORMS.items():
            value = variables.get(name, "")
            if value != "" and not form.fullmatch(str(value)):
                yield Finding(file, 0, "connection", f"{host}: {name}: {value!r}")
