"""The language of the command line: Indonesian, unless ``--lang`` or ``SOPTI_LANG`` says English.

Only the standard library's gettext is loaded here, so that ``sopti --help`` starts fast.
"""

from __future__ import annotations

import gettext
import os
from pathlib import Path

from sopti_runner.errors import N_, UsageError

LANGUAGES = ("id", "en")
VARIABLE = "SOPTI_LANG"
_FOLDER = Path(__file__).parents[1] / "locale"


class _Current:
    lang = ""
    catalogue: gettext.NullTranslations = gettext.NullTranslations()


def use(lang: str = "") -> str:
    """Choose the language of everything said from now on, and give its id.

    Args:
        lang: ``id`` or ``en`` (``en_GB.UTF-8`` counts as ``en``); when empty, ``SOPTI_LANG``, else Indonesian.

    Raises:
        UsageError: sopti does not speak it.
    """
    wanted = lang or os.environ.get(VARIABLE) or LANGUAGES[0]
    chosen = wanted.replace("-", "_").split("_")[0].split(".")[0].lower()
    if chosen not in LANGUAGES:
        raise UsageError(N_("sopti does not speak this language."), on=wanted, expected=", ".join(LANGUAGES))
    _Current.lang = chosen
    _Current.catalogue = gettext.translation("sopti", _FOLDER, [chosen], fallback=True)
    return chosen


def current() -> str:
    """Give the language in use, ``id`` or ``en``."""
    return _Current.lang or use()


def _(text: str, /, **fields: object) -> str:
    """Translate a message id into the language in use and fill its ``{field}`` placeholders."""
    current()
    translated = _Current.catalogue.gettext(text) if text else ""
    return translated.format(**fields) if fields else translated
