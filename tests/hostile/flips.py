"""One byte of a stored artefact changed at random, and what becomes of it.

An artefact is everything that a court keeps of its ledger: the rows of the database, its file, its write-ahead log,
the bundle, the checkpoints on the share, the keys, and the witness's memory.
"""

import shutil
import sqlite3
import zipfile
import zlib
from contextlib import suppress

from sopti_runner.adapters.bundle.source import readme, verifier_source
from sopti_runner.adapters.bundle.zip_file import write_bundle
from sopti_runner.adapters.store_sql import SqlStore

BESIDE = ("README.txt", "sopti_verify.py")

ROWS = {
    "event": ("log", "seq", "id", "type", "subject", "time", "body", "leaf"),
    "head": ("log", "size", "leaf", "frontier"),
    "blob": ("log", "digest", "name", "salt", "content"),
    "checkpoint": ("log", "size", "note"),
    "claim": ("log", "kind", "key", "seq"),
    "object_change": ("log", "host", "object", "seq"),
    "schema_version": ("version",),
}


def flipped(raw, random):
    """Give the bytes with one of them another, and where."""
    at = random.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ random.randrange(1, 256)]) + raw[at + 1 :], at


def flip_file(path, random):
    """Change one byte of a file; gives where."""
    raw, at = flipped(path.read_bytes(), random)
    path.write_bytes(raw)
    return at


def flip_cell(path, table, column, random):
    """Change one byte of one cell, guards taken away and put back; gives the row's place in its table."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _sql in guards:
            connection.execute(f"DROP TRIGGER {name}")
        rows = connection.execute(f"SELECT rowid, {column}, CAST({column} AS BLOB) FROM {table} ORDER BY 1").fetchall()
        place = random.randrange(len(rows))
        row, value, raw = rows[place]
        cast = "CAST(? AS TEXT)" if isinstance(value, str) else "?"
        done = False
        while not done:
            changed = value ^ 1 << random.randrange(62) if isinstance(value, int) else flipped(raw, random)[0]
            with suppress(sqlite3.IntegrityError):  # another row has this key: another flip, then
                connection.execute(f"UPDATE {table} SET {column} = {cast} WHERE rowid = ?", (changed, row))
                done = True
        for _name, sql in guards:
            connection.execute(sql)
    finally:
        connection.close()
    return place


def settled(source, target):
    """Copy a ledger's file with its write-ahead log written into it."""
    for ending in ("", "-wal"):
        if (path := source.with_name(source.name + ending)).exists():
            shutil.copy(path, target.with_name(target.name + ending))
    connection = sqlite3.connect(target)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert not target.with_name(target.name + "-wal").exists()
    return target


def with_log(source, target, draft, at):
    """Copy a ledger's file beside a write-ahead log that holds its newest event."""
    work = settled(source, target.with_name("work.db"))
    store = SqlStore(f"sqlite:///{work}")
    store.append([draft], at)
    head = store.head()
    for ending in ("", "-wal"):
        shutil.copy(work.with_name(work.name + ending), target.with_name(target.name + ending))
    store.close()
    return head


def decoded(path):
    """Give everything a ledger's file holds: each row with its types, guards, columns; not where in the file it is."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        held = {table: sorted(connection.execute(f"SELECT * FROM {table} NOT INDEXED"), key=repr) for table in ROWS}
        held["columns"] = [connection.execute(f"PRAGMA table_info({table})").fetchall() for table in ROWS]
        guards = connection.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY 1")
        held["guards"] = guards.fetchall()
    finally:
        connection.close()
    return held


def exported(store, target):
    """Write a bundle as ``sopti ledger export`` does."""
    extras = {"sopti_verify.py": verifier_source().encode(), "README.txt": readme().encode()}
    with target.open("wb") as file:
        write_bundle(file, bodies=store.bodies(), notes=store.checkpoints(), blobs=store.blob, extras=extras)
    return target


def evidence(bundle):
    """Give what a bundle holds of the ledger; how to read it stands beside the evidence and is none."""
    with zipfile.ZipFile(bundle) as opened:
        return {name: opened.read(name) for name in opened.namelist() if name not in BESIDE}


def beside(bundle):
    """Give what stands beside the evidence, or nothing when it can't be read."""
    with suppress(zipfile.BadZipFile, zlib.error), zipfile.ZipFile(bundle) as opened:
        return {name: opened.read(name) for name in BESIDE}
    return {}
