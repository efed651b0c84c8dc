"""The effect of one task, taken from what its action gave back: class, both sides, objects, and a diff to read.

Only what decides the effect is digested: never temporary paths, times or chatter, so that check and real run, and two
plans of an unchanged host, give the same digests.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlparse

from sopti_runner.adapters.ansible.objects import objects_of
from sopti_runner.adapters.ansible.rules import words

NO_EFFECT = words(
    """
    add_host assert debug fail find gather_facts getent group_by include_vars mount_facts package_facts pause ping
    service_facts set_fact set_stats setup slurp stat validate_argument_spec wait_for wait_for_connection
    """
)
COMMANDS = words("command expect raw reboot script shell")
FIRST_PARTY = "sopti."
HIDDEN = "(hidden)"
_OF_ATTRIBUTES = "(file attributes)"  # of a new file only a real run names them; arguments and observers bind them
_SHOWN_CHARACTERS = 200_000
_SECRET_LINE = re.compile(
    r"(?i)((?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|private[_-]?key|community)[\"']?\s*[:=]\s*)\S.*"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one run of one action said.

    Attributes:
        kind: ``same | change | opaque | failed``.
        before: Text that stands for the state before, empty when none was given.
        after: The same for after.
        objects: ``kind:key``, sorted.
        diff: Unified diff for a person, secrets masked.
    """

    kind: str
    before: str
    after: str
    objects: tuple[str, ...]
    diff: str


def short_name(module: str) -> str:
    """Give a module's name without Ansible's own prefix."""
    return module.removeprefix("ansible.builtin.").removeprefix("ansible.legacy.")


def plain(value: Any) -> Any:
    """Give a value of plain JSON types, whatever subclasses Ansible tags its values with."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(each) for each in value), key=str)
    if value is None or isinstance(value, bool):
        return value
    number = next((kind for kind in (int, float) if isinstance(value, kind)), None)
    return number(value) if number else str.__str__(value) if isinstance(value, str) else str(value)


def canonical(value: Any) -> str:
    """Give one text for equal values: sorted keys, no spaces."""
    return json.dumps(plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def effect_of(
    module: str,
    args: Mapping[str, Any],
    result: Mapping[str, Any],
    *,
    reads: bool,
    hidden: str,
    sources: Sequence[str] = (),
) -> Effect:
    """Judge one result of an action.

    Args:
        module: Fully qualified name.
        args: Rendered arguments, as they were before the action ran.
        result: Raw result, before Ansible censors it and before ``changed_when`` and ``failed_when``.
        reads: The task says that it only reads and really ran.
        hidden: Why the diff may not be shown, or empty.
        sources: SHA-256 (hex) of each file that was about to be sent; bound in place of the diff's text, which Ansible
            leaves out under ``no_log``, for large files and for bytes that are not text.
    """
    before, after = _sides(short_name(module), result)
    objects = objects_of(module, args, result)
    if is_on_host(short_name(module), args) and result.get("checksum"):
        after = f"{after}checksum {result['checksum']}"
    kind = _kind(short_name(module), result, objects, reads=reads)
    if kind == "change" and not after and _takes_unseen(short_name(module), args):
        kind = "opaque"
    if kind == "same":
        return Effect(kind, "", "", objects, "")
    diff = (
        "" if before == after and not sources else hidden or _readable(before, after, objects[0] if objects else module)
    )
    return Effect(kind, before, "\n".join(sources) or after, objects, diff)


def acts_unseen(module: str, args: Mapping[str, Any]) -> bool:
    """Tell whether a task may act although check mode sees no change, so that it must really be run."""
    reloads = any(_true(args.get(each)) for each in ("daemon_reload", "daemon_reexec", "update_cache"))
    return reloads or module.startswith(FIRST_PARTY)


def is_on_host(module: str, args: Mapping[str, Any]) -> bool:
    """Tell whether ``remote_src`` says, as Ansible reads it, that what a module copies lies on the host already."""
    remote = args.get("remote_src", module == "assemble")
    said = str(remote).lower() in ("1", "1.0", "on", "t", "true", "y", "yes")
    return said and module in ("assemble", "copy", "unarchive")


def _takes_unseen(module: str, args: Mapping[str, Any]) -> bool:
    """Tell whether what a module writes comes from where neither arguments nor check mode name its content."""
    if module == "deb822_repository":  # an address is told from a path and from a key's own text as the module does it
        return bool(urlparse(str(args.get("signed_by") or "")).scheme)
    return is_on_host(module, args) or (module == "get_url" and "://" in str(args.get("checksum") or "://"))


def _true(value: Any) -> bool:
    return value not in (None, False, "", "no", "false", "False", "0", 0)


def _kind(module: str, result: Mapping[str, Any], objects: tuple[str, ...], *, reads: bool) -> str:
    if result.get("failed") or result.get("unreachable"):
        return "failed"
    if reads or module in NO_EFFECT:
        return "same"
    if result.get("skipped"):
        return "opaque"
    if not result.get("changed"):
        return "same"
    return "opaque" if module in COMMANDS or not objects else "change"


def _sides(module: str, result: Mapping[str, Any]) -> tuple[str, str]:
    given = result.get("diff") or ()
    before: list[str] = []
    after: list[str] = []
    for each in [given] if isinstance(given, Mapping) else given:
        if not isinstance(each, Mapping) or str(each.get("before_header", "")).endswith(_OF_ATTRIBUTES):
            continue
        before.append(_side(module, each.get("before", "")))
        after.append(_side(module, each.get("after", each.get("prepared", ""))))
        if any(each.get(flag) for flag in ("src_binary", "dst_binary", "src_larger", "dst_larger")):
            after.append(f"checksum {result.get('checksum', '')}")
    return "".join(before), "".join(after)


def _side(module: str, value: Any) -> str:
    """One side as text; ``file`` names a new folder's owner and mode only in a real run, so arguments bind them."""
    if not isinstance(value, Mapping):
        return "" if value is None else str(value)
    if module == "file":
        value = {key: value[key] for key in ("path", "state") if key in value}
    return canonical(value) + "\n"


def _readable(before: str, after: str, name: str) -> str:
    sides = [mask(side).splitlines(keepends=True) for side in (before, after)]
    lines = difflib.unified_diff(sides[0], sides[1], f"{name} (now)", f"{name} (then)")
    text = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    if not text:
        return f"{HIDDEN}\n"
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "\n… (cut)\n"


def mask(text: str) -> str:
    """Hide what looks like a secret: values after such names, and private keys. A net, not a proof: ``no_log`` is."""
    return _SECRET_LINE.sub(rf"\1{HIDDEN}", _PRIVATE_KEY.sub(HIDDEN, text))
