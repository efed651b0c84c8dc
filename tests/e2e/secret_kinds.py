"""Forty-odd kinds of planting a secret: written into content, used where it would be seen, and used as one may.

Each kind has a secret of its own, so that whatever is found tells which kind it came from. The page ``docs/secrets.md``
is made from this table (``python -m tests.e2e.secret_kinds``) and what ``test_secrets.py`` measures.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PLAYBOOK, ROLE = "keep-secrets", "secretive"
FOLDER, LOCAL_FACTS = "/etc", "/etc/ansible/facts.d"
AT = f"dest: {FOLDER}/FILE, mode: '0600'"
IN = f"path: {FOLDER}/FILE, create: true, mode: '0600'"
PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n{line}\n-----END OPENSSH PRIVATE KEY-----\n"


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of planting a secret.

    Attributes:
        name: In words, unique.
        tasks: YAML of the role's tasks that use it, ``SECRET`` being its variable; of what follows a literal nothing.
        journal: Without sopti's measures it reaches the target's journal.
        stays: It reaches the journal with them, too.
        handlers: YAML of the role's handlers.
        first: Shell line that plants it on the host, before anything is planned.
    """

    name: str
    tasks: str
    journal: bool = False
    handlers: str = ""
    stays: bool = False
    first: str = ""


def copied(name: str, content: str, journal: bool = False, more: str = "") -> Kind:
    """Give a kind that copies a text to a file of its own."""
    return Kind(
        name,
        f"ansible.builtin.copy: {{content: '{content}', {AT}}}\n{more}",
        journal,
    )


HIDDEN = (
    copied("copy", "sandi: {{ SECRET }}"),
    copied("copy, no_log", "{{ SECRET }}", more="no_log: true\n"),
    copied("copy, diff: false", "{{ SECRET }}", more="diff: false\n"),
    Kind("template", f"ansible.builtin.template: {{src: FILE.j2, {AT}}}\n"),
    Kind(
        "lineinfile",
        f"ansible.builtin.lineinfile: {{{IN}, line: 'sandi={{{{ SECRET }}}}'}}\n",
        journal=True,
    ),
    Kind(
        "blockinfile",
        f"ansible.builtin.blockinfile: {{{IN}, block: '{{{{ SECRET }}}}'}}\n",
        journal=True,
    ),
    Kind(
        "user's password",
        "ansible.builtin.user: {name: secretive, password: '{{ SECRET }}'}\n",
        journal=True,
        stays=True,
    ),
    Kind(
        "loop item",
        f"ansible.builtin.copy: {{content: isi, dest: '{FOLDER}/FILE-{{{{ item.n }}}}', mode: '0600'}}\n"
        "loop:\n  - {n: 1, word: '{{ SECRET }}'}\n",
    ),
    Kind(
        "loop label",
        f"ansible.builtin.copy: {{content: isi, dest: '{FOLDER}/FILE-{{{{ item }}}}', mode: '0600'}}\n"
        "loop: [1]\nloop_control: {label: '{{ SECRET }}'}\n",
    ),
    Kind("command's argument", "ansible.builtin.command: echo {{ SECRET }}\n", journal=True),
    Kind("command's argv", "ansible.builtin.command: {argv: [echo, '{{ SECRET }}']}\n", journal=True),
    Kind("command's standard input", "ansible.builtin.command: {cmd: cat, stdin: '{{ SECRET }}'}\n", journal=True),
    Kind("shell", "ansible.builtin.shell: echo {{ SECRET }} | wc -c\n", journal=True),
    Kind(
        "address of a failing request",
        "ansible.builtin.uri: {url: 'http://app:{{ SECRET }}@127.0.0.1:9/', timeout: 2}\nignore_errors: true\n",
    ),
    Kind(
        "password of a failing request",
        "ansible.builtin.uri: {url: 'http://127.0.0.1:9/', url_username: app, url_password: '{{ SECRET }}'}\n"
        "ignore_errors: true\n",
    ),
    Kind(
        "failing command's message",
        "ansible.builtin.shell: echo {{ SECRET }} >&2; exit 3\nignore_errors: true\n",
        journal=True,
    ),
    Kind(
        "registered output",
        "ansible.builtin.command: echo {{ SECRET }}\nregister: secretive_said\ncheck_mode: false\nchanged_when: false\n"
        f"---\nansible.builtin.copy: {{content: '{{{{ secretive_said.stdout }}}}', {AT}}}\n"
        "---\nansible.builtin.debug: {var: secretive_said}\n",
        journal=True,
    ),
    Kind("debug", "ansible.builtin.debug: {msg: 'sandi {{ SECRET }}'}\n"),
    Kind("assert", "ansible.builtin.assert: {that: [true], success_msg: '{{ SECRET }}'}\n"),
    Kind(
        "set_fact, base64",
        "ansible.builtin.set_fact: {secretive_fact: 'app:{{ SECRET }}'}\n"
        f"---\nansible.builtin.copy: {{content: '{{{{ secretive_fact | b64encode }}}}', {AT}}}\n",
    ),
    copied("address, percent-encoded", "https://app:{{ SECRET | urlencode }}@contoh.example/"),
    copied("JSON", "{{ {\"sandi\": SECRET} | to_json }}"),
    copied("lookup of variables", "{{ lookup(\"vars\", \"SECRET\") }}"),
    Kind(
        "lookup of a template",
        f"ansible.builtin.copy: {{content: \"{{{{ lookup('template', 'FILE.j2') }}}}\", {AT}}}\n",
    ),
    copied("variable of a task", "{{ secretive_at }}", more="vars: {secretive_at: 'ldap://a:{{ SECRET }}@b'}\n"),
    Kind(
        "included tasks",
        "ansible.builtin.include_tasks: more.yml\nvars: {secretive_word: '{{ SECRET }}'}\n",
        journal=True,
    ),
    Kind("name of a task", "name: Set {{ SECRET }}\nansible.builtin.command: id\n"),
    Kind(
        "handler",
        f"ansible.builtin.copy: {{content: isi, {AT}}}\nnotify: Secretive handler\n",
        journal=True,
        handlers="- name: Secretive handler\n  ansible.builtin.command: echo {{ SECRET }}\n",
    ),
    Kind(
        "cron job",
        "ansible.builtin.lineinfile: {path: /etc/cron.d/secretive, create: true, mode: '0600',"
        " line: '0 0 1 1 * root true {{ SECRET }}'}\n",
        journal=True,
    ),
    copied("private key", "{{ SECRET }}"),
)  # fmt: skip
"""Used as a secret may be: hidden everywhere, whether the task says ``no_log`` or not."""

SEEN = (
    Kind("raw command", "ansible.builtin.raw: echo {{ SECRET }}\n"),
    Kind("script's argument", "ansible.builtin.script: FILE.sh {{ SECRET }}\n"),
    Kind("environment", "ansible.builtin.command: id\nenvironment: {SANDI: '{{ SECRET }}'}\n"),
    Kind("name of a file", f"ansible.builtin.copy: {{content: isi, dest: '{FOLDER}/{{{{ SECRET }}}}', mode: '0600'}}\n",
         journal=True),
    Kind("fact of the host", "ansible.builtin.setup: {gather_subset: ['!all', local]}\n",
         first=f"mkdir -p {LOCAL_FACTS}; echo '{{\"sandi\": \"VALUE\"}}' >{LOCAL_FACTS}/secretive.fact"),
)  # fmt: skip
"""Used where others would see it, or where it would be kept: refused, so that the plan can't be approved."""

LITERAL: Mapping[str, tuple[str, str]] = {
    "default of a role": (f"roles/{ROLE}/defaults/main.yml", "app_password: SECRET\n"),
    "variable of a role": (f"roles/{ROLE}/vars/main.yml", "app: {db: {password: SECRET}}\n"),
    "variable of a play": (
        f"playbooks/{PLAYBOOK}.yml",
        f"- name: Secrets\n  hosts: servers\n  gather_facts: false\n  vars: {{api_token: SECRET}}\n  roles: [{ROLE}]\n",
    ),
    "argument of a module": (
        f"roles/{ROLE}/tasks/main.yml",
        "- name: One\n  ansible.builtin.uri: {url: 'https://contoh.example/', url_password: SECRET}\n",
    ),
    "address in a task": (
        f"roles/{ROLE}/tasks/main.yml",
        "- name: One\n  ansible.builtin.command: curl https://app:SECRET@contoh.example/\n",
    ),
    "address in a template": (f"roles/{ROLE}/templates/a.j2", "dsn = postgresql://app:SECRET@db/app\n"),
    "fact that is kept": (
        f"roles/{ROLE}/tasks/main.yml",
        "- name: One\n  ansible.builtin.set_fact: {app_word: SECRET, cacheable: true}\n",
    ),
    "private key in a file": (f"roles/{ROLE}/files/id", PRIVATE_KEY.format(line="SECRET" + "A" * 40)),
    "file of ansible-vault": (f"roles/{ROLE}/files/a.txt", "$ANSIBLE_VAULT;1.1;AES256\nSECRET\n"),
    "text of ansible-vault": (
        f"roles/{ROLE}/vars/main.yml",
        "app_word: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  SECRET\n",
    ),
    "group variable": ("inventory/group_vars/servers.yml", "snmp_community: SECRET\n"),
    "host variable": ("inventory/host_vars/srv01.yml", "app_passphrase: SECRET\n"),
    "password for sudo": ("inventory/group_vars/all.yml", "ansible_become_password: SECRET\n"),
}
"""Written into content or inventory: refused before anything is sealed, and not repeated."""

BY_VARIABLE = ("value in the place of the name", "variable of another type")
"""Given on the command line: refused, and not repeated."""


def variable(kind: Kind) -> str:
    """Give the variable of a kind."""
    return f"secretive_{(*HIDDEN, *SEEN).index(kind):02d}_secret"


def value(kind: Kind) -> str:
    """Give the secret of a kind: it stands nowhere else."""
    word = f"Rahasia{(*HIDDEN, *SEEN).index(kind):02d}xKj8hQ2mZ"
    return PRIVATE_KEY.format(line=word + "A" * 30) if kind.name == "private key" else word


def planted(kind: Kind) -> bytes:
    """Give the bytes to look for."""
    return value(kind).split("\n")[1 if kind.name == "private key" else 0].encode()


def write(folder: Path, kinds: tuple[Kind, ...]) -> Path:
    """Write a playbook that uses the secrets of some kinds, and give its folder."""
    model = (
        "purpose: {id: Menyimpan rahasia., en: Keep secrets.}\neffect: {id: Tidak ada., en: None.}\n"
        "worst_case: {id: Rahasia bocor., en: A secret leaks.}\nbackout: {id: Hapus., en: Remove.}\n"
        "change_types: [normal]\nrisk: low\ngroups: [servers]\nvariables:\n"
        "  secretive_note: {type: str, about: {id: Catatan., en: Note.}}\n"
    )
    tasks = ["- name: Nothing secret\n  ansible.builtin.command: id\n"]
    files = {
        f"roles/{ROLE}/tasks/more.yml": "- name: Included\n  ansible.builtin.command: echo {{ secretive_word }}\n",
        f"roles/{ROLE}/handlers/main.yml": "",
    }
    for kind in kinds:
        name = variable(kind)
        model += f"  {name}: {{type: secret, about: {{id: Rahasia., en: Secret.}}}}\n"
        for part in kind.tasks.split("---\n"):
            text = _for(part, name)
            named = (
                text
                if text.startswith("name:")
                else f"name: '{kind.name.capitalize().replace(chr(39), chr(39) * 2)}'\n{text}"
            )
            tasks.append("- " + textwrap.indent(named, "  ").lstrip())
        files[f"roles/{ROLE}/handlers/main.yml"] += _for(kind.handlers, name)
        files[f"roles/{ROLE}/templates/{name}.j2"] = f"kata = {{{{ {name} }}}}\n"
        files[f"roles/{ROLE}/files/{name}.sh"] = "#!/bin/sh\nexit 0\n"
    files |= {
        f"playbooks/{PLAYBOOK}.yml": f"- name: Secrets\n  hosts: servers\n  gather_facts: false\n  roles: [{ROLE}]\n",
        f"playbooks/{PLAYBOOK}.change.yml": model,
        f"roles/{ROLE}/tasks/main.yml": "\n".join(tasks),
    }
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def _for(text: str, name: str) -> str:
    return text.replace("SECRET", name).replace("FILE", name)


def page() -> str:
    """Give the table of ``docs/secrets.md``."""
    rows = [(f"content: {name}", "refused before it is sealed", "") for name in LITERAL]
    rows += [(f"command line: {name}", "refused before it is sealed", "") for name in BY_VARIABLE]
    rows += [(f"task: {kind.name}", "refused while planning", _reaches(kind)) for kind in SEEN]
    rows += [(f"task: {kind.name}", "bound and hidden", _reaches(kind)) for kind in HIDDEN]
    lines = ["| kind | what sopti does | in the host's journal under plain Ansible |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {what} | {seen} |" for name, what, seen in rows)])


def _reaches(kind: Kind) -> str:
    """Say whether a kind reaches the host's journal."""
    return "yes, with sopti, too" if kind.stays else "yes" if kind.journal else "no"


if __name__ == "__main__":
    print(page())
