"""Stand in a plan for what a person will do by hand; never acts itself."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Say in check mode what is to be done; refuse to do it."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give a change without objects, which a plan holds as not predictable; ``failed`` outside check mode."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, given = self.validate_argument_spec(
            argument_spec={"what": {"type": "str", "required": True}, "minutes": {"type": "int", "required": True}}
        )
        if not self._task.check_mode:
            result.update(failed=True, msg="Work by hand is carried out by a person: sopti session open REQUEST")
            return result
        host = (task_vars or {}).get("inventory_hostname", "")
        said = f"A person works by hand on {host} for at most {given['minutes']} minutes: {given['what']}\n"
        result.update(changed=True, diff={"before": "", "after": said})
        return result
