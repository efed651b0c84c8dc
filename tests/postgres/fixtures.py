"""Pytest fixtures: ``postgres`` (one server a session), ``ledger_database`` (fresh), ``ledger_url`` (of each kind)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sopti_runner.adapters.store_sql import SqlStore
from tests.fakes import ORIGIN
from tests.postgres.cluster import Cluster, missing
from tests.postgres.database import LedgerDatabase


def skip_where_impossible() -> None:
    """Skip the test, saying what is missing, where there can be no server."""
    if lacking := missing():
        pytest.skip("PostgreSQL doesn't work here, missing: " + "; ".join(lacking))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A running server; a test that stops it or changes its settings puts that right again."""
    skip_where_impossible()
    with Cluster.up() as cluster:
        yield cluster


@pytest.fixture
def ledger_database(postgres: Cluster) -> LedgerDatabase:
    """A fresh, empty database with two roles."""
    return postgres.database()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a ledger with the empty log ``tests.fakes.ORIGIN``, on each kind of database."""
    if request.param == "sqlite":
        store = SqlStore(f"sqlite:///{tmp_path / 'ledger.db'}")
        url = f"sqlite:///{tmp_path / 'ledger.db'}"
    else:
        database: LedgerDatabase = request.getfixturevalue("ledger_database")
        store, url = database.store(), database.url
    with closing(store):
        store.create(ORIGIN)
    return url
