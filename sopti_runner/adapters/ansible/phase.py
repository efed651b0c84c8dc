"""A phase, and all that Ansible is told for it: its command, its environment, and the variables no content may set."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible import interlock, kept_facts, ssh, tally
from sopti_runner.adapters.ansible.approved import Seen
from sopti_runner.adapters.ansible.gate_wiring import CONNECTION, TALLY

FORKS = 10
FACTS = "facts"
"""Folder of a phase's facts, in its private folder."""

MAX_DIFF_BYTES = 4 * 1024 * 1024
LAUNCHER = "sopti_runner.adapters.ansible.launcher"
_PLUGIN_PATHS = """
    ACTION_PLUGINS BECOME_PLUGINS CACHE_PLUGINS CLICONF_PLUGINS CONNECTION_PLUGINS DOC_FRAGMENT_PLUGINS FILTER_PLUGINS
    HTTPAPI_PLUGINS INVENTORY_PLUGINS LIBRARY LOOKUP_PLUGINS MODULE_UTILS NETCONF_PLUGINS STRATEGY_PLUGINS
    TERMINAL_PLUGINS TEST_PLUGINS VARS_PLUGINS
"""


@dataclass(frozen=True, slots=True)
class Phase:
    """What to run.

    Attributes:
        snapshot: The sealed copy.
        sealed_id: Its id; the launcher digests the copy again and refuses any other.
        playbook: Name without folder and ending.
        hosts: How many hosts there are, for the number of forks.
        approved: As ``TaskGate`` takes it; None for check mode.
        compared: Every object of the plan was found as planned right before.
        identities: Which key or certificate each host is shown, as ``ssh.identities`` wrote it.
        tags: Given tags.
        facts: Where a plan's facts are kept for its run; None: nowhere.
        lock: Lock file of the run, which everything that is started holds as well; None for a phase that is no run.
        secrets: Folders that hold secrets.
    """

    snapshot: Path
    sealed_id: str
    playbook: str
    hosts: int
    approved: Mapping[str, list[Seen]] | None
    compared: bool = False
    identities: Path = ssh.NO_IDENTITIES
    tags: tuple[str, ...] = ()
    facts: Path | None = None
    lock: Path | None = None
    secrets: tuple[Path, ...] = ()


def command(phase: Phase, job: Path) -> list[str]:
    """Give the whole command of a phase; ansible-runner must build exactly this, and the inventory behind it.

    Args:
        phase: What to run.
        job: The launcher's job file.
    """
    words = [sys.executable, "-I", "-B", "-m", LAUNCHER, str(job)]
    words += ["--check", "--diff"] if phase.approved is None else ["--diff"]
    words += ["-e", f"@{phase.snapshot / 'variables.json'}", "-e", json.dumps(_pinned(phase))]
    words += ["--tags", ",".join(phase.tags)] if phase.tags else []
    return [
        *words,
        "--forks",
        str(min(phase.hosts, FORKS)),
        str(phase.snapshot / "playbooks" / f"{phase.playbook}.yml"),
    ]


def _ssh_args(phase: Phase) -> str:
    persist = ("-o", "ControlMaster=auto", "-o", "ControlPersist=60s")
    return shlex.join([*ssh.options(phase.snapshot / "known_hosts", phase.identities), *persist])


def _pinned(phase: Phase) -> dict[str, Any]:
    """Give the variables that no content may set: extra variables go before all others, whatever names them."""
    return {
        "ansible_connection": CONNECTION,
        "ansible_ssh_args": _ssh_args(phase),
        **dict.fromkeys((f"ansible_{kind}_extra_args" for kind in ("ssh", "sftp", "scp")), ""),
        **{f"ansible_{program}_executable": program for program in ("ssh", "sftp", "scp")},
        "ansible_ssh_common_args": "",
        "ansible_ssh_pkcs11_provider": "",
        **dict.fromkeys(("ansible_ssh_private_key_file", "ansible_private_key_file"), ""),
        "ansible_host_key_checking": True,
        "ansible_ssh_host_key_checking": True,
        "ansible_become_method": "sudo",
        "ansible_become_exe": "sudo",
        "ansible_sudo_exe": "sudo",
        **dict.fromkeys(("ansible_become_flags", "ansible_sudo_flags"), "-H -S -n"),
        "ansible_shell_type": "sh",
        "ansible_shell_executable": "/bin/sh",
    }


def environment(private: Path, sockets: Path, phase: Phase) -> dict[str, str]:
    """Give the whole environment of the run; nothing of ours, the person's or the machine's leaks in."""
    empty = private / "empty"
    empty.mkdir(exist_ok=True)
    settings = {
        "CONFIG": phase.snapshot / "ansible.cfg",
        "HOME": private / "home",
        "ROLES_PATH": phase.snapshot / "roles",
        "COLLECTIONS_PATH": phase.snapshot / "collections",
        "COLLECTIONS_SCAN_SYS_PATH": False,
        "INVENTORY_ENABLED": "ansible.builtin.yaml",
        "INVENTORY_ANY_UNPARSED_IS_FAILED": True,
        "HOST_KEY_CHECKING": True,
        "SSH_ARGS": _ssh_args(phase),
        "SSH_CONTROL_PATH_DIR": sockets,
        "PIPELINING": True,
        "SSH_RETRIES": 0,
        "STRATEGY": "ansible.builtin.linear",
        "MAX_DIFF_SIZE": MAX_DIFF_BYTES,
        **dict.fromkeys(("RETRY_FILES_ENABLED", "LOCALHOST_WARNING"), False),
        **dict.fromkeys(("NOCOLOR", "NO_TARGET_SYSLOG"), True),
        "LOCAL_TEMP": sockets / "tmp",
        "TIMEOUT": ssh.CONNECT_TIMEOUT_S,
    }
    settings |= kept_facts.settings(private / FACTS)
    settings |= dict.fromkeys(_PLUGIN_PATHS.split(), empty)
    settings["CONNECTION_PLUGINS"] = Path(str(interlock.__file__)).parent
    settings |= {"CALLBACK_PLUGINS": Path(str(tally.__file__)).parent, "STDOUT_CALLBACK": TALLY}
    basic = ssh.environment() | {"HOME": str(private)}
    return basic | {f"ANSIBLE_{name}": str(value) for name, value in settings.items()}
