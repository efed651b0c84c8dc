"""Courts for the tests through the command line: founded once, copied for each test."""

from pathlib import Path

import pytest

from tests.e2e.desk import Desk


@pytest.fixture(scope="session")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A court with all officials in office; never changed by a test."""
    desk = Desk(tmp_path_factory.mktemp("court"))
    desk.found()
    desk.staff()
    return desk


@pytest.fixture
def desk(staffed: Desk, tmp_path: Path) -> Desk:
    """A court of this test alone, with all officials in office."""
    return staffed.copy(tmp_path / "court")
