"""Write the pages of docs/ that come from code; with ``--check``, say which of them differ and write nothing."""

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer

from sopti_runner import errors
from sopti_runner.cli.main import ALIASES, app
from sopti_runner.settings import DEFAULT_FILE, Settings

HERE = Path(__file__).parent
MADE = "<!-- Made by `make docs`; edit the code, not this page. -->"


def first_line(subject: type) -> str:
    """Give the first line of a class docstring."""
    return inspect.getdoc(subject).splitlines()[0]


def exit_codes() -> str:
    """Give the page of exit codes, from the error classes."""
    classes = [item for item in vars(errors).values() if inspect.isclass(item) and issubclass(item, errors.SoptiError)]
    rows = [("0", "—", "Success.")]
    rows += sorted(
        ((str(item.exit_code), f"`{item.__name__.rstrip('_')}`", first_line(item)) for item in classes),
        key=lambda row: int(row[0]),
    )
    lines = [
        MADE,
        "# Exit codes",
        "",
        "What `sopti` ends with. Usage errors (2) change no byte; a refusal of the gate (10) is itself recorded.",
        "",
        "| Code | Class | Meaning |",
        "|---|---|---|",
        *(f"| {code} | {name} | {meaning} |" for code, name, meaning in rows),
    ]
    return "\n".join(lines) + "\n"


def shown(value: object) -> str:
    """Give a default as it would be written in the file."""
    if value is None or value in ("", ()):
        return "empty"
    return f"`{str(value) if isinstance(value, Path) else value}`"


def settings() -> str:
    """Give the page of machine settings, from the class and its docstring."""
    section = inspect.getdoc(Settings).partition("Attributes:")[2]
    meaning = {key: " ".join(text.split()) for key, text in re.findall(r"(?m)^ {4}(\w+): (.*(?:\n {8}.*)*)", section)}
    lines = [
        MADE,
        "# Machine settings",
        "",
        f"Read from `{DEFAULT_FILE}` (or the file `SOPTI_CONFIG` names), then from `SOPTI_*` variables, which win.",
        "An unknown key is refused. What the court decides (zone, offices, keys, approval policy, calendar) is not",
        "here: it lives in the ledger, each change with a second official's signature.",
        "",
        "| Key | Variable | Default | What |",
        "|---|---|---|---|",
        *(
            f"| `{item.name}` | `SOPTI_{item.name.upper()}` | {shown(item.default)} | "
            f"{meaning[item.name].replace('``', '`')} |"
            for item in fields(Settings)
        ),
    ]
    return "\n".join(lines) + "\n"


def visible(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give every command that help shows, without the groups that only hold others."""
    children = getattr(command, "commands", {})
    if not children:
        yield path, command
    for name, child in sorted(children.items()):
        if not child.hidden:
            yield from visible(child, (*path, name))


def usage(path: tuple[str, ...], command: Any) -> str:
    """Give how a command is called: its words, its arguments, and the options it can't do without."""
    words = ["sopti", *path]
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            words.append(parameter.metavar or parameter.name.upper())
        elif parameter.required:
            words.append(f"{parameter.opts[0]} {parameter.metavar or 'TEXT'}")
    return " ".join(words)


def commands() -> str:
    """Give the page of commands, from the command line itself."""
    rows = []
    for path, command in visible(typer.main.get_command(app), ()):
        what = " ".join((command.help or "").split("\n\n")[0].split())
        rows.append(f"| `{usage(path, command).replace('|', '¦')}` | `{ALIASES.get(path[0], '—')}` | {what} |")
    lines = [
        MADE,
        "# Commands",
        "",
        "Every command explains itself with an example: `sopti COMMAND --help`, in Indonesian unless `--lang en` or",
        "`SOPTI_LANG=en` says English. `--json` prints for programs. The first word has an Indonesian twin.",
        "",
        "| Command | Twin of its first word | What |",
        "|---|---|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n"


PAGES = {"commands.md": commands, "exit-codes.md": exit_codes, "settings.md": settings}


def main(words: list[str]) -> int:
    """Write the pages, or compare them."""
    stale = []
    for name, render in PAGES.items():
        page, text = HERE / name, render()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in words:
                page.write_text(text, encoding="utf-8")
    if stale and "--check" in words:
        print(f"Not as the code says: {', '.join(stale)}. Next: make docs")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
