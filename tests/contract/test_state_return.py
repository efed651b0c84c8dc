"""Putting a state back: on an empty machine only, the ledger last, and begun anew when it was cut off."""

import json
import shutil

import pytest

from sopti_runner.adapters.state_copy import StateCopy
from sopti_runner.adapters.state_return import StateFolderReturn
from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.errors import IntegrityError, RefusedError, UsageError
from tests.fakes import ORIGIN, Drafts, FakeClock

FACTS = {"log": ORIGIN, "vkey": "k", "made_at": "2026-11-02T01:00:00+00:00", "checkpoint": ""}


@pytest.fixture
def snapshot(tmp_path):
    """What a backup of a machine holds, as it was saved: absolute paths below a folder."""
    machine, kept = tmp_path / "old", tmp_path / "snapshot"
    state = machine / "var/lib/sopti"
    (state / "ssh").mkdir(parents=True)
    (state / "ssh/id_ed25519").write_text("old key")
    (state / "log.key").write_text("kunci")
    (machine / "inventory").mkdir()
    (machine / "inventory/web1.yml").write_text("servers: {}\n")
    (machine / "sopti.toml").write_text('lang = "id"\n')
    store = SqlStore(f"sqlite:///{state / 'ledger.db'}")
    store.create(ORIGIN)
    store.append([Drafts()()], FakeClock().now())
    others = {"inventory": machine / "inventory", "settings": machine / "sopti.toml"}
    with StateCopy(state, store.copy_to, others).staged(FACTS) as staged:
        for path in staged.paths:
            target = kept / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(path, target) if (tmp_path / path).is_dir() else shutil.copy2(path, target)
    store.close()
    return kept


@pytest.fixture
def place(tmp_path):
    new = tmp_path / "new"
    new.mkdir()
    ledger = new / "state/ledger.db"
    files = [ledger, *(ledger.with_name(ledger.name + end) for end in ("-wal", "-shm"))]
    return StateFolderReturn(new / "state", files, new / "inventory")


def put(place, snapshot):
    with place.room() as room:
        shutil.copytree(snapshot, room, dirs_exist_ok=True)
        return place.put(room)


def test_state_comes_back_whole(place, snapshot, tmp_path):
    new = tmp_path / "new"
    (new / "state/ssh").mkdir(parents=True)
    (new / "state/ssh/id_ed25519").write_text("key of the new installation")
    done = put(place, snapshot)
    assert (done.log, done.size, done.made_at) == (ORIGIN, 1, FACTS["made_at"])
    store = SqlStore(f"sqlite:///{new / 'state/ledger.db'}")
    assert (store.head().size, store.copied_at, store.differences()) == (1, 1, [])
    store.close()
    assert (new / "state/log.key").read_text() == "kunci"
    assert (new / "state/ssh/id_ed25519").read_text() == "old key"
    assert (new / "state/restored/before/ssh/id_ed25519").read_text() == "key of the new installation"
    assert (new / "inventory/web1.yml").read_text() == "servers: {}\n"
    assert (new / "state/restored/settings").read_text() == 'lang = "id"\n'
    assert {path.name for path in (new / "state").iterdir()} == {"ledger.db", "log.key", "ssh", "restored"}


@pytest.mark.parametrize("name", ["ledger.db", "ledger.db-wal", "log.key"])
def test_machine_that_is_not_empty_is_left_alone(place, snapshot, tmp_path, name):
    state = tmp_path / "new/state"
    state.mkdir()
    (state / name).write_text("somebody's own")
    with pytest.raises(UsageError):
        put(place, snapshot)
    assert [path.name for path in state.iterdir()] == [name]
    assert (state / name).read_text() == "somebody's own"


def test_inventory_that_is_there_stays_and_the_saved_one_is_put_beside(place, snapshot, tmp_path):
    inventory = tmp_path / "new/inventory"
    inventory.mkdir()
    (inventory / "own.yml").write_text("ours\n")
    done = put(place, snapshot)
    assert [path.name for path in inventory.iterdir()] == ["own.yml"]
    assert str(tmp_path / "new/state/restored/inventory") in done.beside


def bent_ledger(kept):
    (path,) = kept.rglob("backup/ledger.db")
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def without_key(kept):
    (path,) = kept.rglob("log.key")
    path.unlink()


def without_manifest(kept):
    (path,) = kept.rglob("backup/manifest.json")
    path.unlink()


def leading_out(kept):
    (path,) = kept.rglob("backup/manifest.json")
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "places": {**told["places"], "state": "/../../etc"}}))


@pytest.mark.parametrize("bend", [bent_ledger, without_key, without_manifest, leading_out])
def test_snapshot_that_is_not_whole_leaves_the_machine_empty(place, snapshot, tmp_path, bend):
    bend(snapshot)
    with pytest.raises(IntegrityError):
        put(place, snapshot)
    assert list((tmp_path / "new/state").iterdir()) == []


def test_restoration_that_was_cut_off_begins_anew(place, snapshot, tmp_path):
    state = tmp_path / "new/state"
    state.mkdir()
    (state / "restoring").mkdir()
    (state / "restoring/half").write_text("half a snapshot")
    (state / "restoring.begun").touch()
    (state / "log.key").write_text("kunci")
    put(place, snapshot)
    assert (state / "ledger.db").exists()
    assert not (state / "restoring.begun").exists()
    assert not (state / "restoring").exists()


def test_two_restorations_at_once_are_refused(place, snapshot):
    with place.room(), pytest.raises(RefusedError), place.room():
        pass
