"""A site of its own over a lab's hosts: the varied and the slow playbook, an engine and a state folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from sopti_runner.adapters.ansible.content import AnsibleContent
from sopti_runner.adapters.ansible.engine import AnsibleEngine
from sopti_runner.adapters.ansible.secret_store import SecretStore
from sopti_runner.domain.plan import Plan
from sopti_runner.ports import HostOutcome, Sealed, TaskOutcome
from tests.lab import Lab, base

CONTENT = Path(__file__).with_name("engine_content")
SECRET = "rahasia-Kj83hQ"
GIVEN = {"varied_greeting": "Selamat pagi", "varied_secret": "varied"}
FEW = ("few",)
"""A tag: a folder, a file in it, and a task that fails on the first host when asked to."""
KEY = b"k" * 32


@contextmanager
def two_hosts() -> Iterator[Lab]:
    """Two hosts whose package lists are fresh."""
    with Lab.up(2) as running:
        for host in running.hosts:
            host.ssh("apt-get -qq update", timeout=60)
        yield running


def inventory(lab: Lab, **changes: Mapping[str, Any]) -> dict[str, Any]:
    """The lab's inventory with the second host reached as an ordinary user who has sudo, and changed variables."""
    value = lab.inventory()
    hosts = value["all"]["children"]["servers"]["hosts"]
    hosts[lab.hosts[1].name]["ansible_user"] = base.SUDO_USER
    for host, variables in changes.items():
        hosts[host] |= variables
    return value


class Site:
    """Content, engine and state in one folder, over the hosts of a lab.

    Attributes:
        written: Names of the files that ansible-runner was seen to have written while plans were made.
    """

    def __init__(self, folder: Path, lab: Lab, **changes: Mapping[str, Any]) -> None:
        self.state = folder / "state"
        hosts = folder / "hosts.yml"
        folder.mkdir(parents=True, exist_ok=True)
        hosts.write_text(yaml.safe_dump(inventory(lab, **changes)))
        self.secrets = SecretStore(self.state / "secrets", None, lambda: KEY)
        self.secrets.put("varied", SECRET)
        self.content = AnsibleContent(CONTENT, hosts, self.state, self.secrets)
        self.engine = AnsibleEngine(self.state, KEY)
        self.written: set[str] = set()

    def seal(self, playbook: str = "varied", given: Mapping[str, Any] = GIVEN, limit: Sequence[str] = ()) -> Sealed:
        return self.content.seal(playbook, limit=list(limit), variables=given)

    def plan(
        self,
        sealed: Sealed,
        playbook: str = "varied",
        given: Mapping[str, Any] = GIVEN,
        tags: Sequence[str] = (),
    ) -> Plan:
        def look(host: str, what: str) -> None:
            self.written |= {file.name for file in self.state.rglob("artifacts/**/*") if file.is_file()}

        return self.engine.plan(sealed, playbook, given, tags, look)

    def apply(self, plan: Plan, sealed: Sealed, run: str) -> tuple[list[TaskOutcome], list[HostOutcome]]:
        tasks: list[TaskOutcome] = []
        hosts = self.engine.apply(plan, sealed, run, tasks.append, lambda host, what: None)
        return tasks, list(hosts)
