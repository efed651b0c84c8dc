"""The command ``sopti``: commands, their language, and what becomes of errors."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from sopti_runner import __version__
from sopti_runner.cli import (
    apply,
    approve,
    doctor,
    home,
    host,
    init,
    ledger,
    office,
    output,
    plan,
    recap,
    request,
    trace,
)
from sopti_runner.cli.language import _, use
from sopti_runner.errors import N_, SoptiError

ALIASES = {
    "request": "permintaan",
    "plan": "rencana",
    "consider": "pertimbangan",
    "approve": "setujui",
    "reject": "tolak",
    "return": "kembalikan",
    "apply": "jalankan",
    "trace": "jejak",
    "ledger": "buku",
    "recap": "rekap",
    "office": "jabatan",
    "doctor": "periksa",
    "init": "mulai",
    "host": "perangkat",
}
"""English command → its Indonesian twin."""

app = typer.Typer(
    name="sopti",
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
) -> None:
    """Say what waits, when no command is given."""
    if version:
        output.say(__version__)
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        home.waiting()


def _register(name: str, command: Any, **kwargs: Any) -> None:
    for called, hidden in ((name, False), (ALIASES.get(name, ""), True)):
        if not called:
            continue
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=called, hidden=hidden)
        else:
            app.command(called, hidden=hidden, **kwargs)(command)


for _name, _command, _help in (
    ("init", init.init, init.HELP),
    ("doctor", doctor.doctor, doctor.HELP),
    ("request", request.app, ""),
    ("plan", plan.plan, plan.HELP),
    ("consider", approve.consider, approve.CONSIDER),
    ("approve", approve.approve, approve.APPROVE),
    ("reject", approve.reject, approve.REJECT),
    ("return", approve.return_, approve.RETURN),
    ("revoke", approve.revoke, approve.REVOKE),
    ("apply", apply.apply, apply.HELP),
    ("trace", trace.trace, trace.HELP),
    ("recap", recap.recap, recap.HELP),
    ("ledger", ledger.app, ""),
    ("office", office.app, ""),
    ("host", host.app, ""),
):
    if _help:
        _register(_name, _command, help=_help)
    else:
        _register(_name, _command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave the process with the exit code of the contract (``docs/exit-codes.md``)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(given))


def run(given: list[str]) -> int:
    """Run a command and give its exit code."""
    output.use_json("--json" in given)
    try:
        lang, given = _language(given)
        use(lang)
        command = typer.main.get_command(app)
        _translate(command)
        result = command.main(given, prog_name="sopti", standalone_mode=False)
    except SoptiError as problem:
        output.error(problem)
        return problem.exit_code
    except KeyboardInterrupt:
        sys.stderr.write(_("Interrupted.") + "\n")
        return 130
    except Exception as problem:
        return _unexpected(problem)
    return int(result) if isinstance(result, int) else 0


def _language(given: list[str]) -> tuple[str, list[str]]:
    """Take ``--lang`` from anywhere in the line."""
    rest, lang = [], ""
    words = iter(given)
    for word in words:
        if word == "--lang":
            lang = next(words, "")
        elif word.startswith("--lang="):
            lang = word.removeprefix("--lang=")
        else:
            rest.append(word)
    return lang, rest


def _translate(command: Any) -> None:
    """Put help texts into the language in use: commands are declared once, with message ids."""
    for attribute in ("help", "short_help", "epilog"):
        text = getattr(command, attribute, None)
        if text:
            setattr(command, attribute, _(text))
    for parameter in getattr(command, "params", ()):
        if getattr(parameter, "help", None):
            parameter.help = _(parameter.help)
    for child in getattr(command, "commands", {}).values():
        _translate(child)


def _unexpected(problem: Exception) -> int:
    from click.exceptions import ClickException, Exit

    if isinstance(problem, Exit):
        return problem.exit_code
    if isinstance(problem, ClickException):
        if output.as_json():
            output.error(SoptiError(problem.format_message()))
        else:
            problem.show()
        return 2
    if isinstance(problem, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    sys.stderr.write(_("This is a fault of sopti, not yours. Please report the lines below.") + "\n")
    traceback.print_exception(problem)
    return 1
