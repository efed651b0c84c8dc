"""The command ``sopti``: commands, their language, and what becomes of errors."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from sopti_runner import __version__
from sopti_runner.cli import (
    access,
    apply,
    approve,
    doctor,
    emergency,
    home,
    host,
    init,
    ledger,
    office,
    output,
    plan,
    recap,
    request,
    runs,
    secret,
    session,
    sessions,
    trace,
)
from sopti_runner.cli import self as own
from sopti_runner.cli.groups import TWINS, Commands, translate
from sopti_runner.cli.language import _, use
from sopti_runner.cli.options import Json
from sopti_runner.cli.wrong_words import TYPER_ERROR, shows_help, usage_error
from sopti_runner.errors import N_, LedgerError, SoptiError, StoppedError, UsageError

app = typer.Typer(
    name="sopti",
    cls=Commands,
    help=N_("Each change traces back to an approved request, and exactly what was approved is what runs."),
    no_args_is_help=False,
    invoke_without_command=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=N_(
        "Examples: sopti request add --help | sopti plan REG-2026-0001 configure-firewall | sopti trace REG-2026-0001"
    ),
)


@app.callback()
def root(
    ctx: typer.Context,
    lang: Annotated[
        str,
        typer.Option(
            "--lang", metavar="id|en", help=N_("Language; otherwise SOPTI_LANG, then Indonesian."), show_default=False
        ),
    ] = "",
    version: Annotated[bool, typer.Option("--version", help=N_("Print the version."))] = False,
    as_json: Json = False,
) -> None:
    """Say what waits, when no command is given."""
    if version:
        output.say(__version__)
        output.data({"version": __version__})
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        home.waiting()


WORK, DECISIONS, COURT = N_("From request to change"), N_("Decisions of officials"), N_("Ledger, court and machine")

_PANELS: dict[str, tuple[tuple[str, Any, str], ...]] = {
    WORK: (
        ("request", request.app, ""),
        ("plan", plan.plan, plan.HELP),
        ("apply", apply.apply, apply.HELP),
        ("run", runs.app, ""),
        ("session", sessions.app, ""),
        ("trace", trace.trace, trace.HELP),
        ("recap", recap.recap, recap.HELP),
        ("emergency", emergency.app, ""),
    ),
    DECISIONS: (
        ("consider", approve.consider, approve.CONSIDER),
        ("approve", approve.approve, approve.APPROVE),
        ("reject", approve.reject, approve.REJECT),
        ("return", approve.return_, approve.RETURN),
        ("revoke", approve.revoke, approve.REVOKE),
    ),
    COURT: (
        ("ledger", ledger.app, ""),
        ("office", office.app, ""),
        ("host", host.app, ""),
        ("secret", secret.app, ""),
        ("self", own.app, ""),
        ("access", access.app, ""),
        ("doctor", doctor.doctor, doctor.HELP),
        ("init", init.init, init.HELP),
    ),
}
ORDER = tuple(name for commands in _PANELS.values() for name, _command, _help in commands)
ALIASES = {name: TWINS[name] for name in ORDER}
"""English command → its Indonesian twin."""
GROUPED = frozenset(
    each.name
    for commands in _PANELS.values()
    for _name, group, _help in commands
    if isinstance(group, typer.Typer)
    for each in group.registered_commands
)
"""Names of the commands inside groups."""

for _panel, _commands in _PANELS.items():
    for _name, _command, _help in _commands:
        if isinstance(_command, typer.Typer):
            app.add_typer(_command, name=_name, cls=Commands, rich_help_panel=_panel)
        else:
            app.command(_name, help=_help, rich_help_panel=_panel)(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave the process with the exit code of the contract (``docs/exit-codes.md``)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  open while the process is
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(given))


def run(given: list[str]) -> int:
    """Run a command and give its exit code."""
    try:
        return _ended(given)
    finally:
        session.leave()


def _ended(given: list[str]) -> int:
    output.use_json("--json" in given)
    try:
        return _run(given)
    except BrokenPipeError:
        return _reader_gone()
    except SystemExit as end:  # Typer's help and completion end so, also when the reader went away
        return _reader_gone() if isinstance(end.__context__, BrokenPipeError) else int(end.code or 0)
    except (KeyboardInterrupt, Exception) as problem:
        if shows_help(problem) and not output.as_json():
            return UsageError.exit_code
        error = _meaning(problem)
        if isinstance(error, UsageError) and not error.next:
            error.next = f"sopti {' '.join(_command_words(given))} --help".replace("  ", " ")
        return _unexpected(problem) if error is None else _told(error)


def _reader_gone() -> int:
    """Say nothing more: whoever read the output has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _run(given: list[str]) -> int:
    for word in given:
        _require_text(word)
    lang, words = _language(given)
    words = _asked(words)
    result = _built(use(lang)).main(words, prog_name="sopti", standalone_mode=False)
    sys.stdout.flush()
    return int(result) if isinstance(result, int) else 0


@cache
def _built(lang: str) -> Any:
    """Give all commands, in order, their help in the language in use."""
    command: Any = typer.main.get_command(app)
    command.commands = {name: command.commands[name] for name in ORDER}
    command.params = [p for p in command.params if not p.name.endswith("_completion")]  # make install completes
    translate(command)
    return command


def _asked(words: list[str]) -> list[str]:
    """Let ``sopti help``, ``sopti help COMMAND`` and ``sopti version`` say what the options of these names say."""
    first, rest = (words[0], words[1:]) if words else ("", [])
    if first in ("help", "bantuan"):
        return [*rest, "--help"]
    return ["--version", *rest] if first in ("version", "versi") else words


def _require_text(word: str) -> None:
    """Refuse an argument that is not UTF-8 text, or that holds a NUL, which no name or text of ours can hold."""
    try:
        word.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(
            N_("A word of the command is not UTF-8 text"),
            on=repr(word),
            expected="UTF-8",
            found=repr(word[error.start]),
        ) from error
    if "\0" in word:
        raise UsageError(N_("A word of the command holds a NUL"), on=repr(word), expected=N_("plain text"))


def _language(given: list[str]) -> tuple[str, list[str]]:
    """Take ``--lang`` from anywhere in the line."""
    rest, lang = [], ""
    words = iter(given)
    for word in words:
        if word == "--lang":
            lang = next(words, "")
            if not lang:
                raise UsageError(N_("{option} is missing"), on="--lang", expected="id, en", option="id|en")
        elif word.startswith("--lang="):
            lang = word.removeprefix("--lang=")
        else:
            rest.append(word)
    return lang, rest


def _meaning(problem: BaseException) -> SoptiError | None:
    """Give sopti's error for anything that can stop a command, None for a fault of sopti."""
    if isinstance(problem, SoptiError):
        return problem
    if isinstance(problem, TYPER_ERROR):
        return usage_error(problem)
    if isinstance(problem, (KeyboardInterrupt, typer.Abort)):
        return StoppedError(N_("Interrupted; what was recorded before stays recorded"), next="sopti")
    return _of_system(problem) if isinstance(problem, OSError) else None


def _command_words(given: list[str]) -> list[str]:
    """Give the leading words that name a command, and within a group its command."""
    words = [word for word in given if not word.startswith("-")][:2]
    names = {*TWINS, *TWINS.values(), *ORDER}
    if not words or words[0] not in names:
        return []
    return words if words[1:] and words[1] in GROUPED else words[:1]


def _told(problem: SoptiError) -> int:
    output.error(problem)
    if isinstance(problem, LedgerError):
        _to_syslog(problem)
    return problem.exit_code


def _to_syslog(problem: SoptiError) -> None:
    """Leave a word outside the ledger when the ledger itself is the trouble."""
    import syslog

    syslog.openlog("sopti", syslog.LOG_PID)
    syslog.syslog(syslog.LOG_ERR, output.one_line(f"{problem} ({problem.on}: {problem.found})"))


def _of_system(problem: OSError) -> SoptiError:
    """Give sopti's error for what the machine itself refused."""
    on, found = os.fsdecode(problem.filename or ""), problem.strerror or str(problem)
    if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO):
        return LedgerError(
            N_("The disk does not take what must be kept"),
            on=on,
            expected=N_("a disk that works and has room"),
            found=found,
            next="df -h",
        )
    return UsageError(N_("A file can't be read or written"), on=on, found=found, next=f"ls -ld {on}" if on else "")


def _unexpected(problem: BaseException) -> int:
    import traceback

    if output.as_json():
        output.error(SoptiError(N_("This is a fault of sopti, not yours"), found=repr(problem)))
        return 1
    sys.stderr.write(_("This is a fault of sopti, not yours. Please report the lines below.") + "\n")
    traceback.print_exception(problem)
    return 1
