"""Hostile content against the gate: each case of the table, on a real host, whose files are compared before and after.

What is refused by its text alone needs no host. Of the others every third is played by default, all with SOPTI_SOAK=1.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sopti_runner.adapters.ansible import interlock, ssh
from sopti_runner.adapters.ansible.content import AnsibleContent
from sopti_runner.adapters.ansible.engine import AnsibleEngine
from sopti_runner.domain.plan import RecordClass
from sopti_runner.errors import ContentError
from sopti_runner.ports import HostOutcome, TaskOutcome, Veto
from tests.e2e import notes
from tests.hostile import playbooks
from tests.hostile.playbooks import CASES, MARK, MISSED, PLANNED, SEALED, SIGNAL, TARGET, VETOED, Case
from tests.lab import Host, Lab
from tests.unit.ansible.sample import HOST_KEY

SOAK = os.environ.get("SOPTI_SOAK") == "1"
STATIC = [case for case in CASES if case.held == SEALED]
PLAYED = [case for case in CASES if case.held != SEALED][:: 1 if SOAK else 3]
FILES = "find /etc /root /usr/local -xdev -type f -exec sha256sum {} + | sort"
NOWHERE = {"all": {"children": {"servers": {"hosts": {"srv01": {"sopti_host_key": HOST_KEY}}}}}}


def words(case: Case) -> str:
    return case.words


class Site:
    """A court's folder with one case's content, and what comes of planning and applying it."""

    def __init__(self, folder: Path, case: Case, inventory: Mapping[str, Any]) -> None:
        self.root, self.state = notes.write(folder / "content"), folder / "state"
        for name, text in case.files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if text.startswith("-> "):
                path.symlink_to(text[3:])
            else:
                path.write_text(text)
        hosts = folder / "hosts.yml"
        hosts.write_text(yaml.safe_dump(inventory))
        self.content, self.engine = AnsibleContent(self.root, hosts, self.state), AnsibleEngine(self.state, b"k" * 32)
        self.told: list[TaskOutcome | Veto] = []

    def prepare(self, hosts: int = 1) -> Site:
        """Seal and plan."""
        limit = [f"srv{i:02}" for i in range(1, hosts + 1)]
        self.sealed = self.content.seal(notes.PLAYBOOK, limit=limit, variables={})
        self.plan = self.engine.plan(self.sealed, notes.PLAYBOOK, {}, [], lambda host, what: None)
        return self

    def apply(self) -> list[HostOutcome]:
        return list(self.engine.apply(self.plan, self.sealed, "run-1", self.told.append, lambda host, what: None))


@pytest.mark.parametrize("case", STATIC, ids=words)
def test_hostile_content_is_refused_by_its_text_alone(case: Case, tmp_path: Path) -> None:
    site = Site(tmp_path, case, NOWHERE)
    with pytest.raises(ContentError) as caught:
        site.content.seal(notes.PLAYBOOK, limit=[], variables={})
    assert case.by in {finding.rule for finding in caught.value.fields["findings"]}
    assert not list((site.state / "snapshots").glob("?" * 64))


@pytest.fixture(scope="module")
def two() -> Iterator[Lab]:
    with Lab.up(2) as running:
        yield running


@pytest.fixture
def hosts(two: Lab) -> Iterator[tuple[Host, ...]]:
    yield two.hosts
    for host in two.hosts:
        host.ssh(f"rm -rf {MARK} {TARGET} {SIGNAL} /etc/hostile-tame /etc/ansible /usr/local/bin/x")


def files(hosts: tuple[Host, ...]) -> list[str]:
    return [host.ssh(FILES, timeout=60).stdout for host in hosts]


@pytest.mark.lab
@pytest.mark.parametrize("case", PLAYED, ids=words)
def test_hostile_content_on_a_host_is_held_where_the_table_says(
    case: Case, two: Lab, hosts: tuple[Host, ...], tmp_path: Path
) -> None:
    for host in hosts:
        host.ssh(case.first or "true")
    untouched = files(hosts)
    site = Site(tmp_path, case, two.inventory()).prepare(case.hosts)
    planned = files(hosts)
    failed = [record.detail for record in site.plan.of(RecordClass.FAILED)]
    if case.held == PLANNED:
        assert (len(failed), planned) == (1, untouched)
        assert case.by in failed[0]
        return
    hosts[0].ssh(case.then)
    before = files(hosts)
    outcomes = site.apply()
    if case.held == MISSED:
        assert MARK in files(hosts)[0]
        return
    assert (failed, planned, files(hosts)) == ([], untouched, before)
    (veto,) = [told for told in site.told if isinstance(told, Veto)]
    assert veto.reason == case.by
    assert {o.outcome for o in outcomes if o.host == veto.host} == {"failed"}
    assert {o.outcome for o in outcomes if o.host != veto.host} <= {"not_started", "failed"}


PLAIN = Case("", playbooks.tasks(playbooks.named(playbooks.WRITE)), VETOED, "")


@pytest.fixture(scope="module")
def copy(two: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed copy whose one task would write a file."""
    site = Site(tmp_path_factory.mktemp("plain"), PLAIN, two.inventory())
    return site.state / "snapshots" / site.content.seal(notes.PLAYBOOK, limit=["srv01"], variables={}).id


@pytest.mark.lab
@pytest.mark.parametrize(
    ("plugins", "says"),
    [("", "sopti_gated"), (str(Path(str(interlock.__file__)).parent), "sopti interlock: nothing was sent")],
    ids=["without the plugin", "with the plugin"],
)
def test_plain_ansible_playbook_on_a_sealed_copy_gets_nothing_done(
    copy: Path, hosts: tuple[Host, ...], tmp_path: Path, plugins: str, says: str
) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8",
                   "ANSIBLE_ROLES_PATH": str(copy / "roles"), "ANSIBLE_CONNECTION_PLUGINS": plugins or str(tmp_path),
                   "ANSIBLE_SSH_ARGS": " ".join(ssh.options(copy / "known_hosts"))}  # fmt: skip
    playbook = copy / "playbooks" / f"{notes.PLAYBOOK}.yml"
    command = [sys.executable, "-m", "ansible.cli.playbook", "-i", str(copy / "inventory.json"), str(playbook)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode != 0
    assert says in done.stdout + done.stderr
    assert hosts[0].ssh(f"ls {MARK}", check=False).stdout == ""


def test_page_shows_the_table() -> None:
    _, begin, rest = playbooks.PAGE.read_text("utf-8").partition(playbooks.BEGIN)
    shown, end, _ = rest.partition(playbooks.END)
    assert begin
    assert end
    assert shown == f"\n{playbooks.page_table()}"
    assert len(CASES) >= 30
    assert len({case.words for case in CASES}) == len(CASES)
