"""Copies in the making: what a killed command left behind goes, what another command fills stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sopti_runner.adapters.ansible.snapshot import Snapshots

FILLING = """
import os, pathlib, signal, sys
from sopti_runner.adapters.ansible.snapshot import Snapshots
with Snapshots(pathlib.Path(sys.argv[1])).fresh() as copy:
    (copy / "half").write_text("x")
    print(copy, flush=True)
    sys.stdin.read()
"""


def test_copy_of_a_killed_command_is_removed_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    command = [sys.executable, "-c", FILLING, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        filling = Path(other.stdout.readline().strip())
        with Snapshots(folder).fresh() as copy:
            assert filling.is_dir()
            assert copy != filling
        assert list(folder.iterdir()) == [filling]
        other.kill()
        other.wait()
        assert filling.is_dir()
        (folder / ".new-left.json").write_text("{}")
        with Snapshots(folder).fresh() as copy:
            assert list(folder.iterdir()) == [copy]
    assert list(folder.iterdir()) == []
