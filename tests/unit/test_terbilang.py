"""Numbers in Indonesian words."""

import pytest

from sopti_runner.domain.terbilang import LARGEST, terbilang
from sopti_runner.errors import UsageError


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "nol"),
        (1, "satu"),
        (10, "sepuluh"),
        (11, "sebelas"),
        (12, "dua belas"),
        (19, "sembilan belas"),
        (20, "dua puluh"),
        (23, "dua puluh tiga"),
        (31, "tiga puluh satu"),
        (100, "seratus"),
        (101, "seratus satu"),
        (211, "dua ratus sebelas"),
        (1_000, "seribu"),
        (1_100, "seribu seratus"),
        (2_026, "dua ribu dua puluh enam"),
        (11_000, "sebelas ribu"),
        (100_000, "seratus ribu"),
        (1_000_000, "satu juta"),
        (1_001_000, "satu juta seribu"),
        (2_000_000_015, "dua miliar lima belas"),
    ],
)
def test_number_is_spelled_as_formal_papers_do(number, words):
    assert terbilang(number) == words


def test_spelling_is_different_for_every_number():
    spelled = [terbilang(n) for n in range(12_000)]
    assert len(set(spelled)) == len(spelled)
    assert not [s for s in spelled if "  " in s or s != s.strip()]


@pytest.mark.parametrize("number", [-1, LARGEST + 1])
def test_number_out_of_range_is_refused(number):
    with pytest.raises(UsageError):
        terbilang(number)
