"""The command line explains itself, and every command that the documents name exists with those options."""

import re
import shlex
from collections.abc import Iterator

import pytest

from tests.e2e.fences import ROOT, blocks, pages

cli = pytest.importorskip("sopti_runner.cli.main", reason="the command line is not there yet", exc_type=ImportError)
typer_main = pytest.importorskip("typer.main")
ROOT_COMMAND = typer_main.get_command(cli.app)


def visible(command, path: tuple[str, ...] = ("sopti",)) -> Iterator[tuple[tuple[str, ...], object]]:
    """Give every command that help shows, with the words that call it; groups before their commands."""
    yield path, command
    for name, child in sorted(getattr(command, "commands", {}).items()):
        if not child.hidden:
            yield from visible(child, (*path, name))


COMMANDS = dict(visible(ROOT_COMMAND))
LEAVES = [path for path, command in COMMANDS.items() if not getattr(command, "commands", {})]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_command_says_what_it_is_for(path):
    assert len(COMMANDS[path].help or "") >= 10


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_command_shows_an_example(path):
    command = COMMANDS[path]
    assert " ".join(path) in f"{command.help} {command.epilog}"


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_command_options_are_explained(path):
    silent = [option.name for option in COMMANDS[path].params if not getattr(option, "help", None)]
    assert silent == []


def shown_lines() -> Iterator[tuple[str, str]]:
    """Give (where, line) of each sopti command that README or docs/ show, in blocks or in running text."""
    for page in pages():
        name = str(page.relative_to(ROOT))
        for block in blocks(page):
            for line in block.commands.replace("\\\n", " ").splitlines():
                if line.strip().startswith("sopti "):
                    yield f"{name}:{block.line}", line.split("#")[0].strip()
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for line in re.findall(r"`(sopti [a-z][^`\n]*)`", text):
            yield name, line


@pytest.mark.parametrize(("where", "line"), sorted(set(shown_lines())))
def test_shown_command_exists_with_these_options(where, line):
    words = shlex.split(line)[1:]
    command = ROOT_COMMAND
    while getattr(command, "commands", None) and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"{where}: no such command: {line}"
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}
    used = {word.split("=")[0] for word in words if word.startswith("-")}
    assert used - known - {"--help", "-h", "--lang", "--json"} == set(), where
