"""Where message ids stand: ``t("...")`` in templates, and ``words("...")`` beside the usual marks in Python.

The same rule finds a template's labels for translation and for the catalogue. The two ``extract`` functions are the
methods that ``babel.cfg`` names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import IO, Any

from sopti_runner.domain.words import Words

_LABEL = re.compile(r'\bt\("((?:[^"\\]|\\.)*)"')

Found = Iterator[tuple[int, Any, Any, Any]]


def labels_in(template: str) -> Iterator[tuple[int, str]]:
    """Give each label of a Typst template with its line, from 1, in order."""
    for found in _LABEL.finditer(template):
        yield template.count("\n", 0, found.start()) + 1, found[1].replace('\\"', '"').replace("\\\\", "\\")


def translated(templates: list[str], words: Words) -> dict[str, str]:
    """Give label → translation for all labels of some templates."""
    return {label: words(label) for template in templates for _, label in labels_in(template)}


def extract(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Found:
    """Extract the labels of a template."""
    for line, label in labels_in(file.read().decode("utf-8")):
        yield line, None, label, []


def extract_python(file: IO[bytes], keywords: Iterable[str], comment_tags: Any, options: Any) -> Found:
    """Extract marked literals of a module in which ``words`` is a ``domain.words.Words``."""
    from babel.messages.extract import extract_python as python  # noqa: PLC0415  only the catalogue's maker needs it

    marks: Any = [*keywords, "words"]
    for line, name, messages, comments in python(file, marks, comment_tags, options):
        yield line, None if name == "words" else name, messages, comments
