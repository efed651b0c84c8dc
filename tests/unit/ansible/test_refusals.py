from __future__ import annotations

import os
from pathlib import Path

import pytest

from sopti_runner.adapters.ansible.content import AnsibleContent
from sopti_runner.adapters.ansible.first_party import as_text, listing
from sopti_runner.adapters.ansible.rules import RULES, Finding
from sopti_runner.errors import ContentError
from tests.plain_reader import as_plain_reader
from tests.unit.ansible.sample import write

REPOSITORY = Path(__file__).parents[3]
TASKS = "roles/motd/tasks/main.yml"
PLAY = "playbooks/set-motd.yml"
INVENTORY = "inventory/group_vars/servers.yml"


def task(text: str) -> dict[str, str]:
    return {TASKS: f"- name: One\n{text}"}


def play(text: str) -> dict[str, str]:
    return {PLAY: f"- name: Message\n  hosts: servers\n{text}"}


COMMAND = "  ansible.builtin.command: logger hello\n"
REFUSED: dict[str, tuple[dict[str, str | bytes], str, int, str]] = {
    "pipe lookup in arguments": (
        task("  ansible.builtin.command: logger {{ lookup('pipe', 'id') }}\n"), TASKS, 2, "lookup",
    ),
    "query by full name": (
        task("  ansible.builtin.debug:\n    msg: \"{{ query('ansible.builtin.url', 'x') }}\"\n"), TASKS, 3, "lookup",
    ),
    "templated lookup name": (task("  ansible.builtin.debug:\n    msg: '{{ lookup(x) }}'\n"), TASKS, 3, "lookup"),
    "lookup under another name": (
        task("  ansible.builtin.debug:\n    msg: \"{% set l = lookup %}{{ l('pipe', 'id') }}\"\n"), TASKS, 3, "lookup",
    ),
    "lookup in a condition": (task(COMMAND + "  when: lookup('env', 'HOME') == ''\n"), TASKS, 3, "lookup"),
    "lookup in debug var": (
        task("  ansible.builtin.debug:\n    var: lookup('pipe', 'id')\n"), TASKS, 3, "lookup",
    ),
    "with_ of an effect": (task(COMMAND + "  with_pipe: id\n"), TASKS, 3, "lookup"),
    "lookup in a template": ({"roles/motd/templates/motd.j2": "a\n{{ lookup('password', '/tmp/x') }}\n"},
                             "roles/motd/templates/motd.j2", 2, "lookup"),
    "lookup in a default": ({"roles/motd/defaults/main.yml": "a: 1\nb: \"{{ lookup('pipe', 'id') }}\"\n"},
                            "roles/motd/defaults/main.yml", 2, "lookup"),
    "lookup in a group variable": ({INVENTORY: "a: 1\nb: \"{{ lookup('pipe', 'id') }}\"\n"},
                                   "group_vars/servers.yml", 2, "lookup"),
    "file lookup outside": (
        task("  ansible.builtin.debug:\n    msg: \"{{ lookup('file', '/etc/shadow') }}\"\n"), TASKS, 3, "outside",
    ),
    "filter of chance": (task("  ansible.builtin.debug:\n    msg: '{{ [1, 2] | random }}'\n"), TASKS, 3, "filter"),
    "filter that reads files": (
        task("  ansible.builtin.debug:\n    msg: \"{{ '/etc/*' | fileglob }}\"\n"), TASKS, 3, "filter",
    ),
    "filter by mapped name": (
        task("  ansible.builtin.debug:\n    msg: \"{{ ['/etc/*'] | map('fileglob') }}\"\n"), TASKS, 3, "filter",
    ),
    "test that reads files": (task(COMMAND + "  when: \"'/etc/x' is file\"\n"), TASKS, 3, "filter"),
    "clock": (task("  ansible.builtin.debug:\n    msg: '{{ now() }}'\n"), TASKS, 3, "clock"),
    "another template language": ({"roles/motd/templates/motd.j2": "#jinja2: variable_start_string:'[['\n[[ x ]]\n"},
                                  "roles/motd/templates/motd.j2", 1, "template"),
    "broken template": ({"roles/motd/templates/motd.j2": "a\n{{ b\n"}, "roles/motd/templates/motd.j2", 2, "template"),
    "template marks by argument": (
        task("  ansible.builtin.template:\n    src: motd.j2\n    dest: /etc/motd\n    variable_start_string: '[['\n"),
        TASKS, 5, "template",
    ),
    "mutating check_mode false": (task(COMMAND + "  check_mode: false\n"), TASKS, 3, "check_mode"),
    "templated check_mode": (task(COMMAND + "  check_mode: '{{ x }}'\n"), TASKS, 3, "check_mode"),
    "check_mode of a play": (play("  check_mode: false\n  roles: [motd]\n"), PLAY, 3, "check_mode"),
    "fact that outlives its run": (
        task("  ansible.builtin.set_fact:\n    seen: true\n    cacheable: '{{ x }}'\n"), TASKS, 4, "cacheable",
    ),
    "hidden from check mode": (task(COMMAND + "  when: not ansible_check_mode\n"), TASKS, 3, "hidden"),
    "hidden by a name in a text": (task(COMMAND + "  when: not vars['ansible_check_mode']\n"), TASKS, 3, "hidden"),
    "delegation": (task(COMMAND + "  delegate_to: localhost\n"), TASKS, 3, "local"),
    "local connection of a play": (play("  connection: local\n  roles: [motd]\n"), PLAY, 3, "local"),
    "this machine as a host": ({PLAY: "- hosts: web1,localhost\n  roles: [motd]\n"}, PLAY, 1, "local"),
    "this machine in a list of hosts": ({PLAY: "- hosts: [web1, localhost]\n  roles: [motd]\n"}, PLAY, 1, "local"),
    "tasks from outside a role": (
        task("  ansible.builtin.include_role: {name: motd, tasks_from: ../../../x}\n"), TASKS, 1, "outside",
    ),
    "templated tasks_from": (
        task("  ansible.builtin.include_role: {name: motd, tasks_from: '{{ x }}'}\n"), TASKS, 1, "templated_name",
    ),
    "local action": (task("  local_action: command id\n"), TASKS, 2, "local"),
    "connection by a variable": ({INVENTORY: "ansible_connection: local\n"}, "group_vars/servers.yml", 1, "connection"),
    "proxy command": ({INVENTORY: "ansible_ssh_common_args: -o ProxyCommand=id\n"},
                      "group_vars/servers.yml", 1, "connection"),
    "interpreter that starts a program": (
        {INVENTORY: "ansible_python_interpreter: '{#$(touch /x)#}/usr/bin/python3'\n"},
        "inventory.json", 0, "connection",
    ),
    "interpreter of another name": ({INVENTORY: "ansible_python_interpreter: /tmp/python3\n"},
                                    "inventory.json", 0, "connection"),
    "option in the place of an address": ({INVENTORY: "ansible_ssh_host: -oProxyCommand=id\n"},
                                          "inventory.json", 0, "connection"),
    "port that is a text": ({INVENTORY: "ansible_port: 22x\n"}, "inventory.json", 0, "connection"),
    "another host by a variable of a task": (
        task(COMMAND + "  vars: {ansible_host: 192.0.2.12}\n"), TASKS, 3, "connection",
    ),
    "name of a variable put together": (
        task("  ansible.builtin.set_fact:\n    \"{{ 'ansible_' ~ 'host' }}\": x\n"), TASKS, 3, "templated_name",
    ),
    "connection by set_fact": (
        task("  ansible.builtin.set_fact:\n    ansible_connection: local\n"), TASKS, 3, "connection",
    ),
    "templated role": (play("  tasks:\n    - ansible.builtin.include_role:\n        name: '{{ x }}'\n"), PLAY, 4,
                       "templated_name"),
    "templated task file": (task("  ansible.builtin.include_tasks: '{{ x }}.yml'\n"), TASKS, 1, "templated_name"),
    "templated hosts": ({PLAY: "- hosts: '{{ x }}'\n  roles: [motd]\n"}, PLAY, 1, "templated_name"),
    "missing role": (play("  roles: [motdd]\n"), PLAY, 3, "missing"),
    "source outside": (task("  ansible.builtin.copy:\n    src: ../../a\n    dest: /etc/x\n"), TASKS, 1, "outside"),
    "prompt": (play("  vars_prompt: [{name: x}]\n  roles: [motd]\n"), PLAY, 3, "play"),
    "strategy": (play("  strategy: free\n  roles: [motd]\n"), PLAY, 3, "play"),
    "unknown module": (task("  community.general.ufw:\n    state: enabled\n"), TASKS, 1, "module"),
    "module that writes here": (task("  ansible.builtin.fetch: {src: /x, dest: /x}\n"), TASKS, 1, "refused_module"),
    "two modules": (task("  ansible.builtin.command: id\n  ansible.builtin.shell: id\n"), TASKS, 1, "shape"),
    "not waited for": (task(COMMAND + "  async: 60\n  poll: 0\n"), TASKS, 3, "asynchronous"),
    "command that is repeated": (task(COMMAND + "  until: said is succeeded\n"), TASKS, 3, "repeated"),
    "command that is tried again": (task(COMMAND + "  retries: '{{ x }}'\n"), TASKS, 3, "repeated"),
    "command that would read, were it not for check mode": (
        task(COMMAND + "  changed_when: false\n  retries: 3\n"), TASKS, 4, "repeated",
    ),
    "callback beside the role": ({"roles/motd/callback_plugins/evil.py": "x = 1\n"},
                                 "roles/motd/callback_plugins/evil.py", 0, "plugins"),
    "module of the role": ({"roles/motd/library/m.py": "x = 1\n"}, "roles/motd/library/m.py", 0, "python"),
    "vault text": ({"roles/motd/vars/main.yml": "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  61\n"},
                   "roles/motd/vars/main.yml", 1, "vault"),
    "duplicate key": ({"roles/motd/vars/main.yml": "a: 1\nb: 2\na: 3\n"}, "roles/motd/vars/main.yml", 3, "yaml"),
    "not UTF-8": ({"roles/motd/vars/main.yml": b"a: 1\nb: \xff\n"}, "roles/motd/vars/main.yml", 2, "encoding"),
    "template not UTF-8": ({"roles/motd/templates/motd.j2": b"\xe9\n"}, "roles/motd/templates/motd.j2", 1, "encoding"),
    "setting": ({"ansible.cfg": "[defaults]\ncallbacks_enabled = x\n"}, "ansible.cfg", 2, "setting"),
    "interpreter in the settings": (
        {"ansible.cfg": "[defaults]\ninterpreter_python = /tmp/x\n"}, "ansible.cfg", 2, "setting",
    ),
    "command as a user in the settings": (
        {"ansible.cfg": "[privilege_escalation]\nbecome_user = root id; sudo\n"}, "ansible.cfg", 2, "setting",
    ),
    "template in the settings": (
        {"ansible.cfg": "[defaults]\nansible_managed = {{ q('pipe', 'id') }}\n"}, "ansible.cfg", 2, "setting",
    ),
    "command as a user": (task(COMMAND + "  become_user: root id; sudo\n"), TASKS, 3, "connection"),
    "command as a user by a variable": (
        task(COMMAND + "  vars: {ansible_become_user: root id; sudo}\n"), TASKS, 3, "connection",
    ),
    "tasks among the data": (
        {**task("  ansible.builtin.include_tasks: files/more.yml\n"), "roles/motd/files/more.yml": "- debug:\n"},
        TASKS, 1, "loaded",
    ),
    "tasks that are no YAML by their name": (
        {**task("  ansible.builtin.import_tasks: more.txt\n"), "roles/motd/tasks/more.txt": "- debug:\n"},
        TASKS, 1, "loaded",
    ),
    "tasks beside the folder of tasks": (
        {"roles/motd/more.yml": "- name: M\n  ansible.builtin.copy: {dest: /x}\n  check_mode: false\n"},
        "roles/motd/more.yml", 3, "check_mode",
    ),
    "role file that is no YAML by its name": (
        {**task("  ansible.builtin.include_role: {name: motd, tasks_from: x.txt}\n"), "roles/motd/tasks/x.txt": "a"},
        TASKS, 1, "loaded",
    ),
    "role below data by its path": (task("  ansible.builtin.include_role: {name: motd/x}\n"), TASKS, 1, "outside"),
    "role below data": ({"roles/motd/files/roles/y/tasks/main.yml": "a"}, "roles/motd/files/roles/y/tasks/main.yml", 0,
                        "loaded"),
    "variables among the data": (task("  ansible.builtin.include_vars: files/x.yml\n"), TASKS, 1, "loaded"),
    "variables that are no YAML by their name": (task("  ansible.builtin.include_vars: x.txt\n"), TASKS, 1, "loaded"),
    "folder of variables beside a file": (
        task("  ansible.builtin.include_vars: x.yml\n  args: {dir: y}\n"), TASKS, 1, "templated_name",
    ),
    "play's variables that are no YAML by their name": (
        {**play("  vars_files: [x.txt]\n  roles: [motd]\n"), "playbooks/x.txt": "a: 1\n"}, PLAY, 3, "loaded",
    ),
    "playbook among the data": (
        {PLAY: "- ansible.builtin.import_playbook: files/x.yml\n", "playbooks/files/x.yml": "- hosts: all\n"},
        PLAY, 1, "loaded",
    ),
    "variables without an ending that strict YAML refuses": (
        {"roles/motd/vars/main": "a: 1\na: 2\n"}, "roles/motd/vars/main", 2, "yaml",
    ),
    "executable facts": (task("  ansible.builtin.setup: {fact_path: /tmp}\n"), TASKS, 1, "unseen"),
    "executable facts of a play": (play("  fact_path: /tmp\n  roles: [motd]\n"), PLAY, 3, "unseen"),
    "executable facts by a module's defaults": (
        play("  module_defaults:\n    ansible.builtin.setup: {fact_path: /tmp}\n  roles: [motd]\n"), PLAY, 3, "unseen",
    ),
    "arguments of another module, known late": (
        task("  ansible.builtin.package: {name: x}\n  module_defaults: [{apt: {dpkg_options: '{{ x }}'}}]\n"),
        TASKS, 3, "shape",
    ),
    "defaults of modules in one text": (task(COMMAND + "  module_defaults: '{{ x }}'\n"), TASKS, 3, "shape"),
    "program that lists mounts": (task("  ansible.builtin.mount_facts: {mount_binary: /x}\n"), TASKS, 1, "unseen"),
    "libraries by the environment": (task(COMMAND + "  environment: {PYTHONPATH: /tmp}\n"), TASKS, 3, "unseen"),
    "lookup by its short name under another": (
        task("  ansible.builtin.debug:\n    msg: \"{{ (q if true else q)('env', 'HOME') }}\"\n"), TASKS, 3, "lookup",
    ),
    "lookup by what it is made of": (
        task("  ansible.builtin.debug:\n    msg: \"{{ q.func('env', 'HOME') }}\"\n"), TASKS, 3, "lookup",
    ),
    "clock under another name": (
        task("  ansible.builtin.debug:\n    msg: '{% set n = now %}{{ n() }}'\n"), TASKS, 3, "clock",
    ),
    "chance in words": (task("  ansible.builtin.debug:\n    msg: '{{ lipsum() }}'\n"), TASKS, 3, "filter"),
    "template that is none by its name": (
        task("  ansible.builtin.debug:\n    msg: \"{{ lookup('template', 'files/x.txt') }}\"\n"), TASKS, 3, "outside",
    ),
    "template marks by a lookup": (
        task("  ansible.builtin.debug:\n    msg: \"{{ q('template', 'motd.j2', variable_start_string='[[') }}\"\n"),
        TASKS, 3, "outside",
    ),
    "template that includes what is none": (
        {"roles/motd/templates/motd.j2": "{% include 'x.txt' %}"}, "roles/motd/templates/motd.j2", 1, "outside",
    ),
    "condition that stands in a variable": (
        task(COMMAND + "  when: '{{ x }}'\n  vars: {x: \"q('env', 'HOME')\"}\n"), TASKS, 3, "template",
    ),
    "inventory plugin": ({"inventory/cloud.yml": "plugin: a.b.c\n"}, "inventory/cloud.yml", 1, "inventory"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_seal_bad_content_refuses_with_file_line_and_rule(tmp_path: Path, case: str) -> None:
    changes, file, line, rule = REFUSED[case]
    content = AnsibleContent(write(tmp_path / "c", dict(changes)), tmp_path / "c" / "inventory", tmp_path / "state")
    with pytest.raises(ContentError) as caught:
        content.seal("set-motd", limit=[], variables={"motd_text": "x"})
    found = caught.value.fields.get("findings", ())
    places = {(each.file, each.line, each.rule) for each in found}  # type: ignore[attr-defined]  # findings are Finding
    assert (file, line, rule) in places, caught.value.found
    assert rule in RULES
    assert list((tmp_path / "state" / "snapshots").iterdir()) == []


def test_refused_cases_cover_every_rule() -> None:
    assert {rule for *_, rule in REFUSED.values()} | {"link", "secret"} == set(RULES)


@pytest.mark.parametrize("target", ["/etc/hostname", "../../../../outside"])
def test_seal_link_that_leaves_refuses(tmp_path: Path, target: str) -> None:
    root = write(tmp_path / "c")
    (tmp_path / "outside").write_text("x")
    (root / "roles/motd/files").mkdir()
    (root / "roles/motd/files/link").symlink_to(target)
    assert _rules(tmp_path, root) == {Finding("roles/motd/files/link", 0, "link", f"leads to {_end(root, target)}")}


def test_seal_linked_folder_refuses(tmp_path: Path) -> None:
    root = write(tmp_path / "c")
    (root / "roles/motd/files").symlink_to("../motd/templates")
    assert {each.rule for each in _rules(tmp_path, root)} == {"link"}


def test_seal_executable_inventory_refuses(tmp_path: Path) -> None:
    root = write(tmp_path / "c")
    (root / "inventory/hosts.yml").chmod(0o755)
    assert {each.rule for each in _rules(tmp_path, root)} == {"inventory"}


SECRET = "PRIVATE+KEY+contoh+8a62db81+AWtrSecret"


@pytest.mark.parametrize(
    "place", ["inventory/extra", "inventory/extra.yml", "inventory/group_vars/all", "inventory/deep"]
)
def test_seal_link_in_the_inventory_refuses_and_shows_nothing_of_its_end(tmp_path: Path, place: str) -> None:
    root = write(tmp_path / "c")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "log.key").write_text(SECRET)
    (root / place).symlink_to(tmp_path / "secret" / ("" if place.endswith("deep") else "log.key"))
    with pytest.raises(ContentError) as caught:
        AnsibleContent(root, root / "inventory", tmp_path / "state").seal(
            "set-motd", limit=["nowhere"], variables={"motd_text": "x"}
        )
    assert SECRET not in f"{caught.value.found}{caught.value.expected}{caught.value.fields}"
    assert {(each.rule, each.found) for each in _rules(tmp_path, root)} == {("inventory", "a link")}


def test_seal_inventory_file_that_is_a_link_or_has_a_linked_folder_beside_it_refuses(tmp_path: Path) -> None:
    root = write(tmp_path / "c")
    (tmp_path / "hosts.yml").symlink_to(root / "inventory/hosts.yml")
    (tmp_path / "group_vars").symlink_to(root / "inventory/group_vars")
    with pytest.raises(ContentError) as caught:
        AnsibleContent(root, tmp_path / "hosts.yml", tmp_path / "state").seal(
            "set-motd", limit=[], variables={"motd_text": "x"}
        )
    assert [each.found for each in caught.value.fields["findings"]] == ["a link", "a link"]  # type: ignore[attr-defined]  # Finding


def test_seal_inventory_with_a_pipe_or_a_second_name_refuses(tmp_path: Path) -> None:
    root = write(tmp_path / "c")
    os.mkfifo(root / "inventory/pipe.yml")
    (tmp_path / "log.key").write_text(SECRET)
    (root / "inventory/hard").hardlink_to(tmp_path / "log.key")
    assert {(each.rule, each.found) for each in _rules(tmp_path, root)} == {("inventory", "not a plain file")}


READ = """
import sys, pathlib
from sopti_runner.adapters.ansible.inventory_files import read_inventory
from sopti_runner.errors import ContentError
try:
    print(*read_inventory(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])).findings, sep="; ")
except ContentError as error:
    print(error.on, error.found)
"""


@pytest.mark.parametrize(
    ("locked", "said"),
    [
        ("inventory/host_vars", "inventory/host_vars: inventory: Permission denied"),
        ("inventory/host_vars/web1.yml", "host_vars/web1.yml: inventory: Permission denied"),
        ("inventory", "{root}/inventory: inventory: Permission denied"),
        ("", "{whole}/inventory Permission denied"),
    ],
)
def test_inventory_that_may_not_be_read_is_never_passed_over(tmp_path: Path, locked: str, said: str) -> None:
    root = write(tmp_path / "c")
    mode = (root / locked).stat().st_mode
    (root / locked).chmod(0o000)
    printed = as_plain_reader(READ, root / "inventory", root / "playbooks")
    (root / locked).chmod(mode)
    assert printed.strip() == said.format(root=root.name, whole=root)


@pytest.mark.parametrize("place", ["playbooks/group_vars", "playbooks/host_vars/web1.yml", "playbooks/group_vars/all"])
def test_seal_link_or_pipe_in_the_variables_beside_the_playbooks_refuses(tmp_path: Path, place: str) -> None:
    root = write(tmp_path / "c")
    (root / place).parent.mkdir(exist_ok=True)
    (root / place).symlink_to(root / "inventory/group_vars")
    assert {(each.rule, each.found) for each in _rules(tmp_path, root)} == {("inventory", "a link")}
    (root / place).unlink()
    os.mkfifo(root / place)
    assert {(each.rule, each.found) for each in _rules(tmp_path, root)} == {("inventory", "not a plain file")}


@pytest.mark.parametrize("text", ["a: &x {b: *x}\n", "a: &x [1]\nb: [*x, *x]\n"])
def test_seal_inventory_with_an_alias_refuses(tmp_path: Path, text: str) -> None:
    root = write(tmp_path / "c", {INVENTORY: text})
    with pytest.raises(ContentError) as caught:
        AnsibleContent(root, root / "inventory", tmp_path / "state").seal(
            "set-motd", limit=[], variables={"motd_text": "x"}
        )
    assert (caught.value.on, caught.value.found) == ("group_vars/servers.yml:1", "an anchor or an alias")


def test_seal_inventory_file_with_its_variables_beside_it_is_read(tmp_path: Path) -> None:
    root = write(tmp_path / "c")
    (root / "inventory/.hosts.yml.swp").symlink_to("/nowhere")
    for inventory in (root / "inventory", root / "inventory/hosts.yml"):
        content = AnsibleContent(root, inventory, tmp_path / "state")
        sealed = content.seal("set-motd", limit=["web1"], variables={"motd_text": "x"})
        text = (tmp_path / "state" / "snapshots" / sealed.id / "inventory.json").read_text("utf-8")
        assert "Pengadilan Contoh" in text
        assert "Ruang Server" in text


def test_error_about_an_unknown_host_names_only_what_has_the_form_of_a_host(tmp_path: Path) -> None:
    root = write(tmp_path / "c", {"inventory/extra": SECRET + "\n"})
    with pytest.raises(ContentError) as caught:
        AnsibleContent(root, root / "inventory", tmp_path / "state").seal(
            "set-motd", limit=["nowhere"], variables={"motd_text": "x"}
        )
    assert "web1" in caught.value.expected
    assert SECRET not in caught.value.expected


def test_seal_python_file_as_data_of_a_role_is_accepted(tmp_path: Path) -> None:
    root = write(tmp_path / "c", {"roles/motd/files/program.py": "import os\n", "roles/motd/files/a.conf": "{{ [\n"})
    sealed = AnsibleContent(root, root / "inventory", tmp_path / "state").seal(
        "set-motd", limit=["web1"], variables={"motd_text": "x"}
    )
    assert "roles/motd/files/program.py" in sealed.files


def test_first_party_list_is_what_the_collections_hold() -> None:
    text = (REPOSITORY / "sopti_runner/data/first_party_plugins.json").read_text("utf-8")
    assert text == as_text(listing(REPOSITORY)), "next: python -m sopti_runner.adapters.ansible.first_party ."


def _rules(tmp_path: Path, root: Path) -> set[Finding]:
    with pytest.raises(ContentError) as caught:
        AnsibleContent(root, root / "inventory", tmp_path / "state").seal(
            "set-motd", limit=[], variables={"motd_text": "x"}
        )
    return set(caught.value.fields["findings"])  # type: ignore[call-overload]  # findings are a tuple of Finding


def _end(root: Path, target: str) -> Path:
    return (root / "roles/motd/files" / target).resolve()
