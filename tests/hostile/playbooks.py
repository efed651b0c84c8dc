"""Hostile content, in one table: what somebody could write, or do between plan and run, and what holds it.

``docs/hostile-playbooks.md`` shows this table: ``python -m tests.hostile.playbooks`` writes it there. Tests play every
case on a real host, compare the host's files before and after, and hold the page against this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import notes

PAGE = Path(__file__).parents[2] / "docs" / "hostile-playbooks.md"
BEGIN = "<!-- The cases: made by python -m tests.hostile.playbooks; edit the table there, not here. -->\n"
END = "<!-- End of the cases. -->\n"

PLAY, TASKS = f"playbooks/{notes.PLAYBOOK}.yml", "roles/notes/tasks/main.yml"
MARK, TARGET, SIGNAL = "/etc/hostile-mark", "/etc/hostile-target", "/run/hostile-signal"
SEALED, PLANNED, VETOED, MISSED = "sealed", "planned", "vetoed", "missed"
Files = Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """One attack.

    Attributes:
        words: As the page says it.
        files: Content beside, or in place of, that of ``notes``; a link is written as ``-> target``.
        held: Where it is held, or ``MISSED``.
        by: Rule of ``docs/content-rules.md``, or code of the refusal; with ``MISSED`` why it can't be stopped.
        first: Shell on every host before the plan.
        then: Shell on the first host between plan and run.
        hosts: How many hosts the plan is for.
    """

    words: str
    files: Files
    held: str
    by: str
    first: str = ""
    then: str = f"touch {SIGNAL}"
    hosts: int = 1


def tasks(text: str) -> Files:
    """Give a role of these tasks."""
    return {TASKS: text}


def named(module: str, *more: str, name: str = "Attack") -> str:
    """Give one task."""
    return "\n".join((f"- name: {name}", f"  {module}", *(f"  {line}" for line in more))) + "\n"


def one(module: str, *more: str) -> Files:
    """Give a role of one task."""
    return tasks(named(module, *more))


def later(*more: str) -> Files:
    """Give a role that looks at a file of the host, then runs the tasks given."""
    return tasks(LOOK + "".join(more))


WRITE = f'ansible.builtin.copy: {{content: x, dest: {MARK}, mode: "0644"}}'
AFTERWARDS = named(f'ansible.builtin.copy: {{content: y, dest: {TARGET}, mode: "0644"}}', name="Planned")
TOUCH = f"ansible.builtin.command: touch {MARK}"
LOOK = named(f"ansible.builtin.stat: {{path: {SIGNAL}}}", "register: signal", name="Look")
THEN = "when: signal.stat.exists"
HIDDEN = named(WRITE, THEN)
FAILS = "    - name: Fails once it is approved\n      ansible.builtin.assert: {that: not signal.stat.exists}\n"
INDENTED = f"    - name: Attack\n      {WRITE}\n"
OTHER_ROLE = {"roles/other/tasks/main.yml": named(TOUCH)}


def around(section: str, body: str) -> str:
    """Give a block that fails once it is approved, with another section."""
    return f"- name: Block\n  block:\n{FAILS}  {section}:\n{body}"


STATIC = [
    ("A command on the runner, by delegation", one(TOUCH, "delegate_to: localhost"), "local"),
    ("A task for one host carried out on another", one(TOUCH, "delegate_to: srv02"), "local"),
    ("The same, named by a variable", one(TOUCH, 'delegate_to: "{{ x }}"'), "local"),
    ("A task for another host, handed down through an include",
     {**one("ansible.builtin.include_role: {name: other, apply: {delegate_to: srv02}}"), **OTHER_ROLE}, "local"),
    ("A command on the runner, by local_action", one(f"local_action: command touch {MARK}"), "local"),
    ("A play with a local connection",
     {PLAY: "- name: N\n  hosts: servers\n  connection: local\n  roles: [notes]\n"}, "local"),
    ("The connection, by a variable", one(TOUCH, "vars: {ansible_connection: local}"), "connection"),
    ("Another host's address, by set_fact", one("ansible.builtin.set_fact: {ansible_host: 192.0.2.1}"), "connection"),
    ("The same, as the name of a loop's variable",
     one(TOUCH, "loop: [192.0.2.1]", "loop_control: {loop_var: ansible_host}"), "connection"),
    ("The same, as the name of a registered result", one(TOUCH, "register: ansible_host"), "connection"),
    ("A value of the plan that is there when the run begins",
     one("ansible.builtin.set_fact: {seen: true, cacheable: true}"), "cacheable"),
    ("The same, by the module's defaults",
     {PLAY: "- name: N\n  hosts: servers\n  module_defaults:\n    ansible.builtin.set_fact: {cacheable: true}\n"
            "  roles: [notes]\n"}, "cacheable"),
    ("Arguments that are hidden in one text", one("ansible.builtin.set_fact:", "args: \"{{ x }}\""), "shape"),
    ("A command in the place of the user that sudo takes",
     one("ansible.builtin.ping:", "become: true", f"become_user: root touch {MARK}; sudo -u root"), "connection"),
    ("The same, in Ansible's settings",
     {"ansible.cfg": f"[privilege_escalation]\nbecome_user = root touch {MARK}; sudo\n"}, "setting"),
    ("Another interpreter, in Ansible's settings", {"ansible.cfg": "[defaults]\ninterpreter_python = /tmp/x\n"},
     "setting"),
    ("Tasks kept among a role's data",
     {**one("ansible.builtin.include_tasks: files/more.yml"),
      "roles/notes/files/more.yml": named(WRITE, "check_mode: false")}, "loaded"),
    ("Tasks in a file that does not look like YAML",
     {**one("ansible.builtin.include_tasks: more.txt"), "roles/notes/tasks/more.txt": named(WRITE)}, "loaded"),
    ("A role with Python, kept among another role's data",
     {**one("ansible.builtin.include_role: {name: notes/files/roles/y}"),
      "roles/notes/files/roles/y/filter_plugins/f.py": "print(1)\n",
      "roles/notes/files/roles/y/tasks/main.yml": named(WRITE)}, "loaded"),
    ("A playbook kept among data", {PLAY: "- ansible.builtin.import_playbook: files/x.yml\n",
                                    "playbooks/files/x.yml": "- hosts: all\n"}, "loaded"),
    ("Variables in a file that does not look like YAML",
     {**one("ansible.builtin.include_vars: x.txt"), "roles/notes/vars/x.txt": "ansible_host: 192.0.2.1\n"}, "loaded"),
    ("A folder of executable facts", one("ansible.builtin.setup: {fact_path: /tmp}"), "unseen"),
    ("A program in the place of mount", one("ansible.builtin.mount_facts: {mount_binary: /tmp/x}"), "unseen"),
    ("Libraries from elsewhere, by the environment", one("ansible.builtin.ping:", "environment: {PYTHONPATH: /tmp}"),
     "unseen"),
    ("Another program for sudo", one(TOUCH, "become: true", "become_exe: /tmp/sudo"), "connection"),
    ("A lookup that runs a program while planning",
     one(f"ansible.builtin.debug: {{msg: \"{{{{ lookup('pipe', 'touch {MARK}') }}}}\"}}"), "lookup"),
    ("The same as a loop", one(TOUCH, f"with_pipe: touch {MARK}"), "lookup"),
    ("The same under another name, in a template",
     {"roles/notes/templates/note.j2": "{% set l = lookup %}{{ l('pipe', 'id') }}\n"}, "lookup"),
    ("The same in a template with other marks, by the module's defaults",
     {PLAY: "- name: N\n  hosts: servers\n  module_defaults:\n    ansible.builtin.template:"
            " {variable_start_string: '[['}\n  roles: [notes]\n"}, "template"),
    ("A lookup that reads the runner's files",
     one("ansible.builtin.debug: {msg: \"{{ lookup('file', '/etc/shadow') }}\"}"), "outside"),
    ("The same by another name of lookup",
     one("ansible.builtin.debug: {msg: \"{{ (q if true else q)('file', '/etc/shadow') }}\"}"), "lookup"),
    ("A lookup that writes on the runner",
     one("ansible.builtin.debug: {msg: \"{{ lookup('password', '/tmp/x') }}\"}"), "lookup"),
    ("A text that depends on the moment", one(f'ansible.builtin.command: touch {MARK}-{{{{ now() }}}}'), "clock"),
    ("A filter plugin in a role", {"roles/notes/filter_plugins/f.py": "print(1)\n"}, "plugins"),
    ("An action plugin in a role", {"roles/notes/action_plugins/copy.py": "print(1)\n"}, "plugins"),
    ("A callback plugin in a role", {"roles/notes/callback_plugins/c.py": "print(1)\n"}, "plugins"),
    ("A module in a role", {"roles/notes/library/m.py": "print(1)\n"}, "python"),
    ("Settings that load plugins", {"ansible.cfg": "[defaults]\ncallback_plugins = /tmp\n"}, "setting"),
    ("A collection's changed plugin",
     {**one("sopti.core.x:"), "collections/ansible_collections/sopti/core/plugins/action/x.py": "print(1)\n"},
     "python"),
    ("A change that check mode is told to make", one(TOUCH, "check_mode: false"), "check_mode"),
    ("The same, by a module that can't only read",
     one(WRITE, "check_mode: false", "changed_when: false"), "check_mode"),
    ("The same, set on a role", {PLAY: "- name: N\n  hosts: servers\n  roles: [{role: notes, check_mode: false}]\n"},
     "check_mode"),
    ("A change in check mode, handed down through an include",
     {**one("ansible.builtin.include_role: {name: other, apply: {check_mode: false}}"), **OTHER_ROLE}, "check_mode"),
    ("A task that shows itself only outside check mode", one(TOUCH, "when: not ansible_check_mode"), "hidden"),
    ("A background process that outlives its task", one(TOUCH, "async: 60", "poll: 0"), "asynchronous"),
    ("A command that was approved once, run until it says so", one(TOUCH, 'until: "x in said"', "register: said"),
     "repeated"),
    ("A command that was approved once, tried again", one(TOUCH, 'retries: "{{ x }}"'), "repeated"),
    ("Another strategy", {PLAY: "- name: N\n  hosts: servers\n  strategy: free\n  roles: [notes]\n"}, "play"),
    ("Tasks from a file whose name is known late", one('ansible.builtin.include_tasks: "{{ x }}.yml"'),
     "templated_name"),
    ("A role whose name is known late", one('ansible.builtin.include_role: {name: "{{ x }}"}'), "templated_name"),
    ("A playbook from elsewhere", {PLAY: "- ansible.builtin.import_playbook: ../../tmp/evil.yml\n"}, "outside"),
    ("A module whose name is known late", one('action: "{{ x }}"'), "shape"),
    ("Hosts added while it runs", one("ansible.builtin.add_host: {name: x}"), "refused_module"),
    ("Files fetched to the runner", one("ansible.builtin.fetch: {src: /etc/shadow, dest: /tmp/}"), "refused_module"),
    ("The runner's files sent to a host",
     one(f"ansible.builtin.copy: {{src: /etc/shadow, dest: {MARK}, mode: '0644'}}"), "outside"),
    ("A link out of the content", {"roles/notes/files/passwd": "-> /etc/passwd"}, "link"),
    ("A text that only a password opens", {"roles/notes/vars/main.yml": "x: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n"},
     "vault"),
]  # fmt: skip
"""Refused when the content is sealed, by its text alone."""

PLANS = [
    ("The runner's files sent to a host, named by a variable",
     one(f"ansible.builtin.copy: {{src: \"{{{{ p }}}}\", dest: {MARK}, mode: '0644'}}", "vars: {p: /etc/hostname}"),
     "task_outside"),
    ("The same, said to lie on the host in other words",
     one(f"ansible.builtin.copy: {{src: \"{{{{ p }}}}\", dest: {MARK}, mode: '0644', remote_src: 'no'}}",
         "vars: {p: /etc/hostname}"), "task_outside"),
    ("A template that was never checked, named by a variable",
     {**one(f"ansible.builtin.template: {{src: \"{{{{ p }}}}\", dest: {MARK}, mode: '0644'}}", "vars: {p: raw.txt}"),
      "roles/notes/templates/raw.txt": "x\n"}, "task_outside"),
]  # fmt: skip
"""Refused while the plan is made."""

NEVER_SEEN = "task_not_planned"
VETOES = [
    Case("A task that shows itself once it is approved", later(HIDDEN), VETOED, NEVER_SEEN),
    Case("The same, its failure ignored", later(named(WRITE, THEN, "ignore_errors: true"), AFTERWARDS), VETOED,
         NEVER_SEEN),
    Case("The same, said never to fail", later(named(WRITE, THEN, "failed_when: false"), AFTERWARDS), VETOED,
         NEVER_SEEN),
    Case("The same, and the failed host declared healthy",
         later(HIDDEN, named("ansible.builtin.meta: clear_host_errors"), AFTERWARDS), VETOED, NEVER_SEEN),
    Case("The same, hidden by a name put together from parts",
         later(named(WRITE, "when: not lookup('vars', 'ansible_check' ~ '_mode')")), VETOED, NEVER_SEEN, then="true"),
    Case("A rescue section", later(around("rescue", INDENTED)), VETOED, NEVER_SEEN),
    Case("A section that always runs, after a stop",
         later("- name: Block\n  block:\n" + "".join(f"    {line}\n" for line in HIDDEN.splitlines())
               + "  always:\n" + "".join(f"    {line}\n" for line in AFTERWARDS.splitlines())), VETOED, NEVER_SEEN),
    Case("A handler that is notified late",
         {**later(named("ansible.builtin.debug: {msg: x}", "changed_when: signal.stat.exists", "notify: H")),
          "roles/notes/handlers/main.yml": named(WRITE, name="H")}, VETOED, NEVER_SEEN),
    Case("The same through a chain of handlers",
         {**later(named("ansible.builtin.debug: {msg: x}", "changed_when: signal.stat.exists", "notify: G")),
          "roles/notes/handlers/main.yml": named(WRITE, "listen: topic", name="H")
          + named("ansible.builtin.debug: {msg: x}", "changed_when: true", "notify: topic", name="G")},
         VETOED, NEVER_SEEN),
    Case("A loop that grows", later(named(WRITE, 'loop: "{{ [1] if signal.stat.exists else [] }}"')), VETOED,
         NEVER_SEEN),
    Case("A loop over something else",
         later(named('ansible.builtin.copy: {content: x, dest: "/etc/hostile-{{ item }}", mode: "0644"}',
                     "loop: \"{{ ['mark' if signal.stat.exists else 'tame'] }}\"")), VETOED, NEVER_SEEN),
    Case("Other arguments, by set_fact",
         later(named("ansible.builtin.set_fact: {to: \"{{ 'mark' if signal.stat.exists else 'tame' }}\"}"),
               named('ansible.builtin.copy: {content: x, dest: "/etc/hostile-{{ to }}", mode: "0644"}')), VETOED,
         NEVER_SEEN),
    Case("Other arguments, by the result of a command",
         tasks(named("ansible.builtin.command: echo bad", "register: said")
               + named(f'ansible.builtin.copy: {{content: "{{{{ said.stdout | default(\'good\') }}}}", dest: {MARK}, '
                       'mode: "0644"}')), VETOED, NEVER_SEEN, then="true"),
    Case("Another secret under no_log",
         later(named(f"ansible.builtin.copy: {{content: \"{{{{ 'x' if signal.stat.exists else 'y' }}}}\", "
                     f'dest: {MARK}, mode: "0600"}}', "no_log: true")), VETOED, NEVER_SEEN),
    Case("Another text in a template",
         later(named(f'ansible.builtin.template: {{src: note.j2, dest: {MARK}, mode: "0644"}}',
                     "vars: {notes_text: \"{{ 'x' if signal.stat.exists else 'y' }}\"}")), VETOED,
         "task_other_content"),
    Case("Tasks included late", {**later(named("ansible.builtin.include_tasks: more.yml", THEN)),
                                 "roles/notes/tasks/more.yml": named(WRITE)}, VETOED, NEVER_SEEN),
    Case("A role included late", {**later(named("ansible.builtin.include_role: {name: other}", THEN)), **OTHER_ROLE},
         VETOED, NEVER_SEEN),
    Case("A reading command that shows itself once it is approved, and writes",
         later(named(TOUCH, "check_mode: false", "changed_when: false", THEN)), VETOED, NEVER_SEEN),
    Case("A task for one of the hosts that moves to another when the first fails",
         later(named("ansible.builtin.assert: {that: not signal.stat.exists}"), named(WRITE, "run_once: true")),
         VETOED, NEVER_SEEN, hosts=2),
    Case("One host's task is not the plan's, another host's are",
         later(HIDDEN, AFTERWARDS), VETOED, NEVER_SEEN, hosts=2),
    Case("A user for sudo that becomes a command once it is approved",
         later(named("ansible.builtin.command: id", "become: true", "vars:", "  ansible_become_user: "
                     f"\"{{{{ 'root touch {MARK}; sudo -u root' if signal.stat.exists else 'root' }}}}\"")), VETOED,
         "task_unseen"),
    Case("A copy on the host of a file that somebody altered since",
         one(f'ansible.builtin.copy: {{src: /run/hostile-source, dest: {TARGET}, mode: "0644", remote_src: true}}'),
         VETOED, "task_other_content", first="echo good >/run/hostile-source", then="echo evil >/run/hostile-source"),
    Case("A file that somebody made on the host since",
         one(f'ansible.builtin.copy: {{content: x, dest: {TARGET}, mode: "0644"}}'), VETOED, "task_other_state",
         then=f"echo theirs >{TARGET}"),
    Case("A file that was right, and that somebody altered since",
         one(f'ansible.builtin.copy: {{content: x, dest: {TARGET}, mode: "0644"}}'), VETOED, "task_other_kind",
         first=f"printf x >{TARGET}; chmod 644 {TARGET}", then=f"echo theirs >{TARGET}"),
    Case("A line in a file that somebody altered since",
         one(f"ansible.builtin.lineinfile: {{path: {TARGET}, line: x}}"), VETOED, "task_other_state",
         first=f"echo first >{TARGET}", then=f"echo theirs >>{TARGET}"),
]  # fmt: skip
"""Stopped while the plan is carried out."""

MISSES = [
    Case("A reading command that writes", one(TOUCH, "check_mode: false", "changed_when: false"), MISSED,
         "It runs while planning, as reading commands must. The plan marks each as `reads`: look at them in a review",
         then="true"),
    Case("An executable in /etc/ansible/facts.d on the host",
         {PLAY: "- name: N\n  hosts: servers\n  roles: [notes]\n", **tasks(AFTERWARDS)}, MISSED,
         "Gathering facts runs it, while planning too, as Ansible always does. Who may put it there is root already",
         first="mkdir -p /etc/ansible/facts.d; printf '#!/bin/sh\\ntouch " + MARK
         + "\\necho {}\\n' >/etc/ansible/facts.d/x.fact; chmod 755 /etc/ansible/facts.d/x.fact", then="true"),
    Case("An approved command whose program was replaced on the host", one("ansible.builtin.command: /usr/local/bin/x"),
         MISSED, "A command is bound by its exact words, not by what they start; the plan calls it *opaque*",
         first="printf '#!/bin/sh\\n' >/usr/local/bin/x; chmod 755 /usr/local/bin/x",
         then=f"echo 'touch {MARK}' >>/usr/local/bin/x"),
    Case("A file that somebody makes after an approved command has run",
         tasks(named("ansible.builtin.command: sh -c 'echo theirs >" + MARK + "'") + named(WRITE)), MISSED,
         "After a command nobody can tell its doing from another's; it is overwritten", then="true"),
]  # fmt: skip
"""Not stopped; each is shown in the plan, or is root's doing."""

CASES = (
    *(Case(words, files, SEALED, by) for words, files, by in STATIC),
    *(Case(words, files, PLANNED, by) for words, files, by in PLANS),
    *VETOES,
    *MISSES,
)


def page_table() -> str:
    """Give the page's part between the two marks."""
    heads = {SEALED: "Refused before anything runs", PLANNED: "Refused while the plan is made",
             VETOED: "Stopped while the plan is carried out", MISSED: "Not stopped"}  # fmt: skip
    lines = []
    for held, head in heads.items():
        reason = "Why" if held == MISSED else "Rule" if held in (SEALED, PLANNED) else "Reason in the ledger"
        lines += [f"### {head}", f"| Attack | {reason} |", "|---|---|"]
        for case in CASES:
            if case.held == held:
                lines.append(f"| {case.words} | {case.by if held == MISSED else f'`{case.by}`'} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Write the cases into the page."""
    head, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n{page_table()}{END}{tail}", "utf-8")


if __name__ == "__main__":
    main()
