"""A small court's content, written to a folder, for tests that change one thing in it."""

from __future__ import annotations

from pathlib import Path

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICxEhsZd60sILRGC6p1PnGivwvWWSw43XW4qlHK56/Ha"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDoGpZXarfFicXAgViJ/KqtdOcRNE5QG35DsnTcoI2tQ"

MODEL = """\
purpose: {id: Menulis pesan masuk., en: Write the login message.}
effect: {id: Tidak ada., en: None.}
worst_case: {id: Pesan salah., en: A wrong message.}
backout: {id: Jalankan kembali., en: Run again.}
change_types: [normal, standard]
risk: low
groups: [servers]
variables:
  motd_text:
    type: str
    about: {id: Isi pesan., en: Text of the message.}
    required: true
  motd_lines:
    type: int
    minimum: 1
    maximum: 5
    about: {id: Jumlah baris., en: Number of lines.}
"""

CONTENT = {
    "playbooks/set-motd.yml": "- name: Message\n  hosts: servers\n  gather_facts: false\n  roles:\n    - role: motd\n",
    "playbooks/set-motd.change.yml": MODEL,
    "roles/motd/tasks/main.yml": (
        "- name: The message is there\n"
        "  ansible.builtin.template:\n"
        "    src: motd.j2\n"
        "    dest: /etc/motd\n"
        '    mode: "0644"\n'
        "  notify: Say so\n"
    ),
    "roles/motd/handlers/main.yml": "- name: Say so\n  ansible.builtin.command: logger message changed\n",
    "roles/motd/defaults/main.yml": "motd_lines: 1\n",
    "roles/motd/meta/main.yml": "dependencies: []\n",
    "roles/motd/templates/motd.j2": "{{ motd_text }}\n{{ motd_owner | default('') }}\n",
    "roles/motd/molecule/default/tests/test_it.py": "import os\n",
    "inventory/hosts.yml": (
        "all:\n  children:\n    servers:\n      hosts:\n"
        f"        web1: {{ansible_host: 192.0.2.11, sopti_host_key: {HOST_KEY}}}\n"
        f"        web2: {{ansible_host: 192.0.2.12, ansible_port: 2222, sopti_host_key: {OTHER_KEY}}}\n"
        "    others:\n      hosts:\n"
        "        nokey: {ansible_host: 192.0.2.13}\n"
    ),
    "inventory/group_vars/servers.yml": "motd_owner: Pengadilan Contoh\n",
    "inventory/host_vars/web1.yml": "motd_place: Ruang Server\n",
}


def write(root: Path, changes: dict[str, str | bytes | None] | None = None) -> Path:
    """Write the content with some files changed (None: left out) and give its root."""
    for name, text in (CONTENT | (changes or {})).items():
        if text is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root
