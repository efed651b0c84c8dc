"""What a backup saves: a consistent copy of the ledger that says it is one, and everything else but what is passing."""

import json
import stat
import threading

import pytest

from sopti_runner.adapters.state_copy import StateCopy
from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.errors import LedgerError, RefusedError
from tests.fakes import ORIGIN, Drafts, FakeClock


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "log.key").write_text("kunci")
    (folder / "errands").mkdir()
    (folder / "snapshots").mkdir()
    return folder


@pytest.fixture
def store(state):
    made = SqlStore(f"sqlite:///{state / 'ledger.db'}")
    made.create(ORIGIN)
    made.append([Drafts()()], FakeClock().now())
    yield made
    made.close()


def copier(state, store, **others):
    return StateCopy(state, store.copy_to, others)


def test_copy_holds_the_ledger_and_says_that_it_is_a_copy(state, store):
    with copier(state, store).staged({"log": ORIGIN}) as staged:
        copy = SqlStore(f"sqlite:///{staged.ledger}")
        assert copy.head() == store.head()
        assert (copy.copied_at, store.copied_at) == (1, 0)
        assert list(copy.bodies()) == list(store.bodies())
        assert copy.differences() == []
        copy.close()
        assert stat.S_IMODE((state / "backup/ledger.db").stat().st_mode) == 0o600
        manifest = json.loads((state / "backup/manifest.json").read_text())
        assert (manifest["size"], manifest["root"], manifest["log"]) == (1, staged.root.hex(), ORIGIN)
        assert set(staged.paths) == {str(state / name) for name in ("backup", "log.key", "snapshots")}
    assert list((state / "backup").iterdir()) == []


def test_copy_names_what_lies_elsewhere_when_it_is_there(state, store, tmp_path):
    inventory = tmp_path / "inventory"
    inventory.mkdir()
    link = tmp_path / "current"
    link.symlink_to(inventory)
    with copier(state, store, inventory=link, settings=tmp_path / "none.toml").staged({}) as staged:
        assert str(inventory) in staged.paths
        places = json.loads((state / "backup/manifest.json").read_text())["places"]
        assert set(places) == {"state", "copy", "inventory"}


def test_second_backup_at_the_same_time_is_refused(state, store):
    with copier(state, store).staged({}), pytest.raises(RefusedError), copier(state, store).staged({}):
        pass
    with copier(state, store).staged({}):
        pass


def test_what_a_killed_backup_left_is_no_hindrance(state, store):
    (state / "backup").mkdir()
    (state / "backup/ledger.db").write_text("half a copy")
    with copier(state, store).staged({}) as staged:
        assert staged.size == 1


def test_copy_taken_while_others_write_is_one_moment_of_the_ledger(state, store):
    drafts, done = Drafts(), threading.Event()
    drafts.count = 1000
    other = SqlStore(f"sqlite:///{state / 'ledger.db'}")

    def write():
        while not done.is_set():
            other.append([drafts(subject="r-9") for _ in range(5)], FakeClock().now())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            with copier(state, store).staged({}) as staged:
                copy = SqlStore(f"sqlite:///{staged.ledger}")
                assert copy.differences() == []
                assert copy.head().size == staged.size == copy.copied_at
                copy.close()
    finally:
        done.set()
        writer.join()
        other.close()
    assert store.head().size > 1, "others did write meanwhile"


def test_ledger_that_is_gone_can_not_be_copied(state, store):
    store.head()
    store.close()
    for path in state.glob("ledger.db*"):
        path.unlink()
    with pytest.raises(LedgerError), copier(state, store).staged({}):
        pass
    assert list((state / "backup").iterdir()) == []
