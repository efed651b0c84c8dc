"""What a command says: text for people, or one JSON value for programs; errors the same way."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from sopti_runner.cli.language import _
from sopti_runner.errors import SoptiError


class _Mode:
    json = False


def use_json(on: bool) -> None:
    """Print JSON from now on, or text."""
    _Mode.json = on


def as_json() -> bool:
    """Tell whether this command prints JSON."""
    return _Mode.json


def say(text: str = "") -> None:
    """Print a line for people; nothing in JSON mode."""
    if not _Mode.json:
        sys.stdout.write(text + "\n")


def data(value: Any) -> None:
    """Print the command's result for programs; nothing in text mode."""
    if _Mode.json:
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def coloured(text: str) -> None:
    """Print a diff-like text, its + and - lines coloured on a terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for line in text.splitlines():
        start = line.strip()[:1]
        console.print(Text(line, style={"+": "green", "-": "red"}.get(start, "")))


def progress(who: str, what: str) -> None:
    """Print a line of progress to stderr, for terminals and logs alike."""
    sys.stderr.write(f"  {who}: {_(what)}\n")
    sys.stderr.flush()


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table for people, as wide as the terminal; nothing in JSON mode."""
    if _Mode.json:
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 140).print(shown)


def error(problem: SoptiError) -> None:
    """Print an error to stderr: what, on which object, expected, found, next, and every reason of a refusal."""
    reasons = getattr(problem, "reasons", ())
    if _Mode.json:
        value = {
            "message_type": "exit_error",
            "code": problem.exit_code,
            "error": type(problem).__name__,
            "message": str(problem),
            "on": problem.on,
            "expected": problem.expected,
            "found": problem.found,
            "next": _filled(problem.next, problem),
            "reasons": [{"code": r.code, "message": str(r), "who": list(r.who)} for r in reasons],
        }
        sys.stderr.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
        return
    lines = [_("Error: {what}", what=_filled(problem.what, problem))]
    for label, text in (
        (_("On"), problem.on),
        (_("Expected"), problem.expected),
        (_("Found"), problem.found),
    ):
        if text:
            lines.append(f"  {label}: {_filled(text, problem)}")
    for reason in reasons:
        who = f" ({_('may act instead')}: {', '.join(reason.who)})" if reason.who else ""
        lines.append(f"  - {_(reason.text, **reason.fields)} [{reason.code}]{who}")
    if problem.next:
        lines.append(f"  {_('Next')}: {_filled(problem.next, problem)}")
    sys.stderr.write("\n".join(lines) + "\n")


def _filled(text: str, problem: SoptiError) -> str:
    if not text:
        return ""
    try:
        return _(text, **problem.fields)
    except (KeyError, IndexError, ValueError):
        return text
