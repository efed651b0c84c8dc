"""A PostgreSQL server of the tests' own, from Debian's packages: its own cluster, socket and port, gone afterwards.

For a test that wants a ledger on PostgreSQL, the fixture ``ledger_database`` (tests/conftest.py) gives a fresh database
with an owner's and a writer's role::

    def test_something(ledger_database):
        store = ledger_database.store()      # SqlStore as sopti's role; store.create(origin) makes the tables
        SqlStore(ledger_database.url)        # the same in another process

A test over each kind of database asks for ``ledger_url`` instead: a SQLite file's address, then PostgreSQL's, with the
tables of the log ``tests.fakes.ORIGIN`` made.
"""

from tests.postgres.cluster import Cluster, missing
from tests.postgres.database import LedgerDatabase

__all__ = ["Cluster", "LedgerDatabase", "missing"]
