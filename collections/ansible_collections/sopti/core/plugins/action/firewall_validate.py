"""Judge firewall settings before anything is touched: well formed, and not shutting the controller out."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from ansible.plugins.action import ActionBase

MINIMUM_ROLLBACK_S = 20
MAXIMUM_ROLLBACK_S = 600
_PROTOCOLS = ("tcp", "udp")
_COMMENT = re.compile(r'[^"\\\x00-\x1f\x7f]*')
_COMMENT_BYTES = 100


class ActionModule(ActionBase):
    """Compare the settings with their rules, and the management sources with the address the host sees us by."""

    TRANSFERS_FILES = False
    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give ``failed`` with every problem, each naming its variable; never changes anything."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, settings = self.validate_argument_spec(
            argument_spec={
                "management_sources": {"type": "list", "elements": "str", "required": True},
                "ssh_port": {"type": "int", "required": True},
                "allow": {"type": "list", "elements": "dict", "required": True},
                "rollback_seconds": {"type": "int", "required": True},
                "prefix": {"type": "str", "default": "host_firewall"},
                "only_management": {"type": "bool", "default": True},
                "blocked": {"type": "list", "elements": "str", "default": []},
            }
        )
        seen = self._low_level_execute_command('printf %s "$SSH_CONNECTION"', sudoable=False)
        found = problems(settings, str(seen.get("stdout", "")))
        result["changed"] = False
        if found:
            lines = "\n".join(f"- {line}" for line in found)
            result.update(failed=True, msg=f"The firewall settings are refused, nothing was changed:\n{lines}")
        return result


def problems(settings: dict[str, Any], ssh_connection: str) -> list[str]:
    """Give every problem as a sentence that names the variable, what was expected and what was found.

    Args:
        settings: ``management_sources``, ``ssh_port``, ``allow``, ``rollback_seconds``; ``blocked`` for rules that shut
            only what they name (``only_management`` false); ``prefix`` begins the variables' names.
        ssh_connection: ``SSH_CONNECTION`` as the host's sshd sets it: our address, our port, its address, its port.
    """
    prefix = settings.get("prefix", "host_firewall")
    blocked = settings.get("blocked") or []
    found = [
        *_sources(f"{prefix}_management_sources", settings["management_sources"]),
        *_port(f"{prefix}_ssh_port", settings["ssh_port"]),
        *_sources(f"{prefix}_addresses", blocked),
    ]
    if not settings["management_sources"] and settings.get("only_management", True):
        found.append(f"{prefix}_management_sources: expected at least one address or network, found an empty list")
    for number, rule in enumerate(settings["allow"]):
        found += _rule(f"{prefix}_allow[{number}]", rule)
    seconds = settings["rollback_seconds"]
    if not MINIMUM_ROLLBACK_S <= seconds <= MAXIMUM_ROLLBACK_S:
        expected = f"{MINIMUM_ROLLBACK_S} to {MAXIMUM_ROLLBACK_S} seconds"
        found.append(f"{prefix}_rollback_seconds: expected {expected}, found {seconds}")
    return found or _lock_out(settings, ssh_connection, prefix)


def _lock_out(settings: dict[str, Any], ssh_connection: str, prefix: str) -> list[str]:
    """Judge settings that are well formed: do they leave this very connection a way in?"""
    parts = ssh_connection.split()
    if len(parts) != 4:
        return [
            f"{prefix}_management_sources: the host does not say which address it sees the controller by"
            f" (SSH_CONNECTION is {ssh_connection!r}); expected a connection by ssh"
        ]
    controller, port = ipaddress.ip_address(parts[0].partition("%")[0]), int(parts[3])
    sources = settings["management_sources"]
    found = []
    if settings.get("only_management", True) and not any(controller in ipaddress.ip_network(s) for s in sources):
        found.append(
            f"{prefix}_management_sources: expected a network that holds the controller, which this host sees as"
            f" {controller}; found {', '.join(sources)}. Next: add {controller}"
        )
    if port != settings["ssh_port"]:
        found.append(
            f"{prefix}_ssh_port: expected {port}, the port this very connection uses; found {settings['ssh_port']}"
        )
    return found + _blocked_management(settings.get("blocked") or [], [str(controller), *sources], prefix)


def _blocked_management(blocked: list[str], management: list[str], prefix: str) -> list[str]:
    """Whoever manages the host is never blocked, not even as a part of a larger network."""
    found = []
    for address in blocked:
        network = ipaddress.ip_network(address)
        for source in management:
            other = ipaddress.ip_network(source)
            if network.version == other.version and network.overlaps(other):
                found.append(f"{prefix}_addresses: expected no address of the management, found {address} ({source})")
    return found


def _rule(name: str, rule: dict[str, Any]) -> list[str]:
    found = _port(f"{name}.port", rule.get("port"))
    if rule.get("proto") not in _PROTOCOLS:
        found.append(f"{name}.proto: expected tcp or udp, found {rule.get('proto')!r}")
    found += _sources(f"{name}.sources", rule.get("sources") or [])
    comment = str(rule.get("comment") or "")
    if not _COMMENT.fullmatch(comment) or len(comment.encode()) > _COMMENT_BYTES:
        expected = f"at most {_COMMENT_BYTES} bytes without quotes, backslashes and line breaks"
        found.append(f"{name}.comment: expected {expected}, found {comment!r}")
    for key in sorted(set(rule) - {"port", "proto", "sources", "comment"}):
        found.append(f"{name}.{key}: expected port, proto, sources or comment, found an unknown key")
    return found


def _port(name: str, value: Any) -> list[str]:
    try:
        good = not isinstance(value, bool) and 1 <= int(value) <= 65535
    except (TypeError, ValueError):
        good = False
    return [] if good else [f"{name}: expected a port from 1 to 65535, found {value!r}"]


def _sources(name: str, sources: list[Any]) -> list[str]:
    found = []
    for number, source in enumerate(sources):
        try:
            ipaddress.ip_network(source if isinstance(source, str) else "")
        except ValueError as error:
            expected = "an address or network such as 10.20.0.0/24 or 2001:db8::/64"
            found.append(f"{name}[{number}]: expected {expected}, found {source!r} ({error})")
    return found
