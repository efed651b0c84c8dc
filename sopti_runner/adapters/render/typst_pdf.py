"""One template and its data into one PDF/A-2b, the same bytes for the same input.

Data travels as JSON, so nothing a person wrote is ever read as Typst. Only the fonts embedded in the Typst wheel are
used: a page looks the same on every machine and needs no network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import typst

from sopti_runner.adapters.render.glyphs import displayable
from sopti_runner.adapters.render.labels import translated
from sopti_runner.domain.words import Words
from sopti_runner.errors import N_, ReportError

STANDARD: Final = "a-2b"


def pdf(folder: Path, template: str, data: Mapping[str, Any], words: Words, made_at: datetime) -> bytes:
    """Give a document as PDF.

    Args:
        folder: Where the templates are; a template can read nothing outside it.
        template: File name in it.
        data: JSON value for the template, without floats.
        words: Language of the template's labels.
        made_at: Aware; written into the PDF as its date.

    Raises:
        ReportError: The template is missing or faulty, or the text does not fit its page.
    """
    try:
        texts = [path.read_text("utf-8") for path in sorted(folder.glob("*.typ"))]
        payload = {**data, "labels": translated(texts, words), "lang": words.lang}
        made: bytes = typst.compile(
            str(folder / template),
            root=str(folder),
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"data": json.dumps(displayable(payload), ensure_ascii=False)},
            pdf_standards=STANDARD,
            timestamp=int(made_at.timestamp()),
        )
        return made
    except OSError as fault:
        raise ReportError(N_("The template can't be read."), on=template, found=str(fault)) from fault
    except RuntimeError as fault:  # typst.TypstError is one, and a missing file gives a plain one
        raise ReportError(N_("The document can't be made."), on=template, found=str(fault)) from fault
