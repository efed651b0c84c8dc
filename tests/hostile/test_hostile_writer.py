"""Somebody with the database's own tools: what the guards refuse, and what verify finds once they are taken away."""

import sqlite3

import pytest

from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.errors import IntegrityError, RefusedError
from sopti_runner.services.books import Books
from sopti_runner.services.verifying import verify_ledger
from tests.hostile import flips
from tests.hostile.attacks import Scene
from tests.hostile.past_the_services import approval, drafted, prepared, signature

REFUSED = {
    "UPDATE event SET body = replace(body, 'changed', 'ok')": "never updated",
    "UPDATE event SET time = '2026-01-01T00:00:00.000000Z' WHERE seq = 5": "never updated",
    "DELETE FROM event WHERE seq = 40": "never deleted",
    "DELETE FROM event": "never deleted",
    "REPLACE INTO event SELECT log, 40, 'x', type, subject, time, body, leaf FROM event WHERE seq = 41": "replaced",
    "INSERT OR REPLACE INTO event SELECT log, 9999, id, type, subject, time, body, leaf FROM event LIMIT 1": "replaced",
    "DELETE FROM checkpoint WHERE size = 1": "are kept",
    "UPDATE head SET size = size - 1": "only grows",
}
CHANGES = {
    "event_not_updated": 'UPDATE event SET body = CAST(replace(CAST(body AS TEXT), \'"kind":"changed"\', '
    '\'"kind":"failed"\') AS BLOB) WHERE seq = 40',
    "event_not_deleted": "DELETE FROM event WHERE seq = 40",
    "event_not_replaced": "REPLACE INTO event SELECT log, seq, id, type, subject, time, "
    'CAST(replace(CAST(body AS TEXT), \'"kind":"changed"\', \'"kind":"failed"\') AS BLOB), leaf '
    "FROM event WHERE seq = 40",
}


@pytest.fixture
def file(house, tmp_path):
    return flips.settled(house.file, tmp_path / "ledger.db")


@pytest.fixture
def verified(house, file):
    def verify():
        store = SqlStore(f"sqlite:///{file}")
        try:
            return verify_ledger(Books(store, house.clock, house.log_key, [house.sink]), None)
        finally:
            store.close()

    return verify


def run(file, *statements):
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        for statement in statements:
            connection.execute(statement)
    finally:
        connection.close()


@pytest.mark.parametrize("statement", REFUSED)
def test_change_past_the_store_is_refused_by_a_guard(statement, file, verified):
    before = flips.decoded(file)
    with pytest.raises(sqlite3.IntegrityError, match=REFUSED[statement]):
        run(file, statement)
    assert flips.decoded(file) == before
    assert verified().verdict == "self_consistent"


@pytest.mark.parametrize("guard", CHANGES)
def test_change_after_the_guard_was_dropped_is_found_at_its_event(guard, file, verified):
    made = sqlite3.connect(file)
    (rule,) = made.execute("SELECT sql FROM sqlite_master WHERE name = ?", (guard,)).fetchone()
    made.close()
    run(file, f"DROP TRIGGER {guard}", CHANGES[guard], rule)
    found = verified()
    assert (found.verdict, found.first_bad in (39, 40)) == ("tampered", True), found.defects[:3]


@pytest.mark.parametrize("guard", [*CHANGES, "checkpoint_not_deleted", "head_not_shortened"])
def test_guard_that_is_gone_is_found(guard, file, verified):
    run(file, f"DROP TRIGGER {guard}")
    found = verified()
    assert [d.found for d in found.defects] == [f"trigger {guard}: it is not as sopti made it"]


def test_guard_that_does_something_else_is_found(file, verified):
    run(file, "CREATE TRIGGER quiet AFTER INSERT ON event BEGIN DELETE FROM claim; END")
    assert [d.found for d in verified().defects] == ["trigger quiet: it is not as sopti made it"]


def test_whole_ledger_of_an_older_day_is_found_by_the_share(house, file, verified):
    """A backup put back: nothing in it is wrong, and the share knows more."""
    flips.settled(house.folder / "late" / "ledger.db", file)
    found = verified()
    assert {d.code for d in found.defects} == {"tail_cut"}
    assert found.first_bad == found.size == house.witnessed[-1] + 1


def test_nothing_is_done_on_a_backup_while_the_share_shows_more(house, tmp_path):
    twin = house.twin(tmp_path, "late", share=True)
    twin.clock.move(hours=1)
    with pytest.raises(RefusedError) as refused:
        twin.register()
    assert [reason.code for reason in refused.value.reasons] == ["ledger_behind"]
    with pytest.raises(IntegrityError):
        twin.books.checkpoint()
    twin.store.close()


def test_share_that_can_not_be_read_is_said(house, file, tmp_path):
    from sopti_runner.adapters.sink_directory import DirectorySink

    store = SqlStore(f"sqlite:///{file}")
    found = verify_ledger(Books(store, house.clock, house.log_key, [DirectorySink(tmp_path / "gone")]), None)
    store.close()
    assert found.verdict == "self_consistent"
    assert any("could not be read" in str(remark) for remark in found.not_detectable)


@pytest.mark.parametrize("forged", ["operator", "stranger"])
def test_approval_written_into_the_database_starts_no_run(house, copy, tmp_path, forged):
    """Whoever may write rows writes an approval in the official's name; the gate reads the whole ledger first."""
    twin, request = prepared(Scene(house, copy, tmp_path / "forged"))
    waiting = approval(twin, request)
    proof = signature(twin, "sec", waiting, key="op" if forged == "operator" else "stranger")
    twin.store.append([drafted(twin, waiting, proof, "request.approved", waived=[])], twin.clock.now())
    assert twin.books.court().requests[request].state == "approved", "the row alone is believed when it is folded"
    before = dict(twin.engine.state)
    with pytest.raises(RefusedError) as refused:
        twin.apply(request)
    assert "ledger_unsound" in [reason.code for reason in refused.value.reasons]
    assert twin.engine.state == before
    twin.store.close()


def test_approved_run_on_the_same_court_starts(house, copy, tmp_path):
    twin, request = prepared(Scene(house, copy, tmp_path / "approved"), approved=True)
    assert twin.apply(request).outcome == "done"
    twin.store.close()
