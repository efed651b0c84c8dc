"""Static rules of plays and tasks: what may be written, judged before anything runs."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Iterator, Mapping, Set
from functools import cache
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible.closure import is_loadable
from sopti_runner.adapters.ansible.connection_rules import FORMS, USER
from sopti_runner.adapters.ansible.jinja_rules import LOOKUPS, check_expression, check_text, is_inside
from sopti_runner.adapters.ansible.rules import Finding, words
from sopti_runner.adapters.ansible.secret_rules import is_literal_secret
from sopti_runner.adapters.ansible.strict_yaml import Located, LocatedList
from sopti_runner.adapters.ansible.task_reader import FREE_FORM, WrittenTask, file_of, is_templated

READERS = words(
    """
    stat slurp find getent setup gather_facts package_facts service_facts mount_facts ping assert debug fail set_fact
    wait_for wait_for_connection validate_argument_spec include_vars
    """
)
READING_COMMANDS = frozenset(("command", "shell"))
REFUSED_MODULES = words("fetch add_host async_status async_wrapper")
EXPRESSIONS = frozenset(("when", "changed_when", "failed_when", "until", "break_when", "that", "var"))
CONTENT_VARIABLES = words("ansible_become ansible_become_user ansible_managed")
INVENTORY_VARIABLES = CONTENT_VARIABLES | FORMS.keys()
_PLAY_REFUSED = frozenset(("strategy", "vars_prompt", "debugger"))
_TEMPLATE_MARKS = (
    "variable_start_string",
    "variable_end_string",
    "block_start_string",
    "block_end_string",
    "comment_start_string",
    "comment_end_string",
)
STARTERS = frozenset(("fact_path", "mount_binary"))
"""Arguments of reading modules that name what they start."""
CHOOSES_PROGRAMS = re.compile(
    "PATH|IFS|ENV|BASH_ENV|SHELLOPTS|GCONV_PATH|LD_.*|PYTHON.*|PERL5.*|RUBY(OPT|LIB)|NODE_(OPTIONS|PATH)"
)
"""Environment variables that decide which program or library runs, in check mode and in modules that read, too."""
_SOURCES = words("copy template script unarchive assemble")


@cache
def builtin_modules() -> frozenset[str]:
    """Give the short names of ansible-core's own modules, without importing Ansible."""
    spec = importlib.util.find_spec("ansible")
    places = spec.submodule_search_locations if spec else None
    return frozenset(each.stem for place in places or () for each in (Path(place) / "modules").glob("[a-z]*.py"))


def check_play(file: str, play: Located) -> Iterator[Finding]:
    """Check a play's own keywords; its tasks are checked by ``check_task``."""
    for key in play:
        if key in _PLAY_REFUSED:
            yield Finding(file, play.at(key), "play", f"{key}: {play[key]}")
        elif key in STARTERS:
            yield Finding(file, play.at(key), "unseen", f"{key}: {play[key]}")
    hosts = play.get("hosts")
    names = [str(each) for each in hosts] if isinstance(hosts, list) else [str(hosts)]
    if any(map(is_templated, names)):
        yield Finding(file, play.at("hosts"), "templated_name", f"hosts: {play['hosts']}")
    elif {"localhost", "127.0.0.1", "::1"} & set(" ".join(names).replace(",", " ").split()):
        yield Finding(file, play.at("hosts"), "local", f"hosts: {play['hosts']}")
    yield from _check_inherited(file, play)
    for role in play.get("roles") or ():
        if isinstance(role, Located):
            yield from _check_inherited(file, role)


def check_task(file: str, task: WrittenTask, first_party: Callable[[str], bool]) -> Iterator[Finding]:
    """Check one task or block.

    Args:
        file: Where it stands.
        task: The task.
        first_party: Tells whether a fully qualified name is a module of a first-party collection.
    """
    raw = task.raw
    yield from _check_place(file, raw)
    yield from _check_names(file, raw)
    yield from _check_check_mode(file, task)
    yield from _check_repeated(file, task)
    handed_down = task.args.get("apply")
    if isinstance(handed_down, Located):
        yield from _check_inherited(file, handed_down)
    elif handed_down is not None:
        yield Finding(file, task.line, "shape", f"apply: {handed_down}")
    if "async" in raw and raw["async"] not in (0, None):
        yield Finding(file, raw.at("async"), "asynchronous", f"async: {raw['async']}")
    for key in ("debugger",):
        if key in raw:
            yield Finding(file, raw.at(key), "play", key)
    for key in raw:
        if str(key).startswith("with_") and str(key)[5:].removeprefix("ansible.builtin.") not in LOOKUPS:
            yield Finding(file, raw.at(key), "lookup", str(key))
    if task.module != "block":
        yield from _check_module(file, task, first_party)


def _check_inherited(file: str, raw: Located) -> Iterator[Finding]:
    """Check keywords that are handed down to tasks written elsewhere, which no such keyword shows."""
    yield from _check_place(file, raw)
    if "check_mode" in raw:
        yield Finding(file, raw.at("check_mode"), "check_mode", f"check_mode: {raw['check_mode']}")


def _check_names(file: str, raw: Located) -> Iterator[Finding]:
    """Check the names that a task gives to variables, and that what may hide names is written out."""
    control = raw.get("loop_control")
    given = [raw.get("register"), *(control.get(key) for key in ("loop_var", "index_var") if isinstance(control, dict))]
    for name in given:
        if is_templated(name):
            yield Finding(file, raw.line, "templated_name", str(name))
        elif str(name).startswith("ansible_"):
            yield Finding(file, raw.line, "connection", str(name))
    for key in ("args", "vars", "loop_control"):
        if key in raw and raw[key] is not None and not isinstance(raw[key], (dict, list)):
            yield Finding(file, raw.at(key), "shape", f"{key}: {raw[key]}")


def _check_place(file: str, raw: Located) -> Iterator[Finding]:
    for key in ("delegate_to", "local_action"):
        if key in raw:
            yield Finding(file, raw.at(key), "local", f"{key}: {raw[key]}")
    if raw.get("connection") not in (None, "ssh", "ansible.builtin.ssh"):
        yield Finding(file, raw.at("connection"), "local", f"connection: {raw['connection']}")
    for key in ("become_exe", "become_flags"):
        if key in raw:
            yield Finding(file, raw.at(key), "connection", key)
    yield from _check_user(file, raw, "become_user")
    yield from _check_given(file, raw)
    if raw.get("become_method") not in (None, "sudo", "ansible.builtin.sudo"):
        yield Finding(file, raw.at("become_method"), "connection", f"become_method: {raw['become_method']}")


def _check_given(file: str, raw: Located) -> Iterator[Finding]:
    """Check what tasks are given beside their arguments; defaults also go to modules that others start, unseen."""
    for each in _listed(raw.get("environment")):
        for name in filter(CHOOSES_PROGRAMS.fullmatch, map(str, each if isinstance(each, dict) else ())):
            yield Finding(file, raw.at("environment"), "unseen", f"environment: {name}")
    for each in _listed(raw.get("module_defaults")):
        for args in each.values() if isinstance(each, dict) else (each,):
            if not isinstance(args, dict) or is_templated(json.dumps(args, default=str)):
                yield Finding(file, raw.at("module_defaults"), "shape", f"module_defaults: {args}")
            elif STARTERS & args.keys():
                yield Finding(file, raw.at("module_defaults"), "unseen", f"module_defaults: {args}")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _check_user(file: str, raw: Mapping[Any, Any], key: str) -> Iterator[Finding]:
    """Check the name of a user: it becomes a word of a shell's command on the host. The gate judges a templated one."""
    user = raw.get(key)
    if user is not None and not is_templated(user) and not USER.fullmatch(str(user)):
        line = raw.at(key) if isinstance(raw, Located) else 0
        yield Finding(file, line, "connection", f"{key}: {user}")


def _check_check_mode(file: str, task: WrittenTask) -> Iterator[Finding]:
    if "check_mode" not in task.raw:
        return
    value = task.raw["check_mode"]
    if value is not False or not _reads(task):
        found = f"check_mode: {value} on {task.module}"
        yield Finding(file, task.raw.at("check_mode"), "check_mode", found)


def _check_repeated(file: str, task: WrittenTask) -> Iterator[Finding]:
    """Check that what was approved once is not done several times."""
    reads = _reads(task) and (task.module in READERS or task.raw.get("check_mode") is False)
    for key in ("until", "retries"):
        if key in task.raw and not reads:
            yield Finding(file, task.raw.at(key), "repeated", f"{key} on {task.module}")


def _reads(task: WrittenTask) -> bool:
    return task.module in READERS or (task.module in READING_COMMANDS and task.raw.get("changed_when") is False)


def _check_module(file: str, task: WrittenTask, first_party: Callable[[str], bool]) -> Iterator[Finding]:
    module, args = task.module, task.args
    if not module or module in ("action", "local_action"):
        yield Finding(file, task.line, "shape", "no module, or more than one: " + ", ".join(map(str, task.raw)))
    elif module in REFUSED_MODULES or (module == "meta" and args.get("_raw") == "refresh_inventory"):
        yield Finding(file, task.line, "refused_module", module)
    elif module not in builtin_modules() and not first_party(module):
        yield Finding(file, task.line, "module", module)
    elif STARTERS & args.keys():
        yield Finding(file, task.line, "unseen", f"{module}: {', '.join(sorted(STARTERS & args.keys()))}")
    elif "_raw" in args and module not in FREE_FORM:
        yield Finding(file, task.line, "shape", f"{module}: {args['_raw']}")
    elif module in _SOURCES and args.get("remote_src") is not True:
        yield from _check_source(file, task)
    else:
        yield from _check_loaded(file, task)


def _check_loaded(file: str, task: WrittenTask) -> Iterator[Finding]:
    """Check what a task loads: tasks, roles, variables."""
    module, args = task.module, task.args
    if module in ("include_tasks", "import_tasks"):
        if not is_templated(file_of(task)) and not is_loadable(file_of(task)):
            yield Finding(file, task.line, "loaded", f"{module}: {file_of(task)}")
    elif module in ("include_role", "import_role"):
        if "/" in str(args.get("name")):
            yield Finding(file, task.line, "outside", f"role {args['name']}")
        for key in ("tasks_from", "vars_from", "defaults_from", "handlers_from"):
            if is_templated(args.get(key)):
                yield Finding(file, task.line, "templated_name", f"{key}: {args[key]}")
            elif key in args and not is_inside(args[key]):
                yield Finding(file, task.line, "outside", f"{key}: {args[key]}")
            elif key in args and not is_loadable(args[key] if "." in args[key] else f"{args[key]}.yml"):
                yield Finding(file, task.line, "loaded", f"{key}: {args[key]}")
    elif module == "include_vars":
        names = [args[key] for key in ("_raw", "_raw_params", "file", "dir") if key in args]
        name = names[0] if len(names) == 1 and "dir" not in args else None
        if not isinstance(name, str) or is_templated(name):
            yield Finding(file, task.line, "templated_name", f"include_vars: {name}")
        elif not is_inside(name):
            yield Finding(file, task.line, "outside", f"include_vars: {name}")
        elif not is_loadable(name):
            yield Finding(file, task.line, "loaded", f"include_vars: {name}")


def _check_source(file: str, task: WrittenTask) -> Iterator[Finding]:
    source = task.args.get("src", task.args.get("_raw"))
    if source is None or is_templated(source):
        return
    name = str(source).split(" ")[0] if task.module == "script" else source
    if not is_inside(name):
        yield Finding(file, task.line, "outside", f"{task.module}: {name}")
    elif task.module == "template" and not str(name).endswith(".j2"):
        yield Finding(file, task.line, "template", f"{name} does not end in .j2")


def check_values(
    file: str, value: Any, line: int, *, expression: bool = False, allowed: Set[str] = CONTENT_VARIABLES
) -> Iterator[Finding]:
    """Check every text and key inside a YAML value: the Jinja in it, and variables that steer Ansible.

    Args:
        file: How findings name the place.
        value: What was read.
        line: Where it begins.
        expression: The text is a bare expression.
        allowed: Variables of Ansible's own that may be set here; how a host is reached is the inventory's to say.
    """
    if isinstance(value, str):
        for offset, rule, found in (check_expression if expression else check_text)(value):
            yield Finding(file, line + offset - 1, rule, found)
    elif isinstance(value, dict):
        yield from _check_user(file, value, "ansible_become_user")
        for key, each in value.items():
            at = value.at(key) if isinstance(value, Located) else line
            if str(key).startswith("ansible_") and key not in allowed:
                yield Finding(file, at, "hidden" if key == "ansible_check_mode" else "connection", str(key))
            if is_templated(key):
                yield Finding(file, at, "templated_name", str(key))
            if key in _TEMPLATE_MARKS:
                yield Finding(file, at, "template", str(key))
            if key == "cacheable" and each is not False:
                yield Finding(file, at, "cacheable", f"cacheable: {each}")
            if is_literal_secret(key, each):
                yield Finding(file, at, "secret", str(key))
            yield from check_values(file, each, at, expression=key in EXPRESSIONS, allowed=allowed)
    elif isinstance(value, list):
        for i, each in enumerate(value):
            at = value.lines[i] if isinstance(value, LocatedList) else line
            yield from check_values(file, each, at, expression=expression, allowed=allowed)
