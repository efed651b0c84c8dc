"""The letterhead (kop): the court's own lines, no emblem."""

from __future__ import annotations

from collections.abc import Sequence

from sopti_runner.domain.plain import one_line


def letterhead(lines: Sequence[str]) -> list[list[object]]:
    """Give each line with whether it is bold: names in capitals and the first line are, addresses are not."""
    shown = [one_line(line) for line in lines if line.strip()]
    return [[line, place == 0 or line.isupper()] for place, line in enumerate(shown)]
