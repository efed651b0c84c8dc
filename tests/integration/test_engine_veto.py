"""What was planned runs, and nothing that was written into the sealed copy since; on a real host."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from sopti_runner.adapters.ansible.content import AnsibleContent
from sopti_runner.adapters.ansible.engine import AnsibleEngine
from sopti_runner.ports import HostOutcome
from tests.e2e import notes
from tests.lab import Host, Lab

pytestmark = pytest.mark.lab
REPEATS = 100 if os.environ.get("SOPTI_SOAK") == "1" else 10
TASKS = "roles/notes/tasks/main.yml"
SIGNAL, HIDDEN, LINES = "/run/veto-signal", "/etc/veto-hidden", "/etc/veto-lines"
LOOK = f"""\
- name: A signal on the host
  ansible.builtin.stat:
    path: {SIGNAL}
  register: signal
"""
CONDITIONAL = f"""\
- name: Only when the host asks for it
  ansible.builtin.copy: {{content: x, dest: {HIDDEN}, mode: "0644"}}
  when: signal.stat.exists

- name: A text that follows the host
  ansible.builtin.template: {{src: note.j2, dest: {HIDDEN}, mode: "0644"}}
  vars:
    notes_text: "{{{{ 'one' if signal.stat.exists else 'other' }}}}"
"""


@pytest.fixture(scope="module")
def one() -> Iterator[Lab]:
    with Lab.up(1) as running:
        yield running


@pytest.fixture
def host(one: Lab) -> Iterator[Host]:
    yield one.hosts[0]
    one.hosts[0].ssh(f"rm -f {SIGNAL} {HIDDEN} {LINES}")


class Site:
    """Content, engine and state in one folder, and the plan."""

    def __init__(self, folder: Path, lab: Lab, files: Mapping[str, str]) -> None:
        root = notes.write(folder / "content")
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        hosts = folder / "hosts.yml"
        hosts.write_text(yaml.safe_dump(lab.inventory()))
        self.engine = AnsibleEngine(folder / "state", b"k" * 32)
        self.content = AnsibleContent(root, hosts, folder / "state")
        self.prepare({})

    def prepare(self, given: Mapping[str, Any]) -> None:
        """Seal and plan."""
        self.sealed = self.content.seal(notes.PLAYBOOK, limit=[], variables=given)
        self.plan = self.engine.plan(self.sealed, notes.PLAYBOOK, given, [], lambda host, what: None)

    def apply(self, run: str = "run-1") -> HostOutcome:
        (only,) = self.engine.apply(self.plan, self.sealed, run, lambda task: None, lambda host, what: None)
        return only


@pytest.mark.parametrize("asked", [False, True])
def test_apply_what_was_planned_is_not_vetoed(one: Lab, host: Host, tmp_path: Path, asked: bool) -> None:
    host.ssh(f"touch {SIGNAL}" if asked else "true")
    outcome = Site(tmp_path, one, {TASKS: LOOK + CONDITIONAL}).apply()
    assert outcome.outcome == "changed", outcome.reason


ON_FACTS = {
    f"playbooks/{notes.PLAYBOOK}.yml": "- name: N\n  hosts: servers\n  gather_subset: ['!all']\n  roles: [notes]\n",
    TASKS: f"""\
- name: A fact that is never twice the same
  ansible.builtin.copy:
    content: "{{{{ ansible_facts.date_time.iso8601_micro }}}}"
    dest: {HIDDEN}
    mode: "0644"
""",
}


def test_apply_uses_the_facts_that_it_was_planned_on(one: Lab, host: Host, tmp_path: Path) -> None:
    site = Site(tmp_path, one, ON_FACTS)
    outcome = site.apply()
    assert (outcome.outcome, outcome.reason) == ("changed", "")
    assert list((tmp_path / "state/facts").iterdir()) == []


REPEATED = {
    TASKS: f"""\
- name: A template
  ansible.builtin.template: {{src: note.j2, dest: {HIDDEN}, mode: "0644"}}
  notify: Reload units

- name: Two lines in one file
  ansible.builtin.lineinfile: {{path: {LINES}, line: "{{{{ item }}}} {{{{ notes_text }}}}", create: true, mode: "0644"}}
  loop: [first, second]

- name: Something to read
  ansible.builtin.command: cat {HIDDEN}
  check_mode: false
  changed_when: false
  failed_when: false
""",
    "roles/notes/handlers/main.yml": """\
- name: Reload units
  ansible.builtin.systemd_service:
    daemon_reload: true
""",
}


def test_apply_repeated_with_and_without_a_change_is_never_held(
    one: Lab, host: Host, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    site = Site(tmp_path, one, REPEATED)
    for turn in range(REPEATS):
        site.prepare({"notes_text": f"text {turn // 2}"})
        assert site.engine.drift(site.plan, site.sealed) == []
        outcome = site.apply(f"run-{turn}")
        assert (outcome.outcome, outcome.reason) == ("unchanged" if turn % 2 else "changed", "")
    record_property("plans applied one after another without a false hold", REPEATS)


WAIT = f"""\
- name: Lasts until the copy was written to
  ansible.builtin.shell: touch {notes.BEGUN}; for i in $(seq 600); do test -e {notes.GO} && break; sleep 0.1; done

"""
SENT = {
    "copy": f"ansible.builtin.copy: {{src: sent.txt, dest: {HIDDEN}, mode: '0644'}}",
    "copy of a folder": "ansible.builtin.copy: {src: folder/, dest: /etc, mode: '0644'}",
    "script": "ansible.builtin.script: sent.txt",
    "a file that is gone": f"ansible.builtin.copy: {{src: sent.txt, dest: {HIDDEN}, mode: '0644'}}",
    "another task of the same file": f"ansible.builtin.copy: {{content: good, dest: {HIDDEN}, mode: '0644'}}",
    "a file of tasks included later": "ansible.builtin.include_tasks: more.yml",
}


@pytest.mark.parametrize("how", SENT)
def test_apply_what_was_written_into_the_sealed_copy_meanwhile_does_not_run(
    one: Lab, host: Host, tmp_path: Path, how: str
) -> None:
    files = {
        TASKS: f"{WAIT}- name: Sends\n  {SENT[how]}\n",
        "roles/notes/files/sent.txt": f"#!/bin/sh\ntrue {HIDDEN}\n",
        f"roles/notes/files/folder/{Path(HIDDEN).name}": "good",
        "roles/notes/tasks/more.yml": f"- name: Good\n  ansible.builtin.command: 'true {HIDDEN}'\n",
    }
    notes.hold(one)
    site = Site(tmp_path, one, files)
    with ThreadPoolExecutor() as aside:
        running = aside.submit(site.apply)
        notes.wait_begun(host)
        for name in files:
            file = tmp_path / "state/snapshots" / site.sealed.id / name
            if how == "a file that is gone" and name.endswith("sent.txt"):
                file.unlink()
            else:
                file.write_text(file.read_text().replace("good", "bad").replace("true", "touch"))
        notes.let_go(one)
        outcome = running.result(timeout=120)
    assert (outcome.outcome, "the sealed copy changed while it ran" in outcome.reason) == ("unknown", True)
    assert not host.ssh(f"test -e {HIDDEN} && echo there", check=False).stdout
