"""Tasks whose whole effect is decided by their arguments and by the one file that they write.

Such a task need not say once more what it would do: the plan holds what it does to that file as it stood, its arguments
are bound, so a look at the file right before it acts tells the same in a tenth of the time. Where the file stands
otherwise, or the look does not succeed, the task is asked as any other.

- Only a plain file, or none, is such an object: the observer digests its content, owner and mode. What stands behind a
  link, or in a folder, it does not see.
- A template renders variables, so its content is held against the plan's right before it is sent (``note_source``).
- Other settings than content, owner and mode, and more files than the one, are not digested: such tasks are asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sopti_runner.adapters.ansible.approved import Seen
from sopti_runner.adapters.ansible.effects import short_name
from sopti_runner.adapters.ansible.observation import Seeing, state_digest
from sopti_runner.adapters.ansible.rules import words

_BY_ARGUMENTS = words("copy file lineinfile blockinfile replace")
_BY_CONTENT = words("template")
_UNSEEN = words("attr attributes backup recurse remote_src selevel serole setype seuser validate")
_FILE_STATES = (None, "file", "absent")


def decided(module: str, args: Mapping[str, Any], objects: Sequence[str], *, rendered: bool) -> bool:
    """Tell whether arguments and one file decide all that a task does.

    Args:
        module: Fully qualified name.
        args: Rendered arguments.
        objects: What the plan says it touches.
        rendered: Whether content that only the run renders counts as well, for it is compared before it is sent.
    """
    known = _BY_ARGUMENTS | _BY_CONTENT if rendered else _BY_ARGUMENTS
    one_file = len(objects) == 1 and objects[0].startswith("file:")
    as_file = short_name(module) != "file" or args.get("state") in _FILE_STATES
    return short_name(module) in known and one_file and as_file and not any(args.get(each) for each in _UNSEEN)


def stands_as_planned(key: bytes, host: str, approved: Seen, seen: Seeing | None) -> bool:
    """Tell whether a look found every object as the plan has it, and a plain file or none.

    Args:
        key: HMAC key of the installation.
        host: Which host was looked at.
        approved: What the plan holds for the task.
        seen: What the observer said; None: nothing.
    """
    states = dict(zip(approved.objects, approved.states, strict=False))
    if not seen or not states or seen.keys() != states.keys():
        return False
    plain = all(each["facts"].get("type") in ("file", "absent") for each in seen.values())
    return plain and all(state_digest(key, host, name, seen[name]["facts"]) == state for name, state in states.items())
