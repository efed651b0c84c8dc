"""Documentation of the action plugin of the same name; there is no module part."""

DOCUMENTATION = r"""
module: work_by_hand
short_description: Stand in a plan for what a person will do by hand
description:
  - In check mode it says what a person will do, so that an official can approve it. It never touches the host.
  - Outside check mode it fails, for such a plan is carried out by C(sopti session open).
version_added: "0.1.0"
author: sopti contributors
options:
  what:
    description: What will be done.
    type: str
    required: true
  minutes:
    description: How long it may take at most.
    type: int
    required: true
attributes:
  check_mode:
    description: Says what will be done.
    support: full
  diff_mode:
    description: Shows host, time and purpose.
    support: full
"""

EXAMPLES = r"""
- name: A person installs the vendor's patch
  sopti.core.work_by_hand:
    what: Install patch 4.2.1 of the case system, as the vendor's letter says
    minutes: 60
"""

RETURN = r"""
msg:
  description: How such a plan is carried out.
  returned: outside check mode
  type: str
"""
