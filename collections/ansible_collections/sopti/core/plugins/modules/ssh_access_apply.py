"""Documentation of the action plugin of the same name; there is no module part."""

DOCUMENTATION = r"""
module: ssh_access_apply
short_description: Change how a host lets the gate in, with a proven way back
description:
  - Compares how sshd of the host lets one account in with what is given, and changes it when they differ.
  - Before that the host is armed to put everything back by itself after O(rollback_seconds).
  - The new way is let in first and proven by a new login that uses it alone. Only then the old one is shut.
  - Keys of administrators are never touched; of C(authorized_keys) only lines of O(standing_keys) are.
  - Runs on the controller; needs an ssh connection made by sopti, whose configuration says which key is shown.
version_added: "0.1.0"
author: sopti contributors
options:
  way:
    description: C(certificate) or C(plain).
    type: str
    required: true
    choices: [certificate, plain]
  authorities:
    description: Public keys of the certificate authorities that the host trusts, C(type base64).
    type: list
    elements: str
    required: true
  principal:
    description: The principal that opens the account, C(sopti-<host>).
    type: str
    required: true
  revoked:
    description: The list of what is revoked (a KRL of OpenSSH) in base64; empty for none.
    type: str
    required: true
  standing_keys:
    description: Public keys that open the account only where there are no certificates, C(type base64).
    type: list
    elements: str
    required: true
  rollback_seconds:
    description: Seconds after which the host puts everything back, 20 to 600.
    type: int
    required: true
attributes:
  check_mode:
    description: Gives the same result and diff as the real run, and touches nothing.
    support: full
  diff_mode:
    description: The ways in before and after, a line each.
    support: full
"""

EXAMPLES = r"""
- name: The host lets the gate in by certificate alone
  sopti.core.ssh_access_apply:
    way: certificate
    authorities: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExam]
    principal: sopti-web1
    revoked: ""
    standing_keys: []
    rollback_seconds: 60
"""

RETURN = r"""
predicted:
  description: Whether this is the result of check mode.
  returned: always
  type: bool
sopti_objects:
  description: The objects this task changes, for the plan.
  returned: always
  type: list
  elements: str
  sample: ["access:ssh"]
"""
