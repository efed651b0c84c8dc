"""The only callback of a run: it shows nothing, and writes Ansible's own counters down as evidence when the play ends.

The callbacks that others bring write each task's name, arguments and result to files or to a terminal, secrets among
them. What sopti tells of a task comes from the gate; the counters are a hint beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible.plugins.callback import CallbackBase

if TYPE_CHECKING:
    from sopti_runner.adapters.ansible.evidence import EvidenceFile

DOCUMENTATION = """
name: sopti_tally
type: stdout
short_description: counts, and shows nothing
description: See the module.
"""
COUNTERS = ("ok", "changed", "failures", "dark", "skipped", "rescued", "ignored", "processed")


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible has no types
    """See the module.

    Attributes:
        evidence: Where the counters go; the launcher sets it before the play. Without it they are missing, and a run
            without counters is never told as good.
    """

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "sopti_tally"
    evidence: EvidenceFile

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Write host → counter → count."""
        hosts = sorted({host for name in COUNTERS for host in getattr(stats, name)})
        counted = {host: {name: int(getattr(stats, name).get(host, 0)) for name in COUNTERS} for host in hosts}
        self.evidence.append({"e": "tally", "hosts": counted})
