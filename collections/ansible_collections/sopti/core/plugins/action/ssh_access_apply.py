"""Change how a host lets us in, and keep the change only when new logins from outside prove the new way.

The rules this plugin keeps:

- Before anything moves, the host itself is armed to put everything back after N seconds, come what may.
- First the new way is let in beside the old one and proven by a new login that uses it alone; only then is the old way
  shut, and then the new way is proven once more, and the old one proven shut. All within N/2 seconds.
- The way back is disarmed only while it is still waiting.
- Only our own files, and lines of the named standing keys, are touched; keys of administrators stay as they are.
- Check mode gives the same ``changed`` and the same diff.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import secrets
import time
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.sopti.core.plugins.plugin_utils import ssh_access_host
from ansible_collections.sopti.core.plugins.plugin_utils.outside import Outside

MINIMUM_ROLLBACK_S, MAXIMUM_ROLLBACK_S = 20, 600
OFFERED = {"certificate": "by-certificate", "plain": "by-plain-key"}
_MARK = "sopti1 "
_PRINCIPAL = re.compile(r"sopti-[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_KEY = re.compile(r"(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/]+={0,2}")


class ActionModule(ActionBase):
    """See the module documentation of ``sopti.core.ssh_access_apply``."""

    TRANSFERS_FILES = False
    _requires_connection = True
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give ``changed``, ``diff``, ``sopti_objects`` and ``predicted`` (true in check mode)."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, wanted = self.validate_argument_spec(
            argument_spec={
                "way": {"type": "str", "required": True, "choices": list(OFFERED)},
                "authorities": {"type": "list", "elements": "str", "required": True},
                "principal": {"type": "str", "required": True},
                "revoked": {"type": "str", "required": True},
                "standing_keys": {"type": "list", "elements": "str", "required": True},
                "rollback_seconds": {"type": "int", "required": True},
            }
        )
        if found := problems(wanted):
            lines = "\n".join(f"- {line}" for line in found)
            raise AnsibleActionFail(f"The settings are refused, nothing was changed:\n{lines}")
        account = str(self._low_level_execute_command("id -un", sudoable=False)["stdout"]).strip()
        seen = self._host("look", wanted, account)["seen"]
        before, after = text_of(seen, account), text_of(expected(wanted, account), account)
        header = f"ways into the account {account}"
        result.update(
            changed=before != after,
            predicted=self._task.check_mode,
            sopti_objects=["access:plain" if wanted["way"] == "plain" else "access:ssh"],
            diff={"before": before, "after": after, "before_header": header, "after_header": header},
        )
        if result["changed"] and not self._task.check_mode:
            if seen["pending"]:
                raise AnsibleActionFail(
                    "An earlier change of the ways into this host has not been proven yet; nothing was changed."
                    " Next: try again when the host has put the previous ones back"
                )
            result.update(self._change(wanted, account, after))
        return result

    def _change(self, wanted: dict[str, Any], account: str, after: str) -> dict[str, Any]:
        """Let the new way in, prove it, shut the old one, prove both; on failure put everything back, and say so."""
        new = wanted["way"]
        old = next(way for way in OFFERED if way != new)
        armed_at, seconds = time.monotonic(), wanted["rollback_seconds"]
        deadline = armed_at + seconds / 2
        Outside(self._connection, OFFERED[new])  # refuses while nothing has moved yet
        self._host("stage", wanted, account, seconds=seconds, nonce=secrets.token_hex(8))
        proven, said = self._opens(new, deadline)
        if not proven:
            return self._put_back(wanted, account, f"expected a new login by {new} alone, found: {said}")
        self._host("finish", wanted, account)
        proven, said = self._opens(new, deadline)
        if not proven:
            return self._put_back(wanted, account, f"expected a login by {new} with the old way shut, found: {said}")
        if new == "certificate" and wanted["standing_keys"] and self._opens(old, deadline, once=True)[0]:
            return self._put_back(wanted, account, "expected the standing key to be refused, found that it still opens")
        done = self._host("keep", wanted, account)
        found = text_of(done["seen"], account)
        if done["state"] != "disarmed" or found != after:
            why = f"the way back is {done['state']}" if found == after else f"the host has other ways in:\n{found}"
            return {
                "failed": True,
                "changed": done["state"] != "rolled-back",
                "msg": f"The new way was proven, but {why}",
            }
        return {"msg": f"Proven by new logins within {time.monotonic() - armed_at:.1f} s"}

    def _opens(self, way: str, deadline: float, *, once: bool = False) -> tuple[bool, str]:
        """Try new logins by one way alone until one succeeds or the deadline (monotonic) comes."""
        outside, said = Outside(self._connection, OFFERED[way]), "no attempt"
        while (left := deadline - time.monotonic()) > 0:
            opened, said = outside.ask("echo sopti", left)
            if (opened and said == "sopti") or once:
                return opened, said
            time.sleep(min(0.2, max(0.0, deadline - time.monotonic())))
        return False, said

    def _put_back(self, wanted: dict[str, Any], account: str, why: str) -> dict[str, Any]:
        try:
            done = self._host("put_back", wanted, account)
            state = "the previous ways in are back" if done["put_back"] else "the host puts the previous ways in back"
        except AnsibleActionFail:
            state = "the host could not be asked; it puts the previous ways in back by itself"
        return {"failed": True, "changed": False, "msg": f"The new way was not proven: {why}. Now {state}"}

    def _host(self, act: str, wanted: dict[str, Any], account: str, **more: Any) -> dict[str, Any]:
        """Have the host's part do one act, as root when the task becomes root."""
        given = {"act": act, "account": account, "standing": wanted["standing_keys"], "wanted": wanted, **more}
        program = Path(ssh_access_host.__file__).read_text("utf-8")
        script = f"{program}\nmain(json.loads({json.dumps(json.dumps(given))}))\n"
        done = self._low_level_execute_command("exec python3 -", in_data=script.encode())
        lines = [line for line in str(done["stdout"]).splitlines() if line.startswith(_MARK)]
        if done["rc"] != 0 or len(lines) != 1:
            raise AnsibleActionFail(f"The host could not be asked: {' '.join(str(done['stderr']).split())[-400:]}")
        answer: dict[str, Any] = json.loads(lines[0][len(_MARK) :])
        if "trouble" in answer:
            raise AnsibleActionFail(f"{answer['trouble']}. Nothing is other than before")
        return answer


def problems(wanted: dict[str, Any]) -> list[str]:
    """Give every problem of the settings as a sentence that names the variable."""
    found = []
    if wanted["way"] == "certificate" and not wanted["authorities"]:
        found.append("ssh_access_authorities: expected at least one public key, found none")
    for name in ("authorities", "standing_keys"):
        wrong = [key for key in wanted[name] if not _KEY.fullmatch(key)]
        found += [f"ssh_access_{name}: expected 'type base64' of a public key, found {key[:60]!r}" for key in wrong]
    if wanted["way"] == "plain" and not wanted["standing_keys"]:
        found.append("ssh_access_standing_keys: expected the key that is to open the host, found none")
    if not _PRINCIPAL.fullmatch(wanted["principal"]):
        found.append(f"ssh_access_principal: expected sopti-<host>, found {wanted['principal']!r}")
    try:
        base64.b64decode(wanted["revoked"], validate=True)
    except binascii.Error:
        found.append("ssh_access_revoked: expected base64 of a revocation list, or nothing")
    if not MINIMUM_ROLLBACK_S <= wanted["rollback_seconds"] <= MAXIMUM_ROLLBACK_S:
        asked = f"{MINIMUM_ROLLBACK_S} to {MAXIMUM_ROLLBACK_S} seconds"
        found.append(f"ssh_access_rollback_seconds: expected {asked}, found {wanted['rollback_seconds']}")
    return found


def expected(wanted: dict[str, Any], account: str) -> dict[str, Any]:
    """Give what the host is to say of itself afterwards."""
    if wanted["way"] == "plain":
        return {
            "settings": "",
            "authorities": [],
            "principals": [],
            "revoked": None,
            "standing": wanted["standing_keys"],
        }
    return {
        "settings": ssh_access_host.CONTENT.rstrip("\n"),
        "authorities": wanted["authorities"],
        "principals": [wanted["principal"]],
        "revoked": hashlib.sha256(base64.b64decode(wanted["revoked"])).hexdigest(),
        "standing": [],
    }


def text_of(seen: dict[str, Any], account: str) -> str:
    """Give the ways in as lines that a person reads, and that are compared."""
    lines = [f"setting: {line}" for line in str(seen["settings"]).splitlines() if line and not line.startswith("#")]
    lines += [f"authority: {key}" for key in seen["authorities"]]
    lines += [f"principal that opens {account}: {name}" for name in seen["principals"]]
    lines += [f"revocation list: sha256 {seen['revoked']}"] if seen["revoked"] else []
    lines += [f"standing key that opens {account}: {key}" for key in seen["standing"]]
    return "".join(f"{line}\n" for line in lines)
