"""Documentation of the action plugin of the same name; there is no module part."""

DOCUMENTATION = r"""
module: firewall_apply
short_description: Load the nftables table inet sopti with a proven way back
description:
  - Compares the table C(inet sopti) on the host with the one given, and loads it when they differ.
  - Before loading, the host is armed to restore the previous table by itself after O(rollback_seconds).
  - It is disarmed only after a new ssh connection from the controller succeeded within half of that time.
  - Other tables are never touched. Nothing is written that survives a reboot; persist the ruleset afterwards.
  - Runs on the controller; an ssh connection with a login by key is required.
version_added: "0.1.0"
author: sopti contributors
options:
  ruleset:
    description: >-
      Text for C(nft -f): creates, deletes and defines the table C(inet sopti), and nothing else.
    type: str
    required: true
  rollback_seconds:
    description: Seconds after which the host restores the previous table, 4 to 600.
    type: int
    required: true
  table:
    description: The table that is loaded and compared; the ruleset defines it and nothing else.
    type: str
    default: inet sopti
    choices: [inet sopti, inet sopti_block, inet sopti_isolate]
attributes:
  check_mode:
    description: Gives the same result and diff as the real run, and touches nothing.
    support: full
  diff_mode:
    description: The table before and after, as the host's own nft prints it.
    support: full
"""

EXAMPLES = r"""
- name: The firewall is in force and proven
  sopti.core.firewall_apply:
    ruleset: "{{ lookup('ansible.builtin.template', 'ruleset.nft.j2') }}"
    rollback_seconds: 60
"""

RETURN = r"""
rolled_back:
  description: Whether the host was seen to have restored the previous table.
  returned: when the table was changed or that failed
  type: bool
predicted:
  description: Whether this is the result of check mode.
  returned: always
  type: bool
sopti_objects:
  description: The objects this task changes, for the plan.
  returned: always
  type: list
  elements: str
  sample: ["nft:inet sopti"]
"""
