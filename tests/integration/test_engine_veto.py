"""What a plan does not hold does not run: content that behaves otherwise once it is approved, on a real host."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from sopti_runner.adapters.ansible.content import AnsibleContent
from sopti_runner.adapters.ansible.engine import AnsibleEngine
from sopti_runner.domain.plan import RecordClass
from sopti_runner.ports import HostOutcome
from tests.e2e import notes
from tests.lab import Host, Lab

pytestmark = pytest.mark.lab
TASKS = "roles/notes/tasks/main.yml"
SIGNAL, HIDDEN = "/run/veto-signal", "/etc/veto-hidden"
LOOK = f"""\
- name: A signal on the host
  ansible.builtin.stat:
    path: {SIGNAL}
  register: signal
"""
LATER = {
    "a task that nobody saw": f"""\
- name: Only once it is approved
  ansible.builtin.copy: {{content: x, dest: {HIDDEN}, mode: "0644"}}
  when: signal.stat.exists
""",
    "the same with its failure forgiven": f"""\
- name: Only once it is approved
  ansible.builtin.copy: {{content: x, dest: {HIDDEN}, mode: "0644"}}
  when: signal.stat.exists
  ignore_errors: true
""",
    "a rescue section": f"""\
- name: Block
  block:
    - name: Fails once it is approved
      ansible.builtin.assert:
        that: not signal.stat.exists
  rescue:
    - name: Rescue
      ansible.builtin.copy: {{content: x, dest: {HIDDEN}, mode: "0644"}}
""",
    "other arguments": f"""\
- name: Another text
  ansible.builtin.copy:
    content: "{{{{ 'bad' if signal.stat.exists else 'good' }}}}"
    dest: {HIDDEN}
    mode: "0644"
""",
    "another text in a template": f"""\
- name: A template
  ansible.builtin.template: {{src: note.j2, dest: {HIDDEN}, mode: "0644"}}
  vars:
    notes_text: "{{{{ 'bad' if signal.stat.exists else 'good' }}}}"
""",
}


@pytest.fixture(scope="module")
def one() -> Iterator[Lab]:
    with Lab.up(1) as running:
        yield running


@pytest.fixture
def host(one: Lab) -> Iterator[Host]:
    yield one.hosts[0]
    one.hosts[0].ssh(f"rm -f {SIGNAL} {HIDDEN}")


class Site:
    """Content, engine and state in one folder, and the plan."""

    def __init__(self, folder: Path, lab: Lab, files: dict[str, str]) -> None:
        root = notes.write(folder / "content")
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        hosts = folder / "hosts.yml"
        hosts.write_text(yaml.safe_dump(lab.inventory()))
        self.engine = AnsibleEngine(folder / "state", b"k" * 32)
        self.sealed = AnsibleContent(root, hosts, folder / "state").seal(notes.PLAYBOOK, limit=[], variables={})
        self.plan = self.engine.plan(self.sealed, notes.PLAYBOOK, {}, [], lambda host, what: None)

    def apply(self) -> HostOutcome:
        (only,) = self.engine.apply(self.plan, self.sealed, "run-1", lambda task: None, lambda host, what: None)
        return only


@pytest.mark.parametrize("later", LATER)
def test_apply_what_was_not_planned_is_vetoed(one: Lab, host: Host, tmp_path: Path, later: str) -> None:
    site = Site(tmp_path, one, {TASKS: LOOK + LATER[later]})
    host.ssh(f"touch {SIGNAL}")
    outcome = site.apply()
    assert (outcome.outcome, TASKS in outcome.reason) == ("failed", True)
    assert not host.ssh(f"cat {HIDDEN}", check=False).stdout


@pytest.mark.parametrize("later", ["a task that nobody saw", "other arguments", "another text in a template"])
def test_apply_what_was_planned_is_not_vetoed(one: Lab, host: Host, tmp_path: Path, later: str) -> None:
    outcome = Site(tmp_path, one, {TASKS: LOOK + LATER[later]}).apply()
    assert outcome.outcome in ("changed", "unchanged"), outcome.reason


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


@pytest.mark.parametrize(
    "files",
    [
        {
            f"playbooks/{notes.PLAYBOOK}.yml": "- name: N\n  hosts: servers\n  gather_facts: false\n"
            "  roles:\n    - {role: notes, check_mode: false}\n",
            TASKS: f"- name: Touch\n  ansible.builtin.command: touch {HIDDEN}\n",
        },
        {
            TASKS: "- name: N\n  ansible.builtin.include_role: {name: other, apply: {check_mode: false}}\n",
            "roles/other/tasks/main.yml": f"- name: Touch\n  ansible.builtin.command: touch {HIDDEN}\n",
        },
    ],
    ids=["role", "include"],
)
def test_plan_check_mode_switched_off_around_a_task_changes_nothing(
    one: Lab, host: Host, tmp_path: Path, files: dict[str, str]
) -> None:
    site = Site(tmp_path, one, files)
    assert not host.ssh(f"ls {HIDDEN}", check=False).stdout
    assert [record.kind for record in site.plan.records] == [RecordClass.FAILED]
