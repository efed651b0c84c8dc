"""A folder named where a file is to be written: said as such, and nothing is written or recorded."""

import pytest

from tests.e2e.desk import Desk


@pytest.mark.parametrize("target", [".", "..", "/", "./"])
def test_folder_named_where_a_file_is_written_is_refused(desk: Desk, target):
    month = f"{desk.events()[0].time:%Y-%m}"
    number = desk.ask()
    before = desk.fingerprint()
    for words in (
        ("recap", month, "--output", target),
        ("reject", number, "--reason", "x", "--by", "Sari", "--export", target),
        ("office", "enrol", "Z", "--public", desk.public("tono"), "--export", target),
    ):
        error = desk.do(*words, "--json", code=2).error
        assert "names a folder" in error["message"]
        assert error["on"] == target
    assert desk.fingerprint() == before
