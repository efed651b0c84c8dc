"""Change model files: ``<playbook>.change.yml`` beside the playbook, read strictly."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible.strict_yaml import Located, read_yaml
from sopti_runner.domain.change import ChangeModel, ChangeType, Risk, Variable, Wording
from sopti_runner.domain.variables import HIDDEN, TYPES, ends_secret
from sopti_runner.errors import N_, ContentError

REQUIRED = ("purpose", "effect", "worst_case", "backout", "change_types", "risk", "groups")
OPTIONAL = ("variables", "unpredictable")
_NAME = re.compile(
    r"(?!ansible_|inventory_)[a-z_][a-z0-9_]*"
)  # Ansible's own go before all others as a given variable, and steer it
VARIABLE_KEYS = ("type", "about", "required", "minimum", "maximum", "choices", "pattern", "fields")


def read_change_model(path: Path, playbook: str, name: str) -> ChangeModel:
    """Read one model; every key is checked, both languages are required in every wording.

    Args:
        path: The file.
        playbook: Name without folder and ending.
        name: How errors name the file (relative to the content root).

    Raises:
        ContentError: Missing, malformed, an unknown key ("did you mean"), a missing key or language; names file:line.
    """
    if not path.is_file():
        raise ContentError(
            N_("Playbook {playbook} has no change model"),
            on=name,
            expected=N_("a change model beside the playbook"),
            found=N_("no such file"),
            playbook=playbook,
        )
    documents = read_yaml(path, name)
    top = _mapping(documents[0] if len(documents) == 1 else None, name, 1)
    _keys(top, REQUIRED, OPTIONAL, name)
    variables = _mapping(top.get("variables", Located()), name, top.at("variables"))
    return ChangeModel(
        playbook=playbook,
        purpose=_wording(top, "purpose", name),
        effect=_wording(top, "effect", name),
        worst_case=_wording(top, "worst_case", name),
        backout=_wording(top, "backout", name),
        change_types=tuple(
            ChangeType(each) for each in _words(top, "change_types", [t.value for t in ChangeType], name)
        ),
        risk=Risk(_choice(top, "risk", [r.value for r in Risk], name)),
        groups=tuple(_words(top, "groups", None, name)),
        variables={str(key): _variable(str(key), variables, key, name) for key in variables},
        unpredictable=_wordings(top, "unpredictable", name),
    )


def _error(what: str, name: str, line: int, expected: str, found: object, **fields: str) -> ContentError:
    return ContentError(what, on=f"{name}:{line}", expected=expected, found=f"{found}", **fields)


def _mapping(value: Any, name: str, line: int) -> Located:
    if not isinstance(value, Located):
        raise _error(
            N_("The change model has the wrong shape"), name, line, N_("keys with values"), type(value).__name__
        )
    return value


def _keys(value: Located, required: Iterable[str], optional: Iterable[str], name: str) -> None:
    known = [*required, *optional]
    for key in value:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            expected = ", ".join(known)
            if close:
                what = N_("The change model has an unknown key {key}; did you mean {suggestion}?")
                raise _error(what, name, value.at(key), expected, key, key=key, suggestion=close[0])
            raise _error(N_("The change model has an unknown key {key}"), name, value.at(key), expected, key, key=key)
    for key in required:
        if key not in value:
            what = N_("The change model lacks the key {key}")
            raise _error(what, name, value.line, key, ", ".join(map(str, value)), key=key)


def _wording(parent: Located, key: str, name: str) -> Wording:
    return _as_wording(parent[key], name, parent.at(key), key)


def _as_wording(value: Any, name: str, line: int, key: str) -> Wording:
    expected = "id: …, en: …"
    if not isinstance(value, Located) or set(value) != {"id", "en"}:
        found = ", ".join(map(str, value)) if isinstance(value, Mapping) else value
        raise _error(N_("The text {key} must be given in both languages"), name, line, expected, found, key=key)
    for language, text in value.items():
        if not isinstance(text, str) or not text.strip():
            what = N_("The text {key} must be given in both languages")
            raise _error(what, name, value.at(language), expected, f"{language}: {text!r}", key=key)
    return Wording(id=value["id"].strip(), en=value["en"].strip())


def _wordings(parent: Located, key: str, name: str) -> tuple[Wording, ...]:
    value = parent.get(key, [])
    if not isinstance(value, list):
        raise _error(N_("The key {key} must be a list"), name, parent.at(key), "[…]", value, key=key)
    return tuple(_as_wording(each, name, getattr(each, "line", parent.at(key)), key) for each in value)


def _words(parent: Located, key: str, choices: list[str] | None, name: str) -> list[str]:
    value, line = parent[key], parent.at(key)
    expected = ", ".join(choices) if choices else N_("a list of names, at least one")
    if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
        raise _error(N_("The key {key} must be a list of names"), name, line, expected, value, key=key)
    for each in value:
        if choices and each not in choices:
            raise _error(N_("The key {key} has a value it can't take"), name, line, expected, each, key=key)
    return value


def _choice(parent: Located, key: str, choices: list[str], name: str) -> str:
    value = parent[key]
    if value not in choices:
        what = N_("The key {key} has a value it can't take")
        raise _error(what, name, parent.at(key), ", ".join(choices), value, key=key)
    return str(value)


def _variable(variable: str, parent: Located, key: Any, name: str) -> Variable:
    if not isinstance(key, str) or not _NAME.fullmatch(key):
        what = N_("{key} can't be a variable's name; YAML reads on, off, yes and no as truth values")
        raise _error(what, name, parent.at(key), _NAME.pattern, key, key=variable)
    value = _mapping(parent[key], name, parent.at(key))
    _keys(value, ("type", "about"), VARIABLE_KEYS[2:], name)
    kind = _choice(value, "type", list(TYPES), name)
    fields = _mapping(value.get("fields", Located()), name, value.at("fields"))
    if (kind == HIDDEN and len(value) > 2 + ("required" in value)) or (kind == "str" and ends_secret(key)):
        what = N_("Variable {key} names a secret: type secret, without bounds")
        raise _error(what, name, value.line, "type: secret", kind, key=variable)
    if any(isinstance(each, Located) and each.get("type") == HIDDEN for each in fields.values()):
        what = N_("A secret is a variable of its own, no field of a list")
        raise _error(what, name, value.at("fields"), "type: secret", kind)
    if (kind == "list[dict]") != bool(fields):
        what = N_("Variable {key} must name its fields, as list[dict] only")
        raise _error(what, name, value.at("fields"), "type: list[dict], fields: …", kind, key=variable)
    return Variable(
        name=variable,
        type=kind,
        about=_wording(value, "about", name),
        required=_typed(value, "required", bool, False, name),
        minimum=_typed(value, "minimum", int, None, name),
        maximum=_typed(value, "maximum", int, None, name),
        choices=tuple(_typed(value, "choices", list, [], name)),
        pattern=_pattern(value, name),
        fields=tuple(_variable(str(each), fields, each, name) for each in fields),
    )


def _typed(parent: Located, key: str, kind: type, default: Any, name: str) -> Any:
    value = parent.get(key, default)
    if key in parent and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        what = N_("The key {key} has a value it can't take")
        raise _error(what, name, parent.at(key), kind.__name__, value, key=key)
    return value


def _pattern(parent: Located, name: str) -> str:
    pattern = str(_typed(parent, "pattern", str, "", name))
    try:
        re.compile(pattern)
    except re.error as error:
        what = N_("The key {key} has a value it can't take")
        raise _error(what, name, parent.at("pattern"), N_("a regular expression"), error, key="pattern") from error
    return pattern
