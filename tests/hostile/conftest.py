"""One real ledger a session, and what auditors know of it."""

import pytest

from tests.hostile.copies import Copy, defences
from tests.hostile.court import CourtHouse, live


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    house = live(CourtHouse.founded(tmp_path_factory.mktemp("court")))
    yield house
    for made, _request in house.bases.values():
        made.store.close()
    house.store.close()


@pytest.fixture(scope="session")
def copy(house):
    return Copy.of(house.store)


@pytest.fixture(scope="session")
def trusts(house):
    return defences(house)
