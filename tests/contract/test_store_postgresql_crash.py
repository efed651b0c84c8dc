"""A PostgreSQL server that dies or fails over while events are added: what was acknowledged is there, without a gap."""

from __future__ import annotations

import os
import signal
from contextlib import closing

import pytest

from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.domain.ledger.verify import audit
from sopti_runner.errors import LedgerError
from tests.contract.ledger_traffic import fill, writer
from tests.fakes import ORIGIN
from tests.postgres import Cluster
from tests.postgres.fixtures import skip_where_impossible

ROUNDS = 10 if os.environ.get("SOPTI_SOAK") else 1


@pytest.fixture(scope="module")
def server():
    """A server of these tests alone: they kill it."""
    skip_where_impossible()
    with Cluster.up() as cluster:
        yield cluster


@pytest.fixture
def database(server):
    database = server.database()
    with closing(database.store()) as store:
        store.create(ORIGIN)
    return database


def end_backends(server: Cluster) -> None:
    """Cut every connection, as a firewall or an administrator does."""
    server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sopti'")


def kill_backends(server: Cluster) -> None:
    """Kill the processes that serve sopti: the server then drops everybody and recovers by itself."""
    for (pid,) in server.run("SELECT pid FROM pg_stat_activity WHERE application_name = 'sopti'"):
        os.kill(pid, signal.SIGKILL)


ENDS = {
    "stopped": lambda server: server.stop("fast"),
    "crashed": lambda server: server.stop("immediate"),
    "killed": Cluster.kill,
}


@pytest.mark.parametrize("end", ENDS)
def test_server_that_ends_in_the_middle_of_appends_loses_no_acknowledged_event(server, database, end):
    acknowledged: list[str] = []
    for turn in range(ROUNDS):
        runner = writer(database.url, "numbered", str(turn))
        acknowledged += [runner.stdout.readline().strip() for _ in range(20 + 3 * turn)]
        ENDS[end](server)
        rest, _ = runner.communicate(timeout=120)
        *more, last = rest.splitlines()
        acknowledged += more
        assert last.startswith("refused 11 "), last
        assert "lost" in last or "reached" in last
        server.start()
        with closing(SqlStore(database.url)) as store:
            known = [event.id for event in store.events()]
            assert set(acknowledged) <= set(known)
            assert len(known) - len(acknowledged) <= turn + 1, "at most the one under way each time"
            assert (store.head().size, store.differences()) == (len(known), [])
            assert audit(store.bodies()).verdict == "self_consistent"
            fill(store, 1, day=2 * turn + 1)
            acknowledged += [event.id for event in store.events(len(known))]


@pytest.mark.parametrize("cut", [end_backends, kill_backends])
def test_connection_lost_in_the_middle_is_told_and_leaves_nothing_half_written(server, database, cut):
    with closing(SqlStore(database.url)) as store:
        fill(store)

        def lose():
            with store._write() as connection:
                connection.exec_driver_sql("UPDATE head SET frontier = ''")
                cut(server)
                connection.exec_driver_sql("SELECT 1")

        with pytest.raises(LedgerError) as error:
            lose()
        assert (error.value.exit_code, "was lost" in str(error.value)) == (11, True)
        server.wait()
        fill(store, 1, day=1)
        assert (store.head().size, store.differences()) == (4, [])


def test_standby_reads_refuses_to_write_and_holds_what_was_acknowledged_once_promoted(server, database):
    with server.standby() as standby:
        server.follow(standby)
        places = f"host={server.folder},{standby.folder}&port={server.port},{standby.port}"
        both = f"{database.url.replace(server.address, places)}&target_session_attrs=read-write"
        with closing(SqlStore(both)) as store:
            fill(store, 20)
            bodies = list(store.bodies())
            with closing(SqlStore(standby.moved(database.url, server))) as reader:
                assert len(list(reader.events())) == 20
                with pytest.raises(LedgerError) as error:
                    fill(reader, 1, day=1)
                assert (error.value.exit_code, "standby" in str(error.value)) == (11, True)
            server.kill()
            with pytest.raises(LedgerError):
                fill(store, 1, day=1)
            standby.promote()
            fill(store, 1, day=2)
            assert list(store.bodies())[:20] == bodies
            assert store.head().size == 21
            assert store.differences() == []
    server.start()
    server.unfollow()
