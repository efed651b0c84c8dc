"""The rules that content must keep before it is sealed, each a name and a sentence; findings are values."""

from __future__ import annotations

from dataclasses import dataclass

from sopti_runner.errors import N_

RULES = {
    "link": N_("no links to folders, and none that leave the content"),
    "python": N_("no Python that runs on this machine, except first-party files known by digest"),
    "plugins": N_("no plugin folders: they would run inside the gate"),
    "encoding": N_("files are UTF-8"),
    "yaml": N_("YAML without duplicate keys and tags"),
    "vault": N_("no vault texts: a secret is a variable of the type secret"),
    "secret": N_("no secrets: a secret is a variable of the type secret, and its value stands in no file"),
    "template": N_("templates that can be read before they run"),
    "lookup": N_("only lookups that neither run, fetch, write nor read outside the content"),
    "filter": N_("only filters and tests that neither touch files, clock nor chance"),
    "clock": N_("nothing that depends on the moment"),
    "cacheable": N_("no facts that outlive their run: set_fact without cacheable"),
    "check_mode": N_("check_mode only as false, and only on tasks that read"),
    "hidden": N_("nothing may behave otherwise in check mode"),
    "local": N_("tasks run on the host itself, never on this machine or another host"),
    "connection": N_("only plain ways to reach a host: address, port, user, key, sudo"),
    "templated_name": N_("roles, task files, variable files and hosts are named literally"),
    "outside": N_("files are named inside the content"),
    "module": N_("only modules of ansible.builtin and first-party ones"),
    "refused_module": N_("no modules that write on this machine or change the list of hosts"),
    "asynchronous": N_("tasks are waited for"),
    "repeated": N_("until and retries only on tasks that read: one that acts runs once"),
    "play": N_("no strategies, prompts or debuggers"),
    "shape": N_("tasks as one module with its arguments as keys"),
    "setting": N_("only Ansible settings that can't weaken the gate"),
    "inventory": N_("the inventory is plain files of YAML or INI, without links, anchors and aliases"),
    "loaded": N_("what is loaded as plays, tasks or variables is YAML, and lies below no files or templates folder"),
    "unseen": N_("no program starts unseen: by fact_path, by mount_binary, or by an environment that chooses programs"),
    "missing": N_("every file that is named exists"),
}
"""What content must keep, by rule name."""


def words(text: str) -> frozenset[str]:
    """Give the words of a text as a set: long lists of names stay readable."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One place where a rule is broken.

    Attributes:
        file: Path relative to the content root, ``/``-separated.
        line: Counted from 1; 0 when the whole file is meant.
        rule: Key of ``RULES``.
        found: What stands there.
    """

    file: str
    line: int
    rule: str
    found: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.rule}: {self.found}"
