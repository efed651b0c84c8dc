from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import ansible.modules
import pytest
from ansible.module_utils.common.parameters import _handle_aliases

from sopti_runner.adapters.ansible.effects import canonical, effect_of, mask
from sopti_runner.adapters.ansible.objects import objects_of

FILE = {"dest": "/etc/motd", "mode": "0644"}
TEMPLATE_RESULT = {
    "changed": True,
    "diff": [{"before": "a\n", "after": "b\n", "before_header": "/etc/motd", "after_header": "/tmp/random1/motd.j2"}],
}


def effect(module: str, result: dict[str, Any], args: dict[str, Any] | None = None, **more: Any) -> Any:
    return effect_of(module, FILE if args is None else args, result, reads=more.get("reads", False),
                     hidden=more.get("hidden", ""), sources=more.get("sources", ()))  # fmt: skip


def test_effect_template_ignores_temporary_header() -> None:
    other = {"changed": True, "diff": [{**TEMPLATE_RESULT["diff"][0], "after_header": "/tmp/random2"}]}  # type: ignore[index]  # a dict of mixed values
    assert effect("ansible.builtin.template", TEMPLATE_RESULT) == effect("ansible.builtin.template", other)
    assert effect("ansible.builtin.template", TEMPLATE_RESULT).diff.startswith("--- file:/etc/motd (now)")


@pytest.mark.parametrize(
    ("module", "result", "args", "reads", "kind"),
    [
        ("ansible.builtin.template", TEMPLATE_RESULT, FILE, False, "change"),
        ("ansible.builtin.template", {"changed": False}, FILE, False, "same"),
        ("ansible.builtin.template", {"failed": True, "msg": "x"}, FILE, False, "failed"),
        ("ansible.builtin.command", {"skipped": True, "changed": False}, {}, False, "opaque"),
        ("ansible.builtin.command", {"changed": True}, {"creates": "/x"}, False, "opaque"),
        ("ansible.builtin.command", {"changed": False, "rc": 0}, {"creates": "/x"}, False, "same"),
        ("ansible.builtin.command", {"changed": True, "rc": 0}, {}, True, "same"),
        ("ansible.builtin.uri", {"skipped": True}, {}, False, "opaque"),
        ("ansible.builtin.iptables", {"changed": True}, {}, False, "opaque"),
        ("ansible.builtin.apt", {"changed": True}, {"upgrade": "dist"}, False, "opaque"),
        ("ansible.builtin.apt", {"changed": True}, {"name": ["nftables"]}, False, "change"),
        ("ansible.builtin.set_fact", {"changed": False}, {"x": 1}, False, "same"),
        ("ansible.builtin.systemd_service", {"changed": True}, {"name": "ssh", "state": "restarted"}, False, "change"),
    ],
)
def test_effect_class_of_each_kind(
    module: str, result: dict[str, Any], args: dict[str, Any], reads: bool, kind: str
) -> None:
    assert effect(module, result, args, reads=reads).kind == kind


def test_effect_new_folder_same_sides_in_check_and_real_run() -> None:
    check = {"changed": True, "diff": {"before": {"path": "/x", "state": "absent"},
                                       "after": {"path": "/x", "state": "directory"}}}  # fmt: skip
    real = {"changed": True, "diff": {"before": {"path": "/x", "state": "absent", "mode": "0755", "owner": 0},
                                      "after": {"path": "/x", "state": "directory", "mode": "0750"}}}  # fmt: skip
    args = {"path": "/x", "state": "directory"}
    sides = [(e.before, e.after) for e in (effect("ansible.builtin.file", r, args) for r in (check, real))]
    assert sides[0] == sides[1]


def test_effect_new_line_same_sides_in_check_and_real_run() -> None:
    text = {"before": "", "after": "baris\n", "before_header": "/etc/x (content)"}
    owner = {"before": {"mode": "0644"}, "after": {"mode": "0600"}, "before_header": "/etc/x (file attributes)"}
    nothing = {"before_header": "/etc/x (file attributes)"}
    check, real = ({"changed": True, "diff": [text, each]} for each in (nothing, owner))
    args = {"path": "/etc/x", "line": "baris", "mode": "0600", "create": True}
    assert effect("ansible.builtin.lineinfile", check, args) == effect("ansible.builtin.lineinfile", real, args)


def test_effect_too_large_for_a_diff_is_bound_by_checksum() -> None:
    results = [{"changed": True, "checksum": c, "diff": [{"src_larger": 9, "dst_larger": 9}]} for c in ("1", "2")]
    first, second = (effect("ansible.builtin.copy", result) for result in results)
    assert first.after != second.after


def test_effect_sources_are_bound_in_place_of_the_text() -> None:
    results = [effect("ansible.builtin.copy", {"changed": True, "diff": []}, sources=[each]) for each in ("1", "2")]
    assert results[0].after != results[1].after
    assert results[0].kind == "change"


def test_effect_no_log_hides_the_diff_but_binds_it() -> None:
    shown, hidden = (effect("ansible.builtin.template", TEMPLATE_RESULT, hidden=h) for h in ("", "(hidden: no_log)\n"))
    assert hidden.diff == "(hidden: no_log)\n"
    assert (hidden.before, hidden.after) == (shown.before, shown.after)


@pytest.mark.parametrize(
    "line",
    [
        "password = rahasia1",
        "db_passwd: rahasia1",
        '"api_key": "rahasia1"',
        "snmp community: rahasia1",
        "TOKEN=rahasia1",
    ],
)
def test_mask_hides_secret_values(line: str) -> None:
    assert "rahasia1" not in mask(line)
    assert mask("greeting = hello") == "greeting = hello"


def test_mask_hides_private_keys_also_when_cut() -> None:
    assert "MIIE" not in mask("a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n")


def test_diff_whose_only_difference_is_secret_says_hidden() -> None:
    result = {"changed": True, "diff": {"before": "password: a\n", "after": "password: b\n"}}
    assert effect("ansible.builtin.copy", result).diff == "(hidden)\n"


@pytest.mark.parametrize(
    ("module", "args", "result", "objects"),
    [
        ("copy", {"dest": "/etc/"}, {"dest": "/etc/motd"}, ("file:/etc/motd",)),
        ("copy", {"dest": "/etc/x", "src": "folder/"}, {"dest": "/etc/x/"}, ()),
        ("lineinfile", {"path": "/etc/hosts"}, {}, ("file:/etc/hosts",)),
        ("file", {"path": "/srv", "recurse": True}, {}, ()),
        ("file", {"path": "/a", "dest": "/b", "name": "/c"}, {}, ("file:/c",)),
        ("lineinfile", {"path": "/a", "dest": "/b", "destfile": "/c"}, {}, ("file:/c",)),
        ("replace", {"path": "/a", "dest": "/b"}, {}, ("file:/b",)),
        ("blockinfile", {"path": "/a", "name": "/b", "destfile": "/c"}, {}, ("file:/b",)),
        ("systemd_service", {"name": "a", "service": "b", "unit": "c"}, {}, ("unit:c.service",)),
        ("user", {"name": "budi", "user": "root"}, {}, ("user:root",)),
        ("lineinfile", {"path": "/etc/$X"}, {}, ()),
        ("copy", {"dest": "/etc/$X"}, {}, ()),
        ("file", {"path": "/etc", "_original_basename": "shadow"}, {}, ()),
        ("apt", {"name": ["a=1.0", "b"]}, {}, ("package:a", "package:b")),
        ("apt", {"name": "a, b"}, {}, ("package:a", "package:b")),
        ("apt", {"name": "*", "state": "latest"}, {}, ()),
        ("systemd_service", {"name": "ssh"}, {}, ("unit:ssh.service",)),
        ("systemd_service", {"daemon_reload": True}, {}, ()),
        ("systemd", {"name": "a.timer"}, {}, ("unit:a.timer",)),
        ("user", {"name": "budi"}, {}, ("user:budi",)),
        ("cron", {"name": "x", "cron_file": "backup"}, {}, ("file:/etc/cron.d/backup",)),
        ("cron", {"name": "x", "user": "budi"}, {}, ("cron:budi",)),
        ("sopti.core.firewall_apply", {}, {"sopti_objects": ["nft:inet sopti", "evil:x"]}, ("nft:inet sopti",)),
        ("iptables", {"chain": "INPUT"}, {}, ()),
    ],
)
def test_objects_of_each_module(
    module: str, args: dict[str, Any], result: dict[str, Any], objects: tuple[str, ...]
) -> None:
    name = module if "." in module else f"ansible.builtin.{module}"
    assert objects_of(name, args, result) == objects


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("file", "path dest name"),
        ("lineinfile", "path dest destfile name"),
        ("blockinfile", "path dest destfile name"),
        ("replace", "path dest destfile name"),
        ("systemd_service", "name service unit"),
        ("user", "name user"),
        ("apt", "package pkg name"),
    ],
)
def test_object_of_an_argument_given_by_two_names_is_the_one_that_ansible_takes(module: str, names: str) -> None:
    first, *aliases = names.split()
    for chosen in combinations(names.split(), 2):
        args = {name: f"/{name}" for name in chosen}
        taken = dict(args)
        _handle_aliases({first: {"aliases": aliases}}, taken)
        written = (Path(ansible.modules.__path__[0]) / f"{module}.py").read_text("utf-8")
        assert re.search(rf"{first}=dict\(.*aliases=\[{', '.join(map(repr, aliases))}\]", written)
        (object_,) = objects_of(f"ansible.builtin.{module}", args, {})
        assert object_.removesuffix(".service").partition(":")[2] == taken[first]


def test_canonical_equal_values_give_equal_texts() -> None:
    class Tagged(str):
        __slots__ = ()

    assert canonical({"b": Tagged("x"), "a": (1, 2.5, None, True)}) == canonical({"a": [1, 2.5, None, True], "b": "x"})
    assert canonical({1: {"z", "y"}}) == '{"1":["y","z"]}'


@pytest.mark.parametrize(("module", "args"), [("copy", {"remote_src": True, "src": "/s"}), ("assemble", {"src": "/s"})])
def test_what_is_copied_on_the_host_is_bound_by_its_checksum(module: str, args: dict[str, Any]) -> None:
    seen = effect(module, {"changed": True, "checksum": "abc", "dest": "/x"}, {"dest": "/x", **args})
    assert (seen.kind, seen.after) == ("change", "checksum abc")


@pytest.mark.parametrize(
    ("module", "args", "kind"),
    [
        ("copy", {"remote_src": "yes", "src": "/folder"}, "opaque"),
        ("get_url", {}, "opaque"),
        ("get_url", {"checksum": "sha256:https://example.invalid/sums"}, "opaque"),
        ("get_url", {"checksum": "sha256:00"}, "change"),
        ("deb822_repository", {"signed_by": "https://example.invalid/key.asc"}, "opaque"),
        ("deb822_repository", {"signed_by": "file:/srv/key.asc"}, "opaque"),
        ("deb822_repository", {"signed_by": "/usr/share/keyrings/key.asc"}, "change"),
        ("deb822_repository", {"signed_by": "-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: x\n"}, "change"),
    ],
)
def test_what_is_taken_from_elsewhere_is_opaque_unless_its_content_is_named(
    module: str, args: dict[str, Any], kind: str
) -> None:
    assert effect(module, {"changed": True, "dest": "/x"}, {"dest": "/x", **args}).kind == kind
