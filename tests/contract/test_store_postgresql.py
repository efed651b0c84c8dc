"""What is PostgreSQL's own: two roles, guards in the database, what its errors mean, what a set-up is worth."""

from __future__ import annotations

from contextlib import closing, contextmanager

import psycopg
import pytest

from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.domain.ledger.event import blob_digest, seal_blob
from sopti_runner.errors import IntegrityError, LedgerError, RefusedError
from tests.contract.ledger_traffic import fill
from tests.fakes import ORIGIN

OTHER = "sopti.pa-contoh.example/ledger"


@pytest.fixture
def database(ledger_database):
    return ledger_database


@pytest.fixture
def store(database):
    with closing(database.store()) as store:
        store.create(ORIGIN)
        yield store


@contextmanager
def setting(postgres, **values):
    """Change settings of the server for a while."""
    for name, value in values.items():
        postgres.run(f"ALTER SYSTEM SET {name} = '{value}'")
    postgres.reload()
    try:
        yield
    finally:
        for name in values:
            postgres.run(f"ALTER SYSTEM RESET {name}")
        postgres.reload()


def refused(database, sql, *values, role=None):
    """Run a statement that must fail, as the writer or another role; gives the error's text."""
    with pytest.raises(psycopg.Error) as error:
        database.run(sql, *values, role=role or database.writer)
    return str(error.value)


def test_writer_may_only_add(store, database):
    fill(store)
    for statement in (
        "UPDATE event SET body = '' WHERE seq = 1",
        "DELETE FROM event WHERE seq = 2",
        "DELETE FROM head",
        "DELETE FROM checkpoint",
        "UPDATE blob SET content = ''",
        "INSERT INTO head VALUES ('x', 0, '', '')",
        "INSERT INTO schema_version VALUES (2)",
        "SET session_replication_role = replica",
    ):
        assert "permission denied" in refused(database, statement), statement
    for table in ("event", "head", "checkpoint", "blob", "schema_version", "claim", "object_change"):
        for statement in ("TRUNCATE {}", "ALTER TABLE {} DISABLE TRIGGER ALL", "DROP TABLE {}"):
            said = refused(database, statement.format(table))
            assert "permission denied" in said or "must be owner" in said, (table, statement)


def test_guards_stop_even_the_administrator_until_they_are_removed(store, database):
    fill(store)
    for statement, said in (
        ("UPDATE event SET body = '' WHERE seq = 1", "never"),
        ("DELETE FROM event", "never"),
        ("TRUNCATE event", "never"),
        ("SET session_replication_role = replica; DELETE FROM event", "never"),
        ("DELETE FROM checkpoint", "kept"),
        ("TRUNCATE checkpoint", "kept"),
        ("DELETE FROM head", "never deleted"),
        ("TRUNCATE head", "never deleted"),
        ("UPDATE blob SET content = ''", "never changed"),
        ("UPDATE head SET size = 2", "only grows"),
        ("UPDATE head SET size = 9", "last event"),
        ("UPDATE head SET leaf = body FROM event WHERE seq = 0", "last event"),
    ):
        assert said in refused(database, statement, role="admin"), statement
    assert store.differences() == []


def body_of(store, **changes):
    """Give an event as the store would write it next, with changes, as the row of a forger who knows the format."""
    with closing(store):
        last = list(store.events())[-1]
    values = {"log": last.log, "seq": last.seq + 1, "prev": last.leaf.hex(), **changes}
    body = psycopg.types.json.json.dumps(values).encode()
    return values["log"], values["seq"], body


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seq": 7}, "gap"),
        ({"prev": "0" * 64}, "follow"),
        ({"log": OTHER}, "gap"),
        ({}, "beyond the head"),
    ],
    ids=["gap", "another before it", "no such log", "head not moved"],
)
def test_forged_event_that_does_not_continue_the_log_is_refused(store, database, changes, said):
    fill(store)
    log, seq, body = body_of(store, **changes)
    insert = "INSERT INTO event VALUES (%s, %s, 'id', 't', 's', 'time', %s, sha256('\\x00'::bytea || %s))"
    assert said in refused(database, insert, log, seq, body, body)
    assert (store.head().size, store.differences()) == (3, [])


def test_event_with_another_leaf_than_its_body_makes_is_refused(store, database):
    fill(store)
    log, seq, body = body_of(store)
    insert = "INSERT INTO event VALUES (%s, %s, 'id', 't', 's', 'time', %s, sha256(%s))"
    assert "follow" in refused(database, insert, log, seq, body, body)


def test_tables_of_a_temporary_schema_do_not_mislead_the_guards(store, database):
    fill(store)
    log, seq, body = body_of(store, seq=7)
    with psycopg.connect(database.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE event (LIKE event)")
        connection.execute("INSERT INTO pg_temp.event VALUES (%s, 6, '', '', '', '', '', '')", (log,))
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            connection.execute(
                f"INSERT INTO {database.schema}.event VALUES (%s, %s, 'id', 't', 's', 'time', %s, %s)",
                (log, seq, body, body),
            )


TAMPERED = {
    "guard gone": ("DROP TRIGGER event_never_changed ON event", "trigger event_never_changed"),
    "guard asleep": ("ALTER TABLE event DISABLE TRIGGER event_follows", "trigger event_follows"),
    "guard for some": ("ALTER TABLE event ENABLE TRIGGER event_follows", "trigger event_follows"),
    "guard hollow": (
        "CREATE OR REPLACE FUNCTION event_follows() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "trigger event_follows",
    ),
    "guard of another": ("ALTER FUNCTION event_follows() OWNER TO admin", "trigger event_follows"),
    "guard added": (
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER swallow BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION swallow()",
        "trigger swallow",
    ),
    "rule": ("CREATE RULE quiet AS ON INSERT TO event DO INSTEAD NOTHING", "table event: a rule"),
    "row security": ("ALTER TABLE event ENABLE ROW LEVEL SECURITY", "table event: a rule"),
    "right too many": ("GRANT DELETE ON event TO {writer}", "may DELETE"),
    "right to a column": ("GRANT UPDATE (body) ON event TO {writer}", "may UPDATE"),
    "right for all": ("GRANT TRUNCATE ON event TO PUBLIC", "PUBLIC may TRUNCATE"),
    "right missing": ("REVOKE DELETE ON blob FROM {writer}", "table blob: sopti's role may not DELETE"),
    "column added": ("ALTER TABLE event ADD COLUMN note text", "table event: its columns"),
    "column weaker": ("ALTER TABLE event ALTER COLUMN leaf DROP NOT NULL", "table event: its columns"),
    "key gone": ("ALTER TABLE claim DROP CONSTRAINT claim_pkey", "table claim: its keys"),
    "index gone": ("DROP INDEX event_by_type", "table event: its keys"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_is_not_as_made_is_named(store, database, name):
    fill(store)
    assert store.differences() == []
    sql, line = TAMPERED[name]
    database.run(sql.format(writer=database.writer))
    if name == "row security":
        database.run("CREATE POLICY all_rows ON event USING (true)")
    assert any(line in found for found in store.differences()), store.differences()


def test_gap_that_an_administrator_made_is_named(store, database):
    fill(store, 5)
    database.run("ALTER TABLE event DISABLE TRIGGER ALL; DELETE FROM event WHERE seq = 2")
    assert any(line.startswith("event 3: event 2") for line in store.differences())
    with pytest.raises(IntegrityError):
        store.rebuild()


def test_role_that_can_become_the_owner_is_told_as_weak(store, database):
    assert (store.checks()[0].verdict, store.checks()[0].found) == ("ok", "may only add")
    database.run(f"GRANT {database.owner} TO {database.writer}")
    assert store.checks()[0].verdict == "warning"
    assert "owns the tables" in store.checks()[0].found


def test_one_role_for_both_works_and_is_told_as_weak(database):
    with closing(SqlStore(database.owner_url)) as store:
        store.create(ORIGIN)
        fill(store)
        assert store.differences() == []
        assert store.checks()[0].verdict == "warning"


def test_superuser_as_writer_is_told_as_weak(postgres):
    database = postgres.own_database()
    with closing(SqlStore(database.address("admin"))) as store:
        store.create(ORIGIN)
        assert "superuser" in store.checks()[0].found
        assert store.differences() == []


def test_two_logs_of_two_courts_share_a_database_and_stay_apart(store, database):
    with closing(database.store(OTHER)) as other:
        other.create(OTHER)
        fill(other, 2)
        fill(store, 3)
        assert (store.head().size, other.head().size) == (3, 2)
        assert (store.differences(), other.differences()) == ([], [])
    with closing(SqlStore(database.url)) as unnamed, pytest.raises(LedgerError) as error:
        unnamed.head()
    assert error.value.found == f"{OTHER}, {ORIGIN}"


def test_database_without_a_ledger_says_so(database):
    with closing(SqlStore(database.url)) as store, pytest.raises(LedgerError) as error:
        store.head()
    assert (error.value.exit_code, str(error.value)) == (11, "There is no ledger here")


def test_tables_of_another_program_are_left_alone(database):
    database.run("CREATE TABLE event (x int)", role=database.owner)
    with closing(database.store()) as store, pytest.raises(LedgerError) as error:
        store.create(ORIGIN)
    assert "not a sopti ledger" in str(error.value)
    assert database.run("SELECT count(*) FROM pg_tables WHERE schemaname = %s", database.schema) == [(1,)]


def test_ledger_of_a_newer_sopti_is_refused(store, database):
    database.run("UPDATE schema_version SET version = 99")
    for attempt in (lambda s: s.head(), lambda s: s.create(OTHER)):
        with closing(database.store()) as fresh, pytest.raises(LedgerError) as error:
            attempt(fresh)
        assert error.value.found == "schema 99"


def test_ledger_of_an_older_sopti_is_brought_up_to_date_by_the_owner(store, database):
    fill(store, 1, type_="run.started", data={"hosts": ["srv01"]})
    database.run("DROP TABLE lease; UPDATE schema_version SET version = 1")
    with closing(SqlStore(database.url)) as writer, pytest.raises(LedgerError) as error:
        writer.head()
    assert "does not let sopti's role" in str(error.value)
    with closing(database.store()) as again:
        assert again.differences() == []
        with pytest.raises(RefusedError, match="taken by run"):
            fill(again, 1, day=1, type_="run.started", data={"hosts": ["srv01"]})


def test_writer_alone_can_not_make_tables(database):
    with closing(SqlStore(database.url)) as store, pytest.raises(LedgerError) as error:
        store.create(ORIGIN)
    assert "does not let sopti's role" in str(error.value)


def test_owner_of_another_database_is_refused_and_makes_nothing(postgres, database):
    elsewhere = postgres.own_database()
    with closing(SqlStore(database.url, owner_url=elsewhere.owner_url)) as store, pytest.raises(LedgerError) as error:
        store.create(ORIGIN)
    assert "another database" in str(error.value)
    assert elsewhere.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_database_that_can_not_hold_every_text_is_refused(postgres):
    database = postgres.own_database()
    postgres.run("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with closing(SqlStore(database.url.replace(database.name, "latin"))) as store, pytest.raises(LedgerError) as error:
        store.head()
    assert error.value.found == "LATIN1"
    postgres.run("DROP DATABASE latin")


def test_server_that_does_not_write_through_takes_no_events(store, postgres):
    fill(store, 1)
    store.close()
    with setting(postgres, fsync="off"):
        with pytest.raises(LedgerError) as error:
            fill(store, 1, day=1)
        assert (error.value.exit_code, error.value.found) == (11, "fsync=off")
        assert store.head().size == 1
        assert store.checks()[1].verdict == "fault"
        store.close()
    assert store.checks()[1].verdict == "ok"


@pytest.mark.parametrize(("given", "used"), [("off", "on"), ("remote_apply", "remote_apply")])
def test_server_that_acknowledges_early_is_overruled_by_each_session(database, store, postgres, given, used):
    with (
        setting(postgres, synchronous_commit=given),
        closing(SqlStore(database.url)) as fresh,
        fresh._write() as connection,
    ):
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == used


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
def test_default_isolation_of_the_server_makes_no_writer_fail(database, store, postgres, level):
    with setting(postgres, default_transaction_isolation=level):
        fill(store, 2)
        with closing(SqlStore(database.url)) as other:
            fill(other, 2, day=1)
        fill(store, 2, day=2)
    assert store.differences() == []


def test_locked_by_another_writer_says_so_and_writes_nothing(store, database):
    fill(store)
    with (
        psycopg.connect(database.url.replace("+psycopg", "")) as blocker,
        closing(SqlStore(database.url, busy_s=0.2)) as waiting,
    ):
        blocker.execute("SELECT size FROM head FOR UPDATE")
        with pytest.raises(LedgerError) as error:
            fill(waiting, 1, day=1)
        assert "in use" in str(error.value)
        assert waiting.head().size == 3


def test_writer_that_stopped_in_the_middle_lets_others_in(store, database):
    fill(store)

    def stop_in_the_middle():
        with closing(SqlStore(database.url, busy_s=0.1)) as stopped, stopped._write() as connection:
            connection.exec_driver_sql("SELECT size FROM head FOR UPDATE")
            fill(store, 1, day=1)
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(LedgerError) as error:
        stop_in_the_middle()
    assert "was lost" in str(error.value)
    assert store.head().size == 4


def test_password_comes_from_a_file_and_is_never_shown(store, database, postgres, tmp_path):
    file = tmp_path / "pgpass"
    address = f"postgresql://{database.writer}@127.0.0.1:{postgres.port}/{database.name}?passfile={file}"
    file.write_text(f"*:*:*:*:{database.password}\n")
    file.chmod(0o600)
    with closing(SqlStore(address)) as known:
        assert known.head().size == 0
        assert [check.verdict for check in known.checks()] == ["ok", "ok"]
    file.write_text("*:*:*:*:salah-sekali\n")
    for url in (address, address.replace("@", ":salah-sekali@")):
        with closing(SqlStore(url)) as stranger, pytest.raises(LedgerError) as error:
            stranger.head()
        assert error.value.exit_code == 11
        assert "salah" not in repr(error.value.__dict__)
        assert database.writer in error.value.on


@pytest.mark.parametrize("query", ["host=a:1&host=b:2&port=3", "no_such_option=1"])
def test_address_that_no_driver_can_follow_is_told(query):
    def use():
        with closing(SqlStore(f"postgresql://sopti@/x?{query}")) as store:
            store.head()

    with pytest.raises(LedgerError) as error:
        use()
    assert error.value.exit_code == 11


def test_erased_text_is_gone_from_the_table(store, database):
    blob = seal_blob("name", b"NAMA-RAHASIA", bytes(32))
    fill(store, 1, blobs=[blob])
    assert store.erase(blob_digest(blob))
    assert database.run("SELECT count(*) FROM blob") == [(0,)]


def test_copy_is_a_sqlite_ledger_of_this_log_alone_with_the_same_bytes(store, database, tmp_path):
    with closing(database.store(OTHER)) as other:
        other.create(OTHER)
        fill(other, 2)
    fill(store, 700, data={"host": "srv01", "objects": ["file:/a"]}, blobs=[seal_blob("reason", b"x", bytes(32))])
    head = store.head()
    assert store.copy_to(tmp_path / "copy.db") == head
    with closing(SqlStore(f"sqlite:///{tmp_path / 'copy.db'}")) as copy:
        assert (copy.log, copy.copied_at, store.copied_at) == (ORIGIN, 700, 0)
        assert list(copy.bodies()) == list(store.bodies())
        assert copy.differences() == []
