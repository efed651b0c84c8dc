"""Variables as a person gives them: ``NAME=VALUE`` words whose value is YAML, and a YAML file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sopti_runner.adapters.ansible.strict_yaml import parse_yaml
from sopti_runner.errors import N_, VariableError


def read_variables(words: Sequence[str], file: str = "", content: bytes = b"") -> dict[str, Any]:
    """Give the variables; a word overrides the file.

    Args:
        words: ``NAME=VALUE``, the value in YAML.
        file: How errors name the file; empty without one.
        content: The file's bytes.

    Raises:
        VariableError: A word has no ``=``, a name stands twice, or the file holds no mapping.
        ContentError: YAML can't be read, has a key twice, an anchor or an alias; names the line.
    """
    found: dict[str, Any] = {}
    if file:
        documents = parse_yaml(content, file, aliases=False)
        if len(documents) != 1 or not isinstance(documents[0], dict):
            raise VariableError(N_("A variables file holds one mapping of names to values"), on=file)
        found.update(_plain(documents[0]))
    seen: set[str] = set()
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name or name in seen:
            raise VariableError(
                N_("A variable is written NAME=VALUE, each name once"), on=word, next="sopti plan --help"
            )
        seen.add(name)
        found[name] = _value(name, value)
    return found


def _value(name: str, text: str) -> Any:
    """Give the one value that a word holds; nothing at all is an empty text."""
    if not text.strip():
        return ""
    documents = parse_yaml(text.encode("utf-8", "surrogateescape"), f"--var {name}", aliases=False)
    if len(documents) != 1:
        raise VariableError(N_("A variable holds one value"), on=f"--var {name}", found=text, next="sopti plan --help")
    return _plain(documents[0])


def _plain(value: Any) -> Any:
    """Give plain dicts and lists, without the reader's line numbers."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
