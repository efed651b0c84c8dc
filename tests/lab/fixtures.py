"""Pytest fixtures: ``lab`` (two hosts shared by a whole session) and ``fresh_host`` (one that nobody touched)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import machine
from tests.lab.host import Host
from tests.lab.lab import Lab


def skip_where_impossible() -> None:
    """Skip the test, saying what is missing, where labs can't work."""
    if lacking := machine.missing():
        pytest.skip("labs don't work here, missing: " + "; ".join(lacking))


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Two running hosts; a test leaves them as it found them."""
    skip_where_impossible()
    with Lab.up(2) as running:
        yield running


@pytest.fixture
def fresh_host() -> Iterator[Host]:
    """One running host for this test alone."""
    skip_where_impossible()
    with Lab.up(1) as running:
        yield running.hosts[0]
