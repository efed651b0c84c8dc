"""Documentation of the action plugin of the same name; there is no module part."""

DOCUMENTATION = r"""
module: firewall_validate
short_description: Refuse firewall settings that are malformed or would shut the controller out
description:
  - Judges the settings of the role host_firewall before anything is touched, in check mode too.
  - The management sources must hold the address by which the host sees the controller (SSH_CONNECTION), and the ssh
    port must be the one this connection uses.
version_added: "0.1.0"
author: sopti contributors
options:
  management_sources:
    description: Addresses and networks that may use ssh.
    type: list
    elements: str
    required: true
  ssh_port:
    description: Port of sshd.
    type: int
    required: true
  allow:
    description: What else is let in; each has port, proto, and optionally sources and comment.
    type: list
    elements: dict
    required: true
  rollback_seconds:
    description: Seconds until the host restores the previous rules, 20 to 600.
    type: int
    required: true
  prefix:
    description: Beginning of the variables' names in messages.
    type: str
    default: host_firewall
  only_management:
    description: Whether the rules shut everything but what they name, so that the management must be named.
    type: bool
    default: true
  blocked:
    description: Addresses and networks that the rules shut; none of them may hold the management.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Never changes anything.
    support: full
  diff_mode:
    description: There is no diff.
    support: none
"""

EXAMPLES = r"""
- name: The settings are well formed and keep the controller in
  sopti.core.firewall_validate:
    management_sources: [10.20.0.0/24]
    ssh_port: 22
    allow: []
    rollback_seconds: 60
"""

RETURN = r"""
msg:
  description: Every problem, each naming its variable, what was expected and what was found.
  returned: when the settings are refused
  type: str
"""
