"""The words that stand in templates: ``t("...")``, found by the same rule for translation and for the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any

from sopti_runner.domain.words import Words

_LABEL = re.compile(r'\bt\("((?:[^"\\]|\\.)*)"')


def labels_in(template: str) -> Iterator[tuple[int, str]]:
    """Give each label of a Typst template with its line, from 1, in order."""
    for found in _LABEL.finditer(template):
        yield template.count("\n", 0, found.start()) + 1, found[1].replace('\\"', '"').replace("\\\\", "\\")


def translated(templates: list[str], words: Words) -> dict[str, str]:
    """Give label → translation for all labels of some templates."""
    return {label: words(label) for template in templates for _, label in labels_in(template)}


def extract(
    file: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[tuple[int, None, str, list[str]]]:
    """Extract labels for Babel's catalogue: the method named in ``babel.cfg``."""
    for line, label in labels_in(file.read().decode("utf-8")):
        yield line, None, label, []
