"""A small playbook for tests of plan and apply: a note, a task that lasts until the test lets it go, another note."""

from __future__ import annotations

from pathlib import Path

from tests.lab import Lab
from tests.lab.host import Host

PLAYBOOK = "write-notes"
FIRST, LAST = "/etc/notes-first", "/etc/notes-last"
BEGUN, GO = "/run/notes-begun", "/run/notes-go"
FILES = {
    f"playbooks/{PLAYBOOK}.yml": """\
- name: Notes
  hosts: servers
  gather_facts: false
  roles:
    - role: notes
""",
    f"playbooks/{PLAYBOOK}.change.yml": """\
purpose: {id: Menulis catatan percobaan., en: Write notes for a test.}
effect: {id: Tidak ada., en: None.}
worst_case: {id: Catatan salah., en: A wrong note.}
backout: {id: Hapus catatan., en: Remove the notes.}
change_types: [normal]
risk: low
groups: [servers]
variables:
  notes_text:
    type: str
    about: {id: Isi catatan., en: Text of the note.}
""",
    "roles/notes/defaults/main.yml": "notes_text: isi\n",
    "roles/notes/templates/note.j2": "{{ notes_text }}\n",
    "roles/notes/tasks/main.yml": f"""\
- name: The first note
  ansible.builtin.copy:
    content: "pertama\\n"
    dest: {FIRST}
    mode: "0644"

- name: A task that lasts
  ansible.builtin.shell: touch {BEGUN}; for i in $(seq 600); do test -e {GO} && break; sleep 0.1; done

- name: The last note
  ansible.builtin.template:
    src: note.j2
    dest: {LAST}
    mode: "0644"
""",
}


def write(folder: Path) -> Path:
    """Write the content and give its folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def let_go(lab: Lab) -> None:
    """Let the lasting task end at once on every host."""
    for host in lab.hosts:
        host.ssh(f"touch {GO}")


def hold(lab: Lab) -> None:
    """Make the lasting task last."""
    for host in lab.hosts:
        host.ssh(f"rm -f {GO} {BEGUN}")


def wait_begun(host: Host) -> None:
    """Wait until the lasting task has begun on a host."""
    host.ssh(f"until test -e {BEGUN}; do sleep 0.05; done", timeout=120)


def wait_nothing_runs(host: Host) -> None:
    """Wait until no task's process is left on a host."""
    host.ssh(f"while pgrep -f '{BEGUN[:-1]}[n]' >/dev/null; do sleep 0.05; done", timeout=90)


def clean(lab: Lab) -> None:
    """Take everything away again."""
    for host in lab.hosts:
        host.ssh(f"rm -f {FIRST} {LAST} {BEGUN} {GO}")


def there(host: Host) -> set[str]:
    """Give the notes that are on a host."""
    return set(host.ssh(f"ls {FIRST} {LAST} 2>/dev/null", check=False).stdout.split())
