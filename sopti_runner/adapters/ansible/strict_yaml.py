"""YAML as sopti reads it: UTF-8, no duplicate keys, no tags, and every key knows its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sopti_runner.errors import N_, ContentError


class Located(dict[Any, Any]):
    """A mapping that knows its own line and the line of each key, counted from 1."""

    line: int = 1

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[Any, int] = {}

    def at(self, key: Any) -> int:
        """Give the line of a key, or of the mapping when it has no such key."""
        return self.lines.get(key, self.line)


class LocatedList(list[Any]):
    """A sequence that knows the line of each element, counted from 1."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


class _Loader(yaml.SafeLoader):
    """SafeLoader with lines kept and duplicate keys refused."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Any:
    seen: dict[str, int] = {}
    for key_node, _ in node.value:
        if isinstance(key_node, yaml.ScalarNode) and key_node.tag != "tag:yaml.org,2002:merge":
            line = key_node.start_mark.line + 1
            if key_node.value in seen:
                raise _DuplicateError(line, key_node.value, seen[key_node.value])
            seen[key_node.value] = line
    result = Located()
    result.line = node.start_mark.line + 1
    yield result
    loader.flatten_mapping(node)
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key that is not plain text", key_node.start_mark)
        key = loader.construct_object(key_node, deep=True)
        result[key] = loader.construct_object(value_node, deep=True)
        result.lines[key] = key_node.start_mark.line + 1


def _sequence(loader: _Loader, node: yaml.SequenceNode) -> Any:
    result = LocatedList()
    yield result
    for each in node.value:
        result.append(loader.construct_object(each, deep=True))
        result.lines.append(each.start_mark.line + 1)


class _DuplicateError(Exception):
    def __init__(self, line: int, key: str, first: int) -> None:
        super().__init__(f"{key!r}: first on line {first}")
        self.line = line


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:seq", _sequence)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _PlainLoader(_Loader):
    """The same without anchors and aliases: a few of them can stand for gigabytes, or for themselves."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave the parser untyped
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise yaml.constructor.ConstructorError(None, None, "an anchor or an alias", event.start_mark)
        return super().compose_node(parent, index)


def parse_yaml(content: bytes, name: str, *, aliases: bool = True) -> list[Any]:
    """Give the documents of a YAML file; mappings are ``Located``, sequences ``LocatedList``.

    Args:
        content: The file's bytes.
        name: How errors name the file.
        aliases: Whether anchors and aliases are read; refused otherwise.

    Raises:
        ContentError: Not UTF-8, not YAML, a duplicate key or a tag (``!vault``, ``!unsafe``); names file and line.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ContentError(
            N_("File {file} is not UTF-8"), on=f"{name}:{line}", expected="UTF-8", found=str(error.reason), file=name
        ) from error
    try:
        return list(yaml.load_all(text, Loader=_Loader if aliases else _PlainLoader))
    except _DuplicateError as error:
        raise ContentError(
            N_("File {file} has the same key twice"),
            on=f"{name}:{error.line}",
            expected=N_("each key once"),
            found=str(error),
            file=name,
        ) from error
    except yaml.constructor.ConstructorError as error:
        raise _marked(N_("File {file} holds a YAML tag or value that sopti does not accept"), error, name) from error
    except yaml.MarkedYAMLError as error:
        raise _marked(N_("File {file} is not well-formed YAML"), error, name) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ContentError(
            N_("File {file} is not well-formed YAML"), on=name, expected="YAML", found=str(error), file=name
        ) from error


def read_yaml(path: Path, name: str) -> list[Any]:
    """Read and parse one file; ContentError also when it can't be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ContentError(
            N_("File {file} can't be read"), on=name, found=error.strerror or str(error), file=name
        ) from error
    return parse_yaml(content, name)


def _marked(what: str, error: yaml.MarkedYAMLError, name: str) -> ContentError:
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    return ContentError(what, on=f"{name}:{line}", expected="YAML", found=error.problem or str(error), file=name)
