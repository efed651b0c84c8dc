"""Where labs can't work, the reason is given and nothing is started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.lab

_REPO = Path(__file__).resolve().parents[2]


def _lab(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.lab", *words]
    return subprocess.run(command, cwd=_REPO, env=environment, capture_output=True, text=True, check=False)


def test_check_where_commands_are_missing_names_each_with_its_package(tmp_path: Path) -> None:
    done = _lab("check", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "missing: systemd-nspawn: apt-get install systemd-container" in done.stdout


def test_up_where_commands_are_missing_starts_nothing(tmp_path: Path) -> None:
    done = _lab("up", "1", PATH=str(tmp_path), SOPTI_LAB_STATE=str(tmp_path / "state"))
    assert done.returncode == 1
    assert "labs don't work here" in done.stderr
    assert not (tmp_path / "state").exists()
