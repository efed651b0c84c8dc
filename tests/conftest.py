"""Fixtures that more than one folder of tests uses."""

from tests.lab.fixtures import fresh_host, lab
from tests.postgres.fixtures import ledger_database, ledger_url, postgres

__all__ = ["fresh_host", "lab", "ledger_database", "ledger_url", "postgres"]
