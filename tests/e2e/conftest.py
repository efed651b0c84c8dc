"""Courts for the tests through the command line: founded once, copied for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e import notes
from tests.e2e.desk import Desk
from tests.e2e.installing import court, installable, packages, wheelhouse
from tests.lab import Lab
from tests.lab.fixtures import skip_where_impossible

__all__ = ["court", "installable", "packages", "wheelhouse"]


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


@pytest.fixture(scope="session")
def hosts() -> Iterator[Lab]:
    """Two hosts for the tests of this folder."""
    skip_where_impossible()
    with Lab.up(2) as running:
        yield running


@pytest.fixture(scope="module")
def lone() -> Iterator[Lab]:
    """One host of a module's own, whose ways in it may change."""
    skip_where_impossible()
    with Lab.up(1) as running:
        yield running


@pytest.fixture(scope="session")
def approved(staffed: Desk, hosts: Lab, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A court whose first request has a plan on two hosts and an approval; never changed by a test."""
    desk = staffed.copy(tmp_path_factory.mktemp("approved"))
    desk.content = notes.write(desk.folder / "content")
    desk.inventory.write_text(yaml.safe_dump(hosts.inventory(), width=1000))
    number = desk.prioritised("Tulis catatan")
    desk.do("plan", number, notes.PLAYBOOK)
    desk.approved(number)
    return desk


@pytest.fixture
def ready(approved: Desk, hosts: Lab, tmp_path: Path) -> Iterator[tuple[Desk, str]]:
    """A court of this test alone with an approved plan, and the request's number; its hosts are clean again after."""
    desk = approved.copy(tmp_path / "ready")
    yield desk, f"REG-{desk.events()[0].time.year}-0001"
    notes.clean(hosts)
