"""Which objects a task touches, read from its module, rendered arguments and result.

An object is ``kind:key``; a kind has an observer in ``observer_program``. A task whose objects can't be named gives
none, and counts as opaque when it changes something. Of two names of one argument Ansible takes that which it knows as
the later alias; so do the lists of names here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sopti_runner.adapters.ansible.rules import words

_MOVES_PATH = "_original_basename"
"""An internal argument of ``file``: it acts below the folder that it names."""

KINDS = words("file package unit user group cron nft access")
Args = Mapping[str, Any]


def objects_of(module: str, args: Args, result: Args) -> tuple[str, ...]:
    """Give the sorted objects of one task.

    Args:
        module: Fully qualified name.
        args: Rendered arguments.
        result: What the module or action gave back; ``sopti_objects`` in it (first-party actions) goes before all.
    """
    if _MOVES_PATH in args:
        return ()
    declared = result.get("sopti_objects")
    if isinstance(declared, list):
        return tuple(sorted({str(each) for each in declared if str(each).split(":")[0] in KINDS}))
    short = module.removeprefix("ansible.builtin.").removeprefix("ansible.legacy.")
    finder = _FINDERS.get(short)
    return tuple(sorted(set(finder(args, result)))) if finder else ()


def _file(path: str) -> list[str]:
    """Give a path's object; the host itself would put something in the place of a ``$``."""
    return [f"file:{path}"] if path.startswith("/") and "$" not in path else []


def _words_of(value: Any) -> Iterable[str]:
    """Give names from a list or a comma-separated text, as Ansible accepts them."""
    if isinstance(value, str):
        return [each.strip() for each in value.split(",") if each.strip()]
    return [str(each) for each in value] if isinstance(value, list) else []


def _file_at(*keys: str) -> Callable[[Args, Args], Iterable[str]]:
    def find(args: Args, result: Args) -> Iterable[str]:
        return _file(next((str(args[key]) for key in keys if args.get(key)), ""))

    return find


def _destination(args: Args, result: Args) -> Iterable[str]:
    """The file written: as the result says, since ``dest`` may be a folder; a copied folder has no single object."""
    path = str(result.get("dest") or result.get("path") or args.get("dest") or "")
    is_folder = path.endswith("/") or str(args.get("src", "")).endswith("/")
    return [] if is_folder else _file(path)


def _plain_file(args: Args, result: Args) -> Iterable[str]:
    return [] if args.get("recurse") else _file_at("name", "dest", "path")(args, result)


def _packages(args: Args, result: Args) -> Iterable[str]:
    names = _words_of(args.get("name") or args.get("pkg") or args.get("package"))
    plain = [name.split("=")[0] for name in names]
    beyond = args.get("upgrade") not in (None, "no", False) or args.get("deb") or args.get("autoremove")
    return [] if beyond or any("*" in name for name in plain) else [f"package:{name}" for name in plain]


def _unit(args: Args, result: Args) -> Iterable[str]:
    name = str(args.get("unit") or args.get("service") or args.get("name") or "")
    if not name or args.get("scope") not in (None, "system"):
        return []
    return [f"unit:{name}" if "." in name else f"unit:{name}.service"]


def _cron(args: Args, result: Args) -> Iterable[str]:
    file = args.get("cron_file")
    if file:
        return [f"file:{file}" if str(file).startswith("/") else f"file:/etc/cron.d/{file}"]
    return [f"cron:{args.get('user') or 'root'}"]


def _named(kind: str, *keys: str) -> Callable[[Args, Args], Iterable[str]]:
    return lambda args, result: [f"{kind}:{args[key]}" for key in keys if args.get(key)][:1]


def _repository(args: Args, result: Args) -> Iterable[str]:
    return _file(str(result.get("dest") or ""))


_FINDERS: Mapping[str, Callable[[Args, Args], Iterable[str]]] = {
    "copy": _destination,
    "template": _destination,
    "get_url": _destination,
    "assemble": _destination,
    "file": _plain_file,
    "lineinfile": _file_at("name", "destfile", "dest", "path"),
    "blockinfile": _file_at("name", "destfile", "dest", "path"),
    "replace": _file_at("name", "destfile", "dest", "path"),
    "known_hosts": _file_at("path"),
    "deb822_repository": _repository,
    "apt": _packages,
    "package": _packages,
    "dpkg_selections": _packages,
    "systemd": _unit,
    "systemd_service": _unit,
    "service": _unit,
    "user": _named("user", "user", "name"),
    "group": _named("group", "name"),
    "cron": _cron,
}
