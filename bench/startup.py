"""How long ``sopti --help`` takes, as a ratio to a bare Typer and Rich application with as many commands.

Both are started as processes of their own, one after the other and in changing order, so that whatever else the machine
does falls on both alike; the ratio is that of the medians. Goal: at most 1.3.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import typer

from sopti_runner.cli.main import app

ROUNDS = 15
GOAL = 1.3
_BARE = """
import typer
app = typer.Typer(help="A bare application.", rich_markup_mode="rich")
@app.callback()
def root(lang: str = typer.Option("", help="Language.")) -> None: ...
"""


def bare(shape: dict[str, list[str]]) -> str:
    """Give the text of an application whose commands have the names, and nothing else, of sopti's.

    Args:
        shape: Name of a command or group → names of the group's commands.
    """
    lines = [_BARE]
    for number, (name, children) in enumerate(shape.items()):
        if children:
            lines.append(f"g{number} = typer.Typer(help={name!r})")
            lines += [
                f"@g{number}.command({c!r}, help='Does {c}.')\ndef c{number}_{n}() -> None: ..."
                for n, c in enumerate(children)
            ]
            lines.append(f"app.add_typer(g{number}, name={name!r})")
        else:
            lines.append(f"@app.command({name!r}, help='Does {name}.')\ndef c{number}() -> None: ...")
    return "\n".join([*lines, "app()"])


def shape_of_sopti() -> dict[str, list[str]]:
    """Give sopti's visible commands: name → names of its commands, for a group."""
    command = typer.main.get_command(app)
    return {
        name: [n for n, c in getattr(child, "commands", {}).items() if not c.hidden]
        for name, child in command.commands.items()
        if not child.hidden
    }


def seconds(words: list[str]) -> float:
    """Give the wall time of one start."""
    environment = {**os.environ, "COLUMNS": "100", "SOPTI_LANG": "id"}
    started = time.perf_counter()
    subprocess.run(words, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def measure(rounds: int = ROUNDS) -> tuple[float, float]:
    """Give the median seconds of (``sopti --help``, the bare application's help)."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "bare.py")
        script.write_text(bare(shape_of_sopti()), "utf-8")
        commands = [["-m", "sopti_runner.cli", "--help"], [str(script), "--help"]]
        words = [[sys.executable, *command] for command in commands]
        taken: list[list[float]] = [[], []]
        for turn in range(rounds + 1):
            for which in (0, 1) if turn % 2 else (1, 0):
                took = seconds(words[which])
                if turn:  # the first turn fills the caches
                    taken[which].append(took)
    return statistics.median(taken[0]), statistics.median(taken[1])


def main() -> int:
    """Print the ratio; 1 when it is above the goal."""
    ours, theirs = measure()
    ratio = ours / theirs
    print(
        f"sopti --help: {ours * 1000:.0f} ms, bare Typer and Rich: {theirs * 1000:.0f} ms, "
        f"ratio {ratio:.2f} (goal {GOAL})"
    )
    return int(ratio > GOAL)


if __name__ == "__main__":
    sys.exit(main())
