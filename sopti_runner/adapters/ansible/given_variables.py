"""Variables as a person gives them: ``NAME=VALUE`` words whose value is YAML, and a YAML file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible.strict_yaml import parse_yaml, read_yaml
from sopti_runner.errors import N_, VariableError


def read_variables(words: Sequence[str], file: Path | None) -> dict[str, Any]:
    """Give the variables; a word overrides the file.

    Raises:
        VariableError: A word has no ``=``, a name stands twice, or the file holds no mapping.
        ContentError: YAML can't be read, or has a key twice; names the line.
    """
    found: dict[str, Any] = {}
    if file:
        documents = read_yaml(file, str(file))
        if len(documents) != 1 or not isinstance(documents[0], dict):
            raise VariableError(N_("A variables file holds one mapping of names to values"), on=str(file))
        found.update(_plain(documents[0]))
    seen: set[str] = set()
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name or name in seen:
            raise VariableError(
                N_("A variable is written NAME=VALUE, each name once"), on=word, next="sopti plan --help"
            )
        seen.add(name)
        found[name] = _plain(parse_yaml(value.encode(), f"--var {name}")[0]) if value.strip() else ""
    return found


def _plain(value: Any) -> Any:
    """Give plain dicts and lists, without the reader's line numbers."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
