"""The secrets of one run, and the guard that keeps them out of everything that is written or shown.

The values are known here, so a text that holds one is recognised whatever task made it: as it is, line by line, or in a
form that programs turn texts into. What no longer looks like any of these forms (encrypted, hashed, cut) is not found.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from sopti_runner.adapters.ansible.effects import canonical, short_name
from sopti_runner.adapters.ansible.rules import words
from sopti_runner.adapters.ansible.secret_store import MIN_CHARS, digest_of, read_secret

SEEN_IN_PROCESSES = frozenset(("raw", "script"))
"""Modules whose arguments become words of ssh, which every user of this machine can list."""
NAMES = words("path dest name src creates removes home")
"""Arguments that name a thing; plans name it, too."""
NO_FACTS_OF_A_HOST = frozenset(("set_fact", "include_vars"))
"""Modules whose "facts" are variables of the run alone, unless they say ``cacheable``."""


class KnownSecrets:
    """Finds and hides secrets in texts.

    Args:
        values: Variable → value.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)
        self._names = {form: name for name, value in values.items() for form in _forms(value)}
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def holds(self, text: str) -> bool:
        """Tell whether a text holds a secret."""
        return self._pattern.search(text) is not None

    def hide(self, value: Any) -> Any:
        """Give a JSON value whose texts name each secret instead of holding it."""
        if isinstance(value, str):
            return self._pattern.sub(lambda found: f"(secret {self._names[found[0]]})", value)
        if isinstance(value, Mapping):
            return {key: self.hide(each) for key, each in value.items()}
        return [self.hide(each) for each in value] if isinstance(value, list) else value


def _forms(value: str) -> Iterator[str]:
    """Give the texts that a value is recognised by."""
    lines = [line.strip() for line in value.splitlines()]
    for text in {value, value.strip(), *(line for line in lines if len(line) >= MIN_CHARS)}:
        raw = text.encode()
        yield from (text, text.replace("'", "''"), text.replace("'", "'\"'\"'"), html.escape(text), raw.hex())
        yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
        yield from (quote(text), quote(text, safe=""), quote_plus(text))
        for offset in range(3):  # what base64 makes of it, wherever in a longer text it stands
            coded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
            yield coded[(0, 2, 3)[offset] : len(coded) - ((len(raw) + offset) % 3 > 0)]


class SecretGuard:
    """Stands before the gate in a run that has secrets: such a task is treated as ``no_log``, whatever it says.

    Args:
        gate: The gate; whatever is not asked here is asked there.
        secrets: The secrets of the run.
    """

    def __init__(self, gate: Any, secrets: KnownSecrets) -> None:
        self._gate, self._secrets = gate, secrets
        self._kept = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gate, name)

    def enter(self, executor: Any, handler: Any, *rest: Any) -> None:
        """Hide a task that holds a secret, or refuse it where its words could be seen while it runs.

        Raises:
            AnsibleError: It would show the secret in a name, an environment, or the arguments of raw or script.
        """
        task = executor._task
        self._kept = short_name(task.action) not in NO_FACTS_OF_A_HOST
        everything = short_name(task.action) in SEEN_IN_PROCESSES
        shown = {key: each for key, each in task.args.items() if everything or key in NAMES}
        seen = self._secrets.holds(canonical([task.environment, shown]))
        if seen or self._secrets.holds(canonical(task.args)):
            task.no_log = True
        self._gate.enter(executor, handler, *rest)
        if seen:
            from ansible.errors import AnsibleError  # noqa: PLC0415  only there inside the launcher

            raise AnsibleError("sopti: a secret in a name, an environment, raw or script would be seen by others")

    def leave(self, result: dict[str, Any]) -> None:
        """Hide a result that holds a secret from everything that shows results, and refuse facts that hold one."""
        kept = self._kept or result.get("_ansible_facts_cacheable")
        if kept and self._secrets.holds(canonical(result.get("ansible_facts"))):
            del result["ansible_facts"]  # facts of hosts are kept on this machine from the plan to its run
            result |= {"failed": True, "msg": "sopti: a fact of the host holds a secret of this run, and would be kept"}
        self._gate.leave(result)
        if self._secrets.holds(canonical(result)):
            result["_ansible_no_log"] = True


def load_secrets(file: Path, folders: Sequence[str], key: bytes) -> tuple[KnownSecrets | None, str]:
    """Read the secrets that a sealed copy is bound to.

    Args:
        file: ``secrets.json`` of the copy; without it the run has no secrets.
        folders: Where values are looked for, in order.
        key: HMAC key of the installation.

    Returns:
        The secrets, None for none; and why nothing may run, or an empty text.
    """
    if not file.exists():
        return None, ""
    values = {}
    for variable, each in json.loads(file.read_text("utf-8")).items():
        value = read_secret([Path(folder) for folder in folders], each["secret"])
        if value is None or digest_of(key, value) != each["digest"]:
            return None, f"secret {each['secret']} is {'gone' if value is None else 'another one'} since it was planned"
        values[variable] = value
    return KnownSecrets(values), ""
