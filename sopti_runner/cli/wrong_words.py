"""What Typer finds wrong with the words of a command, as sopti's own errors: what, on which, expected, found, next."""

from __future__ import annotations

from typing import Any

import typer

from sopti_runner.errors import N_, UsageError

TYPER_ERROR: type[Any] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""The root of Typer's errors, whether Typer brings its own Click or uses an installed one."""


def shows_help(problem: BaseException) -> bool:
    """Tell whether this only ends a group that was named without a command: its help is on the screen."""
    return type(problem).__name__ == "NoArgsIsHelpError"


def usage_error(problem: Any) -> UsageError:
    """Give sopti's error for one of Typer's."""
    path = getattr(getattr(problem, "ctx", None), "command_path", "") or "sopti"
    kind, next_ = type(problem).__name__, f"{path} --help"
    if shows_help(problem):
        return UsageError(N_("Which command?"), on=path, next=next_)
    if kind == "NoSuchOption":
        return UsageError(
            N_("There is no option {option}"),
            on=path,
            expected=", ".join(sorted(problem.possibilities or ())),
            next=next_,
            option=problem.option_name,
        )
    if kind == "MissingParameter":
        return UsageError(
            N_("{option} is missing"), on=path, expected=_help(problem), next=next_, option=_name(problem)
        )
    if kind == "BadParameter":
        return UsageError(
            N_("{option} has a value that can't be"),
            on=path,
            expected=_help(problem),
            found=problem.message,
            next=next_,
            option=_name(problem),
        )
    return UsageError(N_("The command can't be read"), on=path, found=problem.format_message(), next=next_)


def _name(problem: Any) -> str:
    """Give an option as it is typed, or an argument as help names it."""
    parameter = problem.param
    typed = [name for name in parameter.opts if name.startswith("-")] if parameter else []
    return typed[0] if typed else str(getattr(parameter, "metavar", None) or getattr(parameter, "name", "") or "?")


def _help(problem: Any) -> str:
    return str(getattr(problem.param, "help", "") or "")
