"""What a command says: text for people, or one JSON value for programs; errors the same way.

Everything goes through here, and whatever other people wrote can't move the cursor, hide itself or write lines of its
own: control and direction characters come out visible in text, and escaped in JSON.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sopti_runner.cli.language import _
from sopti_runner.cli.names import Names, reason_text
from sopti_runner.errors import SoptiError

if TYPE_CHECKING:
    from rich.console import Console

LOG_WIDTH = 140
"""Columns of a table that goes into a file or a pipe."""

TYPED, FINDINGS = 200, 100
"""Errors repeat at most so many characters of a text that somebody gave, and so many lines of what was found."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class _Mode:
    json = False
    names: Names | None = None


def use_json(on: bool) -> None:
    """Print JSON from now on, or text."""
    _Mode.json = on


def use_names(names: Names) -> None:
    """Read ids in errors to people by these names from now on."""
    _Mode.names = names


def as_json() -> bool:
    """Tell whether this command prints JSON."""
    return _Mode.json


def harmless(text: str) -> str:
    """Give text whose lines stay and whose control and direction characters are shown as U+FFFD."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _hidden(c) else c for c in text.expandtabs(4))


def one_line(text: str) -> str:
    """Give harmless text on one line."""
    return harmless(" ".join(text.split()))


def say(text: str = "") -> None:
    """Print text for people; nothing in JSON mode."""
    if not _Mode.json:
        sys.stdout.write(harmless(text) + "\n")


def whole(file: str | os.PathLike[str]) -> str:
    """Give a file's full path: where sopti runs is not where its caller's shell is."""
    return str(Path(file).absolute())


def agreed(question: str) -> bool:
    """Ask for a yes or no in the reader's language; no when nothing is answered."""
    yes, no = _("y"), _("n")
    while True:
        sys.stderr.write(f"{harmless(question)} [{yes}/{no.upper()}] ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        answer = line.strip().casefold()
        if not line or answer in ("", no, "n", "no", _("no")):
            return False
        if answer in (yes, "y", "yes", _("yes")):
            return True


def data(value: Any) -> None:
    """Print the command's result for programs; nothing in text mode."""
    if _Mode.json:
        sys.stdout.write(_json(value, indent=2) + "\n")


def coloured(text: str) -> None:
    """Print a diff-like text, its + and - lines coloured on a terminal."""
    from rich.text import Text

    console = _console(highlight=False, soft_wrap=True)
    for line in text.splitlines():
        start = line.strip()[:1]
        console.print(Text(harmless(line), style={"+": "green", "-": "red"}.get(start, "")))


class Progress:
    """Says how long work goes on; on a terminal one line that changes, in a log a line each time.

    Args:
        status: Rich's line on a terminal, or None.
    """

    def __init__(self, status: Any = None) -> None:
        self._status = status

    def __call__(self, who: str, what: str) -> None:
        """Say what is being done on a host."""
        line = one_line(f"{who}: {_(what)}")
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(line, overflow="ellipsis", no_wrap=True))
        elif _Mode.json:
            sys.stderr.write(_json({"message_type": "status", "on": who, "doing": what}) + "\n")
        else:
            sys.stderr.write(f"  {line}\n")
        sys.stderr.flush()


@contextmanager
def working(what: str) -> Iterator[Progress]:
    """Show on stderr that long work goes on, until the block ends."""
    if _Mode.json or not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console

    with Console(stderr=True).status(what) as status:
        yield Progress(status)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table for people, as wide as the terminal; nothing in JSON mode."""
    if _Mode.json:
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(one_line(cell)) for cell in row))
    told = sys.stdout.isatty() or "COLUMNS" in os.environ
    _console(width=None if told else LOG_WIDTH).print(shown)


def _console(**options: Any) -> Console:
    """Give a console that leaves a reader who went away to ``main``, instead of ending the process."""
    from rich.console import Console

    class Patient(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Patient(**options)


def error(problem: SoptiError) -> None:
    """Print an error to stderr: what, on which object, expected, found, next, and every reason of a refusal."""
    reasons = getattr(problem, "reasons", ())
    if _Mode.json:
        value = {
            "message_type": "exit_error",
            "code": problem.exit_code,
            "error": type(problem).__name__,
            "message": _filled(problem.what, problem, translate=str.format),
            "on": cut(problem.on),
            "expected": _filled(problem.expected, problem),
            "found": _found(problem),
            "next": cut(_filled(problem.next, problem)),
            "reasons": [{"code": r.code, "message": str(r), "who": list(r.who)} for r in reasons],
        }
        sys.stderr.write(_json(value) + "\n")
        return
    lines = [_("Error: {what}", what=_filled(problem.what, problem))]
    for label, text in (
        (_("On"), cut(_filled(problem.on, problem))),
        (_("Expected"), _filled(problem.expected, problem)),
        (_("Found"), _found(problem)),
    ):
        if text:
            lines.append(f"  {label}: {_indented(text)}")
    lines += [f"  - {reason_text(_Mode.names, reason)}" for reason in reasons]
    if problem.next:
        lines.append("  " + _("Next: {command}", command=cut(_filled(problem.next, problem))))
    sys.stderr.write(harmless("\n".join(lines)) + "\n")


def cut(text: str) -> str:
    """Give a text of any length as errors show it: its beginning and its end, when it is longer than ``TYPED``."""
    return text if len(text) <= TYPED else f"{text[: TYPED // 2]} … {text[-TYPED // 2 :]}"


def _found(problem: SoptiError) -> str:
    """Give what was found: it may be a list of one line each."""
    lines = _filled(problem.found, problem).split("\n")
    return "\n".join([*map(cut, lines[:FINDINGS]), *(["…"] if len(lines) > FINDINGS else [])])


def _filled(text: str, problem: SoptiError, translate: Callable[..., str] = _) -> str:
    if not text:
        return ""
    fields = {name: cut(each) if isinstance(each, str) else each for name, each in problem.fields.items()}
    try:
        return translate(text, **fields)
    except (KeyError, IndexError, ValueError):
        return text


def _indented(text: str) -> str:
    """Give further lines of a value under the first, so that none of them reads like a line of ours."""
    return text.rstrip("\n").replace("\n", "\n    ")


def _json(value: Any, indent: int | None = None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return "".join(f"\\u{ord(c):04x}" if _hidden(c) and ord(c) < 0x10000 else c for c in text)


def _hidden(char: str) -> bool:
    return char not in "\n" and unicodedata.category(char) in _HIDDEN
