"""Events into a ledger, by this process and by others, for the tests of each kind of store."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from tests.fakes import START, Drafts, FakeClock

ROOT = Path(__file__).parents[2]
WRITER = Path(__file__).with_name("ledger_writer.py")


def fill(store, count=3, *, day=0, **draft):
    """Append some events of one kind; those of another day have other ids."""
    clock = FakeClock(START + timedelta(days=day))
    drafts = Drafts(clock)
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
