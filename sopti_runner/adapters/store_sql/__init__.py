"""The ledger in a database, through SQLAlchemy Core: SQLite or PostgreSQL."""

from sopti_runner.adapters.store_sql.store import SqlStore

__all__ = ["SqlStore"]
