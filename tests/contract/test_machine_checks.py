"""What the doctor says of this machine: places for checkpoints that are no other machine's."""

from pathlib import Path

import pytest

from sopti_runner.adapters.machine_checks import machine_checks


@pytest.mark.parametrize(
    ("place", "verdict"),
    [("share", "warning"), ("gone", "fault"), ("/proc", "ok")],
    ids=["on the ledger's own disk", "not there", "another file system"],
)
def test_place_for_checkpoints_is_told_from_a_folder_of_this_disk(tmp_path: Path, place: str, verdict: str) -> None:
    (tmp_path / "share").mkdir()
    *_others, found = machine_checks({}, tmp_path, [tmp_path / place])
    assert (found.name, found.verdict) == (str(tmp_path / place), verdict)
    assert found.next or verdict == "ok"
