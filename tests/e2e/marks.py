"""A playbook of numbered marks: each task adds its number to a file of the host, and what was done can be counted."""

from __future__ import annotations

from pathlib import Path

from tests.lab import Lab
from tests.lab.host import Host

PLAYBOOK, FILE, COUNT = "make-marks", "/var/lib/marks", 5
_HEAD = """\
purpose: {id: Membuat tanda percobaan., en: Make marks for a test.}
effect: {id: Tidak ada., en: None.}
worst_case: {id: Tanda salah., en: A wrong mark.}
backout: {id: Hapus tanda., en: Remove the marks.}
change_types: [normal]
risk: low
groups: [servers]
variables: {}
"""
_PLAY = """\
- name: Marks
  hosts: servers
  gather_facts: false
  roles:
    - role: marks
"""
_TASK = """\
- name: Mark {n}
  ansible.builtin.shell: sleep 0.1; echo {n} >> {file}; sleep 0.1

"""


def write(folder: Path) -> Path:
    """Write the content and give its folder."""
    files = {
        f"playbooks/{PLAYBOOK}.yml": _PLAY,
        f"playbooks/{PLAYBOOK}.change.yml": _HEAD,
        "roles/marks/tasks/main.yml": "".join(_TASK.format(n=n, file=FILE) for n in range(1, COUNT + 1)),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def made(host: Host) -> list[int]:
    """Give the marks of a host, in the order in which they were made; waits until nothing makes more."""
    quiet = f"while pgrep -f 'echo [0-9]* >> {FILE[:-1]}[s]' >/dev/null; do sleep 0.05; done"
    return [int(mark) for mark in host.ssh(f"{quiet}; cat {FILE} 2>/dev/null || true", timeout=60).stdout.split()]


def clean(lab: Lab) -> None:
    """Take the marks away."""
    for host in lab.hosts:
        made(host)
        host.ssh(f"rm -f {FILE}")
