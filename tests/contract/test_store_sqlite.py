"""What is SQLite's own: files, modes, locks, damage."""

from __future__ import annotations

import os
import random
import sqlite3
import stat

import pytest

from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.domain.ledger.event import blob_digest, seal_blob
from sopti_runner.domain.ledger.verify import audit
from sopti_runner.errors import IntegrityError, LedgerError, RefusedError
from tests.contract.ledger_traffic import fill
from tests.fakes import ORIGIN, Drafts, FakeClock, FakeLogKey

FLIPS = 3000 if os.environ.get("SOPTI_SOAK") else 120


@pytest.fixture
def file(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def opened(file):
    stores = []

    def open_(**options):
        stores.append(SqlStore(f"sqlite:///{file}", **options))
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


@pytest.fixture
def store(opened):
    store = opened()
    store.create(ORIGIN)
    return store


def raw(file, sql, *values):
    connection = sqlite3.connect(file)
    try:
        with connection:
            return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def test_files_are_for_their_owner_only(store, file):
    fill(store)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert modes
    assert set(modes.values()) == {0o600}


def test_every_connection_writes_through_to_the_disk(store, file):
    with store._read() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


def test_two_logs_share_a_file_and_stay_apart(store, opened, file):
    other = opened()
    other.create("sopti.pa-contoh.example/ledger")
    fill(other, 2)
    fill(store, 3)
    assert (store.head().size, other.head().size) == (3, 2)
    with pytest.raises(LedgerError) as error:
        opened().head()
    assert error.value.found == "sopti.pa-contoh.example/ledger, sopti.pn-contoh.example/ledger"
    assert opened(log=ORIGIN).head().size == 3


def test_missing_file_is_named_and_not_made(opened, file):
    with pytest.raises(LedgerError) as error:
        opened().head()
    assert (error.value.exit_code, error.value.on) == (11, str(file))
    assert not file.exists()


def test_create_in_a_missing_folder_says_so(tmp_path):
    store = SqlStore(f"sqlite:///{tmp_path / 'no' / 'ledger.db'}")
    with pytest.raises(LedgerError) as error:
        store.create(ORIGIN)
    assert error.value.exit_code == 11


@pytest.mark.parametrize("content", [b"", b"hello\n" * 4000, b"PK\3\4" + bytes(9000)])
def test_file_of_another_kind_is_refused_unchanged(opened, file, content):
    file.write_bytes(content)
    with pytest.raises(LedgerError) as error:
        opened().head()
    assert (error.value.exit_code, type(error.value)) == (11, LedgerError)
    with pytest.raises(LedgerError):
        opened().create(ORIGIN)
    assert file.read_bytes() == content


def test_database_of_another_program_is_refused_unchanged(opened, file):
    raw(file, "CREATE TABLE event (log, seq, body)")
    before = file.read_bytes()
    with pytest.raises(LedgerError) as error:
        opened().append([], FakeClock().now())
    assert "not a sopti ledger" in str(error.value)
    assert file.read_bytes() == before


def test_database_of_a_newer_sopti_is_refused(store, opened, file):
    raw(file, "UPDATE schema_version SET version = 99")
    with pytest.raises(LedgerError) as error:
        opened().head()
    assert error.value.found == "schema 99"


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_truncated_file_is_named_as_damaged_or_no_ledger(store, opened, file, share):
    fill(store, 200)
    store.close()
    os.truncate(file, int(file.stat().st_size * share) // 4096 * 4096)
    with pytest.raises(IntegrityError) as error:
        list(opened().events())
    assert error.value.exit_code == 12


def test_file_cut_within_its_first_page_is_no_ledger(store, opened, file):
    store.close()
    os.truncate(file, 60)
    with pytest.raises(LedgerError) as error:
        opened().head()
    assert error.value.exit_code == 11


def test_locked_by_another_writer_says_so_and_writes_nothing(store, opened, file):
    fill(store)
    blocker = sqlite3.connect(file, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        waiting = opened(busy_s=0.05)
        with pytest.raises(LedgerError) as error:
            fill(waiting, 1)
        assert "in use" in str(error.value)
        assert waiting.head().size == 3
    finally:
        blocker.close()


def test_event_rows_refuse_update_and_delete(store, file):
    fill(store)
    for sql in ("UPDATE event SET body = x'00' WHERE seq = 1", "DELETE FROM event WHERE seq = 2", "DELETE FROM event"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            raw(file, sql)
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        raw(file, "UPDATE head SET size = 2")
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        raw(file, "INSERT OR REPLACE INTO event SELECT log, seq, id, type, subject, time, x'00', leaf FROM event")


def test_erased_blob_leaves_no_byte_in_any_file(store, file):
    secret = b"NAMA-RAHASIA-YANG-DIHAPUS " * 400
    blob = seal_blob("name", secret, os.urandom(32))
    fill(store, 1, blobs=[blob])
    fill_bytes = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert b"NAMA-RAHASIA" in fill_bytes
    assert store.erase(blob_digest(blob))
    left = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert b"NAMA-RAHASIA" not in left
    assert blob.salt not in left


BREAKS = {
    "column": (
        "DROP TRIGGER event_not_updated; UPDATE event SET type = 'request.approved' WHERE seq = 1",
        "event 1: type differ",
    ),
    "leaf": ("DROP TRIGGER event_not_updated; UPDATE event SET leaf = x'00' WHERE seq = 2", "event 2: leaf differ"),
    "claim gone": ("DELETE FROM claim", "claim: ('approval', 'a-1', 0) is missing"),
    "claim added": ("INSERT INTO claim VALUES ('{log}', 'approval', 'a-9', 1)", "comes from no event"),
    "claim beyond": ("INSERT INTO claim VALUES ('{log}', 'approval', 'a-9', 99)", "comes from no event"),
    "object gone": ("DELETE FROM object_change WHERE seq = 1", "object_change: ('srv01', 'file:/a', 1) is missing"),
    "lease gone": ("DELETE FROM lease", "lease: ('srv01', '"),
    "lease added": ("INSERT INTO lease VALUES ('{log}', 'srv09', 'r')", "lease: ('srv09', 'r') comes from no event"),
    "head": ("UPDATE head SET leaf = x'00'", "head: it says size 3"),
}
MENDED = BREAKS.keys() - {"column", "leaf"}


@pytest.mark.parametrize("name", BREAKS)
def test_rebuild_names_what_differs_and_mends_what_is_derived(store, file, name):
    drafts = Drafts()
    data = {"host": "srv01", "objects": ["file:/a"]}
    store.append(
        [
            drafts("run.started", data={"claims": [["approval", "a-1"]], "hosts": ["srv01"]}),
            *(drafts("task.finished", data=data) for _ in "ab"),
        ],
        FakeClock().now(),
    )
    sql, line = BREAKS[name]
    connection = sqlite3.connect(file)
    connection.executescript(sql.format(log=ORIGIN))
    connection.close()
    assert any(line in found for found in store.differences())
    assert any(line in found for found in store.rebuild())
    assert bool(store.differences()) == (name not in MENDED)


def test_database_of_an_older_sopti_gets_its_leases_when_opened(store, opened, file):
    drafts = Drafts()
    store.append([drafts("run.started", data={"hosts": ["srv01"]})], FakeClock().now())
    store.close()
    connection = sqlite3.connect(file)
    connection.executescript("DROP TABLE lease; UPDATE schema_version SET version = 1")
    connection.close()
    again = opened()
    assert again.differences() == []
    with pytest.raises(RefusedError, match="taken by run"):
        again.append([drafts("run.started", data={"hosts": ["srv01"]})], FakeClock().now())


def test_rebuild_of_a_log_with_its_tail_cut_refuses(store, file):
    fill(store, 5)
    connection = sqlite3.connect(file)
    connection.executescript("DROP TRIGGER event_not_deleted; DELETE FROM event WHERE seq > 2")
    connection.close()
    with pytest.raises(IntegrityError):
        store.rebuild()
    assert any(line.startswith("head: it says size 5") for line in store.differences())


def test_body_changed_behind_the_store_is_found(store, file):
    fill(store, 5)
    connection = sqlite3.connect(file)
    body = connection.execute("SELECT body FROM event WHERE seq = 2").fetchone()[0]
    connection.execute("DROP TRIGGER event_not_updated")
    connection.execute("UPDATE event SET body = ? WHERE seq = 2", (body.replace(b"r-1", b"r-2"),))
    connection.commit()
    connection.close()
    found = audit(store.bodies())
    assert (found.verdict, found.first_bad) == ("tampered", 2)


def test_index_that_lost_an_entry_is_found_and_mended(store, file):
    fill(store, 50)
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA writable_schema=ON")
    where = "type = 'index' AND name = 'event_by_type'"
    connection.execute(f"UPDATE sqlite_schema SET sql = sql || ' WHERE seq <> 7' WHERE {where}")
    connection.commit()
    connection.close()
    connection = sqlite3.connect(file)
    connection.execute("REINDEX event_by_type")
    connection.execute("PRAGMA writable_schema=ON")
    connection.execute(f"UPDATE sqlite_schema SET sql = replace(sql, ' WHERE seq <> 7', '') WHERE {where}")
    connection.commit()
    connection.close()
    assert any("event_by_type" in line for line in store.differences())
    assert store.rebuild()
    assert store.differences() == []


def test_any_flipped_byte_of_the_file_is_found_or_changes_nothing(store, file, tmp_path):
    drafts, key = Drafts(), FakeLogKey()
    store.append([drafts("court.created", data={"vkey": key.vkey})], FakeClock().now())
    data = {"host": "srv01", "objects": ["file:/a"], "claims": [["number", "1"]]}
    store.append([drafts("task.finished", data=data)], FakeClock().now())
    blobs = [[seal_blob("reason", b"alasan %d" % n, os.urandom(32))] for n in range(12)]
    store.append(
        [drafts("request.examined", f"r-{n % 3}", {"n": n}, blobs[n % 12]) for n in range(60)], FakeClock().now()
    )
    head = store.head()
    store.save_checkpoint(head.size, key.note(head.size, head.root))
    honest = audit(store.bodies(), notes=store.checkpoints(), blobs=store.blob)
    assert honest.verdict == "self_consistent"
    store.close()
    raw_file, outcomes, copy = file.read_bytes(), set(), tmp_path / "copy.db"
    for at in random.Random(7).sample(range(len(raw_file)), FLIPS):
        copy.write_bytes(raw_file[:at] + bytes([raw_file[at] ^ 0x55]) + raw_file[at + 1 :])
        changed = SqlStore(f"sqlite:///{copy}")
        try:
            found = audit(changed.bodies(), notes=changed.checkpoints(), blobs=changed.blob)
            unsound = changed.differences()
        except LedgerError as error:
            outcomes.add(error.exit_code)
            continue
        finally:
            changed.close()
            for name in ("copy.db-wal", "copy.db-shm"):
                (tmp_path / name).unlink(missing_ok=True)
        outcomes.add(found.verdict)
        assert found.verdict == "tampered" or unsound or found == honest, at
    assert {12, "self_consistent"} <= outcomes
