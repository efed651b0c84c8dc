"""Static refusals: a sealed copy is read whole, and every broken rule is found before anything runs."""

from __future__ import annotations

import configparser
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

from sopti_runner.adapters.ansible.closure import DATA_FOLDERS, is_yaml
from sopti_runner.adapters.ansible.connection_rules import PYTHON, USER
from sopti_runner.adapters.ansible.jinja_rules import check_text
from sopti_runner.adapters.ansible.rules import Finding, words
from sopti_runner.adapters.ansible.secret_rules import check_secrets
from sopti_runner.adapters.ansible.strict_yaml import Located, read_yaml
from sopti_runner.adapters.ansible.task_reader import play_tasks, written_tasks
from sopti_runner.adapters.ansible.task_rules import check_play, check_task, check_values
from sopti_runner.errors import ContentError

PLUGIN_FOLDERS = words(
    """
    library module_utils action_plugins become_plugins cache_plugins callback_plugins cliconf_plugins
    connection_plugins doc_fragments filter_plugins httpapi_plugins inventory_plugins lookup_plugins modules
    netconf_plugins plugins shell_plugins strategy_plugins terminal_plugins test_plugins vars_plugins
    """
)
SETTINGS = {
    "defaults": words(
        """
    ansible_managed any_errors_fatal become collections_path error_on_undefined_vars forks gathering
        gather_subset gather_timeout host_key_checking interpreter_python inventory nocows retry_files_enabled
        roles_path stdout_callback result_format callback_result_format timeout deprecation_warnings
        use_persistent_connections
    """
    ),
    "privilege_escalation": frozenset(("become", "become_user", "become_ask_pass")),
    "ssh_connection": frozenset(("pipelining", "retries", "timeout")),
    "diff": frozenset(("always", "context")),
}
LOADED_FOLDERS = words("tasks handlers vars defaults meta group_vars host_vars")
"""Where Ansible loads files without being told their names."""
_VALUES = {
    "interpreter_python": re.compile(f"auto|auto_silent|auto_legacy|auto_legacy_silent|{PYTHON.pattern}"),
    "become_user": USER,
    "ansible_managed": re.compile(r"[^{}]*"),
}
_FIRST_PARTY = "first_party_plugins.json"


def first_party_plugins() -> Mapping[str, str]:
    """Give the Python files that may be in content: relative path → SHA-256 (hex)."""
    text = resources.files("sopti_runner").joinpath("data", _FIRST_PARTY).read_text("utf-8")
    return {str(path): str(digest) for path, digest in json.loads(text).items()}


def findings(root: Path, files: Mapping[str, str]) -> list[Finding]:
    """Check a sealed copy.

    Args:
        root: The copy.
        files: Relative path → digest of each file in it.

    Returns:
        Every broken rule, sorted by file and line.
    """
    allowed = first_party_plugins()
    found: set[Finding] = set()
    for file in files:
        found.update(_check_file(root, file, allowed))
    return sorted(found)


def _check_file(root: Path, file: str, allowed: Mapping[str, str]) -> Iterator[Finding]:
    parts = file.split("/")
    is_data = parts[0] == "roles" and len(parts) > 3 and parts[2] == "files"
    content = (root / file).read_bytes()
    if file in allowed:
        if hashlib.sha256(content).hexdigest() != allowed[file]:
            yield Finding(file, 0, "python", "not the first-party file of this release")
        return
    for line, rule, what in check_secrets(content):
        yield Finding(file, line, rule, what)
    below = next((i for i, part in enumerate(parts) if part in DATA_FOLDERS), len(parts))
    if LOADED_FOLDERS & set(parts[below:-1]):
        yield Finding(file, 0, "loaded", "a role inside a folder of data")
    if not is_data:
        plugin = next((part for part in parts[:-1] if part in PLUGIN_FOLDERS), "")
        if plugin:
            yield Finding(file, 0, "plugins", plugin)
        if parts[-1].endswith((".py", ".pyc", ".so", ".pth")):
            yield Finding(file, 0, "python", parts[-1])
    if file == "ansible.cfg":
        yield from _check_settings(file, content)
    if file.endswith(".j2") or "templates" in parts[:-1]:
        yield from _check_template(file, content)
    elif is_yaml(file) and not is_data and "files" not in parts[:-1]:
        yield from _check_yaml(root, file, parts)


def _check_template(file: str, content: bytes) -> Iterator[Finding]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        yield Finding(file, content[: error.start].count(b"\n") + 1, "encoding", str(error.reason))
        return
    for line, rule, found in check_text(text):
        yield Finding(file, line, rule, found)


def _check_yaml(root: Path, file: str, parts: list[str]) -> Iterator[Finding]:
    try:
        documents = read_yaml(root / file, file)
    except ContentError as error:
        if "." in parts[-1] or LOADED_FOLDERS & set(parts[:-1]):
            yield _unreadable(file, error)
        return
    if file.endswith(".change.yml"):
        return
    for document in documents:
        yield from check_values(file, document, 1)
        if not isinstance(document, list):
            continue
        if parts[0] == "playbooks" and _is_playbook(document):
            for play in document:
                if isinstance(play, Located) and "hosts" in play:
                    yield from check_play(file, play)
                    for task in play_tasks(play):
                        yield from check_task(file, task, lambda name: is_first_party(root, name))
        else:
            for task in written_tasks(document):
                yield from check_task(file, task, lambda name: is_first_party(root, name))


def _is_playbook(document: list[object]) -> bool:
    keys = {key for each in document if isinstance(each, Located) for key in each}
    return "hosts" in keys or any(str(key).endswith("import_playbook") for key in keys)


def _unreadable(file: str, error: ContentError) -> Finding:
    place, found = error.on.rpartition(":")[2], error.found
    line = int(place) if place.isdigit() else 0
    rule = "encoding" if error.expected == "UTF-8" else "vault" if "!vault" in found else "yaml"
    return Finding(file, line, rule, found)


def is_first_party(root: Path, name: str) -> bool:
    """True when a fully qualified module name has its file in a collection of the copy."""
    namespace, _, rest = name.partition(".")
    collection, _, module = rest.partition(".")
    plugins = root / "collections" / "ansible_collections" / namespace / collection / "plugins"
    return bool(module) and any((plugins / kind / f"{module}.py").is_file() for kind in ("action", "modules"))


def _check_settings(file: str, content: bytes) -> Iterator[Finding]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        text = content.decode("utf-8")
        parser.read_string(text)
    except (UnicodeDecodeError, configparser.Error) as error:
        yield Finding(file, 0, "setting", str(error).split("\n")[0])
        return
    for section in parser.sections():
        for key in parser[section]:
            form = _VALUES.get(key)
            if key not in SETTINGS.get(section, frozenset()) or (form and not form.fullmatch(parser[section][key])):
                yield Finding(file, _line_of(text, key), "setting", f"[{section}] {key}")


def _line_of(text: str, key: str) -> int:
    lines = text.lower().splitlines()
    return next((i for i, line in enumerate(lines, 1) if line.strip().startswith(key)), 0)
