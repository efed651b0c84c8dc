"""The recovery kit as its template wants it: for one sheet that is printed, sealed, and not kept as a file."""

from __future__ import annotations

from typing import Any

import segno

from sopti_runner.adapters.render.letterhead import letterhead
from sopti_runner.domain.approval_sheet import grouped
from sopti_runner.domain.ledger.checkpoint import read_checkpoint
from sopti_runner.domain.plain import one_line
from sopti_runner.domain.recovery_kit import STEPS, RecoveryKit
from sopti_runner.domain.words import Words

TEMPLATE = "recovery-kit.typ"


def view(kit: RecoveryKit, words: Words) -> dict[str, Any]:
    """Give the template's data."""
    fields = {"release": kit.release, "repository": kit.repository}
    claimed = read_checkpoint(kit.checkpoint)
    return {
        "title": words("Recovery kit of sopti"),
        "letterhead": letterhead(kit.letterhead),
        "password": kit.password,
        "rows": [
            [words("Place of the backups"), one_line(kit.repository)],
            [words("Ledger"), one_line(kit.log)],
            [words("Key of the ledger"), one_line(kit.vkey)],
            [words("Certificate authority of SSH"), kit.authority or words("none")],
            [
                words("Newest checkpoint"),
                words("{count} entries, root {root}", count=words.number(claimed.size), root=claimed.root.hex()),
            ],
        ],
        "qr": segno.make(kit.checkpoint, error="m", micro=False).svg_inline(border=0, omitsize=True),
        "steps": [_parts(words(step, **fields)) for step in STEPS],
        "holders": [
            {"lead": words("Holder {number}", number=n), "title": "", "name": one_line(name)}
            for n, name in enumerate(kit.holders.values(), 1)
        ],
        "digest": grouped(kit.digest, 8),
        "made": words("Made {when}", when=words.moment(kit.made_at, kit.zone)),
    }


def _parts(step: str) -> list[dict[str, str]]:
    """Give a step in turn as words to read and, between back quotes, words to type."""
    return [{"typed" if n % 2 else "read": part} for n, part in enumerate(step.split("`")) if part]
