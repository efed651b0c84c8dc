"""Variables of a change: what a person gave, judged by the change model.

The rule this module keeps: a variable that the model does not name, or a value outside its bounds, is refused before
anything is sealed, with the variable, what was expected and what was found. Ansible itself ignores a misspelt variable.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from sopti_runner.domain.change import ChangeModel, Variable
from sopti_runner.errors import N_, VariableError

SCALARS = ("str", "int", "bool", "cidr", "port")
HIDDEN = "secret"
TYPES = (*SCALARS, *(f"list[{scalar}]" for scalar in SCALARS), "list[dict]", HIDDEN)
HELD_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
"""What a secret may be called; a variable of this type is given the name, never the value."""

_ENDS_SECRET = re.compile(
    r"(?i)(?:.*_)?(?:pass(?:word|wd|phrase)|secret|token|api_?key|private_?key|community|credential)s?"
)
_TEMPLATE_MARKS = ("{{", "{%", "{#")
_SAFE_INTEGER = 2**53 - 1  # RFC 8785 writes numbers as IEEE 754 doubles; larger integers would lose digits


def check_variables(model: ChangeModel, given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the accepted variables, sorted by name, their values unchanged.

    Args:
        model: The playbook's change model.
        given: Plain values as YAML or JSON gives them: strings, integers, booleans, lists, mappings; of a secret its
            name.

    Raises:
        VariableError: Naming the first variable that is unknown, missing or out of bounds (``allow[2].port`` for a
            field of an element).
    """
    return _check_fields(model.variables, given, "")


def ends_secret(name: str) -> bool:
    """Tell whether a variable's or key's name ends as that of a secret does."""
    return _ENDS_SECRET.fullmatch(name) is not None


def secrets_of(model: ChangeModel, accepted: Mapping[str, Any]) -> dict[str, str]:
    """Give each accepted variable that is a secret, and the name it was given."""
    return {name: value for name, value in accepted.items() if model.variables[name].type == HIDDEN}


def _check_fields(fields: Mapping[str, Variable], given: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    for name in given:
        if name not in fields:
            raise _unknown(f"{prefix}{name}", str(name), fields)
    for name, variable in fields.items():
        if variable.required and name not in given:
            raise VariableError(
                N_("Variable {variable} is missing"),
                on=f"{prefix}{name}",
                expected=_expectation(variable),
                found=N_("no value"),
                variable=f"{prefix}{name}",
            )
    return {name: _check(fields[name], given[name], f"{prefix}{name}") for name in sorted(given)}


def _unknown(path: str, name: str, fields: Mapping[str, Variable]) -> VariableError:
    close = difflib.get_close_matches(name, fields, n=1, cutoff=0.5)
    if close:
        return VariableError(
            N_("Variable {variable} is not one of this playbook's; did you mean {suggestion}?"),
            on=path,
            expected=", ".join(sorted(fields)),
            found=name,
            variable=path,
            suggestion=close[0],
        )
    return VariableError(
        N_("Variable {variable} is not one of this playbook's"),
        on=path,
        expected=", ".join(sorted(fields)) or N_("no variables at all"),
        found=name,
        variable=path,
    )


def _check(variable: Variable, value: Any, path: str) -> Any:
    if not variable.type.startswith("list["):
        return _check_scalar(variable, variable.type, value, path)
    if not isinstance(value, list):
        raise _bad(variable, value, path)
    low, high = variable.minimum, variable.maximum
    if (low is not None and len(value) < low) or (high is not None and len(value) > high):
        raise _bad(variable, f"{len(value)} elements", path)
    element = variable.type[len("list[") : -1]
    if element != "dict":
        return [_check_scalar(variable, element, each, f"{path}[{i}]", in_list=True) for i, each in enumerate(value)]
    fields = {field.name: field for field in variable.fields}
    for i, each in enumerate(value):
        if not isinstance(each, Mapping):
            raise _bad(variable, each, f"{path}[{i}]")
    return [_check_fields(fields, each, f"{path}[{i}].") for i, each in enumerate(value)]


def _check_scalar(variable: Variable, kind: str, value: Any, path: str, *, in_list: bool = False) -> Any:
    if kind == HIDDEN and not (isinstance(value, str) and re.fullmatch(HELD_NAME, value)):
        raise VariableError(
            N_("Variable {variable} is a secret: it is given the secret's name, never its value"),
            on=path,
            expected=N_("a name that sopti secret list shows"),
            found=N_("(hidden)"),
            next="sopti secret set NAME",
            variable=path,
        )
    if not _is(kind, value):
        raise _bad(variable, value, path)
    if isinstance(value, str) and any(mark in value for mark in _TEMPLATE_MARKS):
        raise VariableError(
            N_("Variable {variable} holds template marks, which Ansible would run"),
            on=path,
            expected=N_("plain text without {{{{, {{% or {{#"),
            found=value,
            variable=path,
        )
    if variable.choices and value not in variable.choices:
        raise _bad(variable, value, path)
    if variable.pattern and isinstance(value, str) and not re.fullmatch(variable.pattern, value):
        raise _bad(variable, value, path)
    if kind == "int" and not in_list:
        low, high = variable.minimum, variable.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            raise _bad(variable, value, path)
    return value


def _is(kind: str, value: Any) -> bool:
    match kind:
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _SAFE_INTEGER
        case "port":
            return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535
        case "cidr":
            return isinstance(value, str) and _is_network(value)
        case _:
            return isinstance(value, str)


def _is_network(value: str) -> bool:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return False
    return True


def _expectation(variable: Variable) -> str:
    """Say in one line what would be accepted."""
    parts = [variable.type]
    if variable.type.endswith(("cidr", "cidr]")):
        parts.append("address or network without host bits, e.g. 10.20.30.0/24")
    if variable.type.endswith(("port", "port]")):
        parts.append("1..65535")
    if variable.minimum is not None or variable.maximum is not None:
        low = "" if variable.minimum is None else variable.minimum
        high = "" if variable.maximum is None else variable.maximum
        parts.append(f"{low}..{high}" + (" elements" if variable.type.startswith("list[") else ""))
    if variable.choices:
        parts.append("one of " + ", ".join(map(str, variable.choices)))
    if variable.pattern:
        parts.append(f"pattern {variable.pattern}")
    return "; ".join(parts)


def _bad(variable: Variable, value: Any, path: str) -> VariableError:
    return VariableError(
        N_("Variable {variable} has a value it can't take"),
        on=path,
        expected=_expectation(variable),
        found=f"{value!r}",
        variable=path,
    )
