"""Numbers in Indonesian words (terbilang), as minutes and other formal papers write dates and counts."""

from __future__ import annotations

from sopti_runner.errors import N_, UsageError

_UNITS = ("", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas")
_STEPS = ((1_000_000_000, "miliar"), (1_000_000, "juta"), (1_000, "ribu"), (100, "ratus"))
LARGEST = 999_999_999_999


def terbilang(number: int) -> str:
    """Spell a whole number from 0 to ``LARGEST``: 2026 is ``dua ribu dua puluh enam``, 1100 ``seribu seratus``.

    Raises:
        UsageError: It is negative or larger.
    """
    if not 0 <= number <= LARGEST:
        raise UsageError(N_("This number can't be spelled out."), on=str(number), expected=f"0-{LARGEST}")
    return _spelled(number) or "nol"


def _spelled(number: int) -> str:
    for size, name in _STEPS:
        if number >= size:
            many, rest = divmod(number, size)
            head = f"se{name}" if many == 1 and size <= 1_000 else f"{_spelled(many)} {name}"
            return f"{head} {_spelled(rest)}".rstrip()
    if number < len(_UNITS):
        return _UNITS[number]
    if number < 20:
        return f"{_UNITS[number - 10]} belas"
    tens, rest = divmod(number, 10)
    return f"{_UNITS[tens]} puluh {_UNITS[rest]}".rstrip()
