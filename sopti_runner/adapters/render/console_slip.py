"""The slip of a host's console as its template wants it: one sheet that is printed, sealed, and not kept as a file."""

from __future__ import annotations

from typing import Any

from sopti_runner.adapters.render.letterhead import letterhead
from sopti_runner.domain.approval_sheet import grouped
from sopti_runner.domain.console_slip import STEPS, ConsoleSlip
from sopti_runner.domain.plain import one_line
from sopti_runner.domain.words import Words

TEMPLATE = "console-slip.typ"


def view(slip: ConsoleSlip, words: Words) -> dict[str, Any]:
    """Give the template's data."""
    fields = {"host": slip.host, "account": slip.account}
    return {
        "title": words("Console of {host}", host=slip.host),
        "letterhead": letterhead(slip.letterhead),
        "password": slip.password,
        "rows": [[words("Host"), one_line(slip.host)], [words("Account"), slip.account]],
        "steps": [words(step, **fields) for step in STEPS],
        "holders": [
            {"lead": words("Holder {number}", number=n), "title": "", "name": one_line(name)}
            for n, name in enumerate(slip.holders.values(), 1)
        ],
        "digest": grouped(slip.digest, 8),
        "made": words("Made {when}", when=words.moment(slip.made_at, slip.zone)),
    }
