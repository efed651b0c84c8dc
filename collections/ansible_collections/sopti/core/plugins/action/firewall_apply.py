"""Load one nftables table, ``inet sopti`` unless another is named; keep it only when a new connection proves the host.

The rules this plugin keeps:

- Before anything moves, the host itself is armed to put the previous table back after N seconds, come what may.
- The proof is a new connection, opened after the new table was seen loaded, within N/2 seconds: never one that was open
  before (the table accepts established connections), never one that could land after the rollback.
- The rollback is disarmed only while it is still pending; success is reported only when the table that is then loaded
  is the one that was asked for.
- Check mode gives the same ``changed`` and the same diff: both compare the table on the host with the candidate as the
  host's own nft prints it, loaded in a scratch network namespace.
"""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.sopti.core.plugins.plugin_utils.outside import Outside

TABLE = "inet sopti"
_TABLES = (TABLE, "inet sopti_block", "inet sopti_isolate")
_FOLDER = "/run/sopti/firewall"
_ROLLBACK = "sopti-firewall-rollback"
_NO_NFT = 41
_PENDING = 42

_INSPECT = f"""
command -v nft >/dev/null || exit {_NO_NFT}
systemctl is-active --quiet {_ROLLBACK}.timer {_ROLLBACK}.service && exit {_PENDING}
set -e
tables=$(nft list tables)
if printf '%s\\n' "$tables" | grep -qx 'table @table@'; then nft -s list table @table@; fi
"""
_CANONICAL = "exec unshare --net sh -ec 'nft -f - && nft -s list table @table@'"
_STAGE = f"""
set -eu
rm -rf {_FOLDER}
mkdir -p {_FOLDER}
chmod 0755 /run/sopti {_FOLDER}
cd {_FOLDER}
umask 077
{{
  echo 'table @table@'
  echo 'delete table @table@'
  if nft list tables | grep -qx 'table @table@'; then nft list table @table@; fi
}} >previous.nft
printf %s '@candidate@' | base64 -d >candidate.nft
nft -c -f previous.nft
nft -c -f candidate.nft
umask 022
systemctl reset-failed {_ROLLBACK}.timer {_ROLLBACK}.service 2>/dev/null || :
systemd-run --quiet --collect --unit={_ROLLBACK} --on-active=@seconds@ --timer-property=AccuracySec=100ms \\
  sh -c 'echo @nonce@ >{_FOLDER}/rolled-back; nft -f {_FOLDER}/previous.nft || nft delete table @table@'
systemctl is-active --quiet {_ROLLBACK}.timer
systemd-run --quiet --collect --unit=sopti-firewall-load-@nonce@ sh -c \\
  'cd {_FOLDER}; sleep 0.3; if nft -f candidate.nft; then echo @nonce@ >loaded; else echo failed >loaded; fi'
"""
_DISARM = f"""
state=lost
[ "$(systemctl is-active {_ROLLBACK}.timer)" = active ] && systemctl stop {_ROLLBACK}.timer && state=disarmed
i=0
while systemctl is-active --quiet {_ROLLBACK}.service && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1)); done
systemctl is-active --quiet {_ROLLBACK}.timer && state=pending
[ -e {_FOLDER}/rolled-back ] && state=rolled-back
echo $state
nft -s list table @table@ 2>/dev/null || :
"""


@dataclass(frozen=True)
class _Proof:
    """What came of the attempts to reach the host anew."""

    reached: bool
    detail: str
    seconds: float


class ActionModule(ActionBase):
    """See the module documentation of ``sopti.core.firewall_apply``."""

    TRANSFERS_FILES = False
    _requires_connection = True
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give ``changed``, ``diff``, ``sopti_objects`` and ``predicted`` (true in check mode)."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, wanted = self.validate_argument_spec(
            argument_spec={
                "ruleset": {"type": "str", "required": True},
                "rollback_seconds": {"type": "int", "required": True},
                "table": {"type": "str", "default": TABLE, "choices": list(_TABLES)},
            }
        )
        self._table: str = wanted["table"]
        if not 4 <= wanted["rollback_seconds"] <= 600:
            raise AnsibleActionFail(f"rollback_seconds: expected 4 to 600, found {wanted['rollback_seconds']}")
        live = self._inspect()
        candidate = self._canonical(wanted["ruleset"])
        header = f"nft table {self._table}"
        result.update(
            changed=live != candidate,
            predicted=self._task.check_mode,
            sopti_objects=[f"nft:{self._table}"],
            diff={"before": live, "after": candidate, "before_header": header, "after_header": header},
        )
        if result["changed"] and not self._task.check_mode:
            result.update(self._change(wanted["ruleset"], candidate, wanted["rollback_seconds"]))
        return result

    def _inspect(self) -> str:
        """Give the live table as nft prints it, empty when there is none; fail while an earlier change is unproven."""
        done = self._host(_INSPECT)
        if done["rc"] == _NO_NFT:
            raise AnsibleActionFail("nft is not on this host; next: install the package nftables, then try again")
        if done["rc"] == _PENDING:
            raise AnsibleActionFail(
                f"An earlier change of this firewall has not been proven yet ({_ROLLBACK}.timer is waiting);"
                " nothing was changed. Next: try again when the host has put the previous rules back"
            )
        if done["rc"] != 0:
            raise AnsibleActionFail(f"The live rules can't be read, nothing was changed: {_words(done)}")
        return str(done["stdout"])

    def _canonical(self, ruleset: str) -> str:
        """Give the candidate as this host's nft prints it, loaded where no traffic passes."""
        done = self._low_level_execute_command(_CANONICAL.replace("@table@", self._table), in_data=ruleset.encode())
        if done["rc"] != 0:
            raise AnsibleActionFail(f"The ruleset can't be loaded, nothing was changed: {_words(done)}")
        return str(done["stdout"])

    def _change(self, ruleset: str, candidate: str, seconds: int) -> dict[str, Any]:
        """Arm, load, prove, disarm; on failure wait until the host has helped itself, and say so."""
        if Outside(self._connection).by_password:
            raise AnsibleActionFail("Nothing was changed: the proof needs a login by key, found one by password")
        nonce = secrets.token_hex(8)
        armed_at = time.monotonic()
        script = _STAGE.replace("@candidate@", base64.b64encode(ruleset.encode()).decode())
        done = self._host(script.replace("@seconds@", str(seconds)).replace("@nonce@", nonce))
        if done["rc"] != 0:
            raise AnsibleActionFail(f"The rollback could not be armed, the rules were not loaded: {_words(done)}")
        proof = self._prove(nonce, armed_at + seconds / 2)
        if not proof.reached:
            return self._report_rollback(proof, nonce, armed_at + seconds + 15)
        state, _, live = str(self._host(_DISARM)["stdout"]).partition("\n")
        if state != "disarmed" or live != candidate:
            found = "the rules loaded afterwards are others" if state == "disarmed" else f"the rollback is {state}"
            return {
                "failed": True,
                "changed": state != "rolled-back",
                "rolled_back": state == "rolled-back",
                "msg": f"The new rules were reached by a new connection, but {found}; found:\n{live}",
            }
        return {"rolled_back": False, "msg": f"Proven by a new connection within {proof.seconds:.1f} s"}

    def _prove(self, nonce: str, deadline: float) -> _Proof:
        """Open new connections until one that began after the load answers, or the deadline (monotonic) comes."""
        started, loaded, detail = time.monotonic(), False, "no attempt"
        while (left := deadline - time.monotonic()) > 0:
            answered, detail = self._ask("loaded", left)
            if answered and detail == "failed":
                return _Proof(False, "nft on the host refused to load the rules", time.monotonic() - started)
            if answered and detail == nonce:
                if loaded and time.monotonic() < deadline:
                    return _Proof(True, detail, time.monotonic() - started)
                loaded = True
                continue
            time.sleep(min(0.1, max(0.0, deadline - time.monotonic())))
        return _Proof(False, detail, time.monotonic() - started)

    def _report_rollback(self, proof: _Proof, nonce: str, deadline: float) -> dict[str, Any]:
        seen = False
        while not seen and (left := deadline - time.monotonic()) > 0:
            answered, word = self._ask("rolled-back", min(5.0, left))
            seen = answered and word == nonce
            if not seen:
                time.sleep(0.2)
        after = "the host has put the previous rules back by itself" if seen else (
            "the host could not be asked whether it has put the previous rules back; it does so by itself."
            " Next: look at it from its console"
        )  # fmt: skip
        return {
            "failed": True,
            "changed": False,
            "rolled_back": seen,
            "msg": "The new rules were not proven: expected a new connection by ssh within"
            f" {proof.seconds:.0f} s, found: {proof.detail or 'no answer'}. Now {after}",
        }

    def _ask(self, file: str, seconds: float) -> tuple[bool, str]:
        """Read a word that the host wrote, by a connection of its own; gives (answered, word or reason)."""
        return Outside(self._connection).ask(f"cat {_FOLDER}/{file}", seconds)

    def _host(self, script: str) -> dict[str, Any]:
        """Run a script on the host, as root when the task becomes root."""
        text = script.replace("@table@", self._table)
        return dict(self._low_level_execute_command("exec /bin/sh -s", in_data=text.encode()))


def _words(done: dict[str, Any]) -> str:
    return " ".join(f"{done.get('stderr') or ''} {done.get('stdout') or ''}".split())[:800]
