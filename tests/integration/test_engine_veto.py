"""What was planned runs, and nothing that was written into the sealed copy since; on a real host."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e import notes
from tests.integration.notes_site import TASKS, Site
from tests.lab import Host, Lab

pytestmark = pytest.mark.lab
SIGNAL, HIDDEN, OTHER = "/run/veto-signal", "/etc/veto-hidden", "/etc/veto-other"
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
    one.hosts[0].ssh(f"rm -f {SIGNAL} {HIDDEN} {OTHER}")


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


RESTING_ON_A_FACT = {
    f"playbooks/{notes.PLAYBOOK}.yml": ON_FACTS[f"playbooks/{notes.PLAYBOOK}.yml"],
    TASKS: f"""\
- name: For the host of this name
  ansible.builtin.copy: {{content: "{{{{ ansible_facts.hostname }}}}", dest: {HIDDEN}, mode: "0644"}}
  when: ansible_facts.hostname == 'srv01'

- name: For a host of another name
  ansible.builtin.copy: {{content: x, dest: {OTHER}, mode: "0644"}}
  when: ansible_facts.hostname != 'srv01'
""",
}


@pytest.mark.parametrize("kept", [True, False])
def test_fact_that_changed_since_the_plan_never_leads_to_what_was_not_approved(
    one: Lab, host: Host, tmp_path: Path, kept: bool
) -> None:
    site = Site(tmp_path, one, RESTING_ON_A_FACT)
    if not kept:
        shutil.rmtree(tmp_path / "state/facts")
    host.ssh("hostname lain")
    try:
        outcome = site.apply()
    finally:
        host.ssh("hostname srv01")
    found = host.ssh(f"head -v {HIDDEN} {OTHER}", check=False).stdout.split()
    if kept:
        assert (outcome.outcome, outcome.reason, found[-1]) == ("changed", "", "srv01"), "exactly what was approved"
        assert OTHER not in found
    else:
        assert (outcome.outcome, "task_not_planned" in outcome.reason, found) == ("failed", True, []), "held"


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
