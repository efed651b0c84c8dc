"""The commands that the documents show, so that a test can run them exactly as they are printed.

Every shell block of README.md and docs/ says in its first line who runs it, or why nobody does::

    ```sh run-by=tests/e2e/test_install.py
    ```sh not-run="needs a second machine"
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)[ \t]*(?P<info>[^\n]*)\n(?P<text>.*?)^(?P=indent)```[ \t]*$", re.M | re.S
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page.

    Attributes:
        page: Relative to the repository.
        line: Of the opening fence.
        info: The words after the language, ``key=value``.
    """

    page: str
    line: int
    language: str
    info: dict[str, str]
    text: str

    @property
    def commands(self) -> str:
        """What to give to a shell: the text without the prompt of console blocks and their output."""
        if self.language != "console":
            return self.text
        return "".join(line.removeprefix("$ ") for line in self.text.splitlines(True) if line.startswith("$ "))


def pages() -> list[Path]:
    """Give README, CONTRIBUTING and every page of docs/."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path, *, run_by: str = "") -> list[Block]:
    """Give a page's shell blocks in order; with ``run_by``, those that this test file runs."""
    text = page.read_text(encoding="utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        if fence["language"] not in ("sh", "bash", "console", "shell"):
            continue
        words = (word.partition("=") for word in shlex.split(fence["info"]))
        block = Block(
            str(page.relative_to(ROOT)),
            text.count("\n", 0, fence.start()) + 1,
            fence["language"],
            {key: value for key, _, value in words},
            re.sub(f"(?m)^{fence['indent']}", "", fence["text"]),
        )
        if not run_by or block.info.get("run-by") == run_by:
            found.append(block)
    return found
