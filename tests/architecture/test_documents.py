"""Pages that come from code say what the code says."""

import subprocess
import sys

from tests.architecture.repository import ROOT


def test_generated_pages_are_fresh():
    check = subprocess.run(
        [sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr
