"""Events into a ledger, by this process and by others, for the tests of each kind of store."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.fakes import Drafts, FakeClock

ROOT = Path(__file__).parents[2]
WRITER = Path(__file__).with_name("ledger_writer.py")


def fill(store, count=3, **draft):
    """Append some events of one kind."""
    drafts, clock = Drafts(), FakeClock()
    return store.append([drafts(**draft) for _ in range(count)], clock.now())


def writer(url, *arguments, **options):
    """Start a writer (``ledger_writer``) in a process of its own."""
    return subprocess.Popen(
        [sys.executable, str(WRITER), url, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **options,
    )
