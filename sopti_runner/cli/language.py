"""The language of the command line: Indonesian, unless ``--lang``, ``SOPTI_LANG`` or the settings file say English.

Only the standard library's gettext is loaded here, so that ``sopti --help`` starts fast. Typer asks the same gettext
for its own few words, so its domain and language are set as well.
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
    said = False
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
    _speak(chosen if chosen in LANGUAGES else LANGUAGES[0])
    _Current.said = bool(lang or os.environ.get(VARIABLE))
    if chosen not in LANGUAGES:
        raise UsageError(N_("sopti does not speak this language."), on=wanted, expected=", ".join(LANGUAGES))
    return chosen


def _speak(lang: str) -> None:
    _Current.lang = lang
    _Current.catalogue = gettext.translation("sopti", _FOLDER, [lang], fallback=True)
    os.environ["LANGUAGE"] = lang
    gettext.bindtextdomain("sopti", str(_FOLDER))
    gettext.textdomain("sopti")


def settle(lang: str) -> None:
    """Take the settings file's language, unless the command or the environment named one."""
    if not _Current.said:
        _speak(lang)


def asked() -> str:
    """Give the language that the command or the environment named, or an empty text."""
    return _Current.lang if _Current.said else ""


def current() -> str:
    """Give the language in use, ``id`` or ``en``."""
    return _Current.lang or use()


def _(text: str, /, **fields: object) -> str:
    """Translate a message id into the language in use and fill its ``{field}`` placeholders."""
    current()
    translated = _Current.catalogue.gettext(text) if text else ""
    return translated.format(**fields) if fields else translated
