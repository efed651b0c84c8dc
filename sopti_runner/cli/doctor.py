"""``sopti doctor``: is this installation fit to be trusted today?"""

from __future__ import annotations

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json
from sopti_runner.cli.session import house
from sopti_runner.errors import N_, DeviationError

HELP = N_("Check this installation: keys, ledger, clock, checkpoints, calendar, tools.\n\nExample: sopti doctor")


def doctor(as_json: Json = False) -> None:
    """Check the installation."""
    checks = house().checks()
    marks = {"ok": _("good"), "warning": _("note"), "fault": _("BAD")}
    output.table(
        [_("Check"), _("Result"), _("Found"), _("Next")],
        [(_(c.name), marks[c.verdict], _(c.found, **c.fields), _(c.next) if c.next else "") for c in checks],
    )
    output.data(
        [{"check": c.name, "verdict": c.verdict, "found": _(c.found, **c.fields), "next": c.next} for c in checks]
    )
    bad = [c.name for c in checks if c.verdict == "fault"]
    if bad:
        raise DeviationError(
            N_("This installation is not fit to be trusted"),
            found=", ".join(_(b) for b in bad),
            next="sopti doctor --json",
        )
