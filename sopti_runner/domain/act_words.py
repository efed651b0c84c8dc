"""What people read for an act, in commands, refusals and papers alike."""

from __future__ import annotations

from collections.abc import Mapping

from sopti_runner.errors import N_

ACT_WORDS: Mapping[str, str] = {
    "register": N_("register"),
    "dispose": N_("dispose of the letter"),
    "examine": N_("examine"),
    "classify": N_("classify"),
    "verify": N_("verify the request"),
    "prioritise": N_("set the priority"),
    "plan": N_("make the plan"),
    "consider": N_("give advice"),
    "approve": N_("approve"),
    "revoke": N_("withdraw the approval"),
    "start": N_("carry out"),
    "cancel": N_("stop the run"),
    "return": N_("return"),
    "resubmit": N_("submit again"),
    "reject": N_("reject"),
    "withdraw": N_("withdraw"),
    "triage": N_("triage (B2-B6 at once)"),
    "grant": N_("approve without technical change"),
    "fulfil": N_("record the work"),
    "close": N_("close with minutes"),
    "declare": N_("declare an emergency"),
    "record": N_("record an act done by hand"),
    "ratify": N_("ratify"),
    "refuse": N_("refuse to ratify"),
    "propose": N_("propose"),
    "confirm": N_("confirm a proposal"),
    "run.finished": N_("end of the run"),
}
"""Name of an act (or of a step the machine took) → what people read."""
