"""What differs between an approved copy and the content as it is now, in names a person recognises."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible.snapshot import Manifest

_OWN = frozenset(("inventory.json", "known_hosts", "variables.json", "secrets.json", "run.json"))


def differences(kept: Manifest, kept_root: Path, now: Manifest, now_root: Path) -> list[str]:
    """Give every input that differs, sorted; the files that sealing writes are named by what is in them."""
    old, new = kept.sealed, now.sealed
    names = {file for file in {*old.files, *new.files} - _OWN if old.files.get(file) != new.files.get(file)}
    names.update(_changed_keys("variable", kept.variables, now.variables))
    names.update(_changed_keys("secret", _read(kept_root, "secrets.json"), _read(now_root, "secrets.json")))
    names.update(_changed_keys("engine", old.engine, new.engine))
    if kept.playbook != now.playbook:
        names.add("playbook")
    if old.hosts != new.hosts:
        names.add("limit")
    common = set(old.hosts) & set(new.hosts)
    names.update(f"host key {host}" for host in common if old.host_keys[host] != new.host_keys[host])
    names.update(_inventory(_hosts(kept_root), _hosts(now_root), common))
    return sorted(names)


def _read(root: Path, name: str) -> Any:
    try:
        return json.loads((root / name).read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _hosts(root: Path) -> Any:
    return _read(root, "inventory.json").get("all", {"hosts": {}, "children": {}})


def _inventory(old: Any, new: Any, hosts: set[str]) -> Iterator[str]:
    for host in hosts:
        yield from _changed_keys(f"inventory host {host}:", old["hosts"].get(host, {}), new["hosts"].get(host, {}))
    for group in {*old["children"], *new["children"]}:
        members = [set(each["children"].get(group, {}).get("hosts", ())) & hosts for each in (old, new)]
        if members[0] != members[1]:
            yield f"inventory group {group}"


def _changed_keys(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key in {*old, *new}:
        if key not in old or key not in new or old[key] != new[key]:
            yield f"{what} {key}"
