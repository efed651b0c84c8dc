"""What every ledger store must do, run against each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.domain.ledger.checkpoint import Checkpoint
from sopti_runner.domain.ledger.event import Actor, blob_digest, leaf_hash, parse, seal_blob
from sopti_runner.domain.ledger.merkle import EMPTY_ROOT, Tree
from sopti_runner.errors import IntegrityError, LedgerError, RefusedError
from sopti_runner.ports import LedgerStore
from tests.fakes import ORIGIN, Drafts, FakeClock, FakeLogKey, MemoryStore

STORES = {
    "memory": lambda wanted: MemoryStore(),
    "sqlite": lambda wanted: SqlStore(f"sqlite:///{wanted('tmp_path') / 'ledger.db'}"),
    "postgresql": lambda wanted: wanted("ledger_database").store(),
}


@pytest.fixture(params=STORES)
def empty(request):
    store = STORES[request.param](request.getfixturevalue)
    yield store
    if hasattr(store, "close"):
        store.close()


@pytest.fixture
def store(empty) -> LedgerStore:
    empty.create(ORIGIN)
    return empty


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def draft(clock):
    return Drafts(clock)


def test_head_before_create_refuses(empty):
    with pytest.raises(LedgerError):
        empty.head()


def test_head_after_create_is_the_empty_tree(store):
    head = store.head()
    assert (head.size, head.leaf, head.root) == (0, bytes(32), EMPTY_ROOT)
    assert store.log == ORIGIN


def test_create_of_a_log_that_holds_events_refuses(store, draft, clock):
    store.create(ORIGIN)  # a founding that was cut off is done again
    store.append([draft()], clock.now())
    with pytest.raises(IntegrityError):
        store.create(ORIGIN)
    assert store.head().size == 1


def test_append_gives_events_in_their_place(store, draft, clock):
    first, second = store.append([draft(), draft()], clock.now())
    assert (first.seq, first.prev, first.log, first.time) == (0, bytes(32), ORIGIN, clock.time)
    assert (second.seq, second.prev) == (1, first.leaf)
    assert (second.boot, second.mono) == ("b-1", 1_000_000)
    assert store.head().leaf == second.leaf


def test_append_what_is_given_back_is_what_is_read(store, draft, clock):
    data = {"hosts": ["srv01", "srv02"], "n": 7, "inner": {"é": None, "on": True}}
    actor = Actor("p-1", "secretary:definitive", "SHA256:x")
    appended = store.append([draft("run.started", "r-9", data, actor=actor)], clock.now())
    assert tuple(store.events()) == appended
    assert parse(next(store.bodies())) == appended[0]
    assert appended[0].data == data


def test_append_a_tuple_in_data_is_given_back_as_a_list(store, draft, clock):
    (event,) = store.append([draft(data={"hosts": ("a", "b")})], clock.now())
    assert event.data == {"hosts": ["a", "b"]}
    assert tuple(store.events()) == (event,)


def test_append_nothing_changes_nothing(store, clock):
    assert store.append([], clock.now()) == ()
    assert store.head().size == 0


def test_append_root_is_the_rfc_6962_root_over_the_bodies(store, draft, clock):
    for count in (1, 2, 5, 13):
        store.append([draft() for _ in range(count)], clock.now())
        assert store.head().root == Tree(map(leaf_hash, store.bodies())).root()
    assert list(store.leaves()) == [leaf_hash(body) for body in store.bodies()]


def test_append_same_draft_again_gives_the_same_event(store, draft, clock):
    retried = draft(data={"claims": [["approval", "a-1"]]})
    first = store.append([retried], clock.now())
    clock.move(seconds=5)
    assert store.append([retried], clock.now(), expect_size=0) == first
    assert store.head().size == 1


def test_append_some_known_some_new_adds_only_the_new(store, draft, clock):
    known, new = draft(), draft()
    store.append([known], clock.now())
    events = store.append([known, new, new], clock.now())
    assert [event.seq for event in events] == [0, 1, 1]
    assert store.head().size == 2


def test_append_known_id_for_another_event_refuses(store, draft, clock):
    known = draft("request.registered")
    store.append([known], clock.now())
    other = type(known)(known.id, "request.approved", known.subject, known.actor)
    with pytest.raises(IntegrityError):
        store.append([other], clock.now())
    assert store.head().size == 1


def test_append_same_id_twice_in_a_batch_with_other_words_refuses(store, draft, clock):
    one = draft("request.registered")
    other = type(one)(one.id, "request.approved", one.subject, one.actor)
    with pytest.raises(IntegrityError):
        store.append([one, other], clock.now())
    assert store.head().size == 0


def test_append_at_another_size_than_expected_refuses(store, draft, clock):
    store.append([draft()], clock.now(), expect_size=0)
    with pytest.raises(RefusedError):
        store.append([draft()], clock.now(), expect_size=0)
    assert store.head().size == 1


def test_append_taken_claim_refuses_the_whole_batch(store, draft, clock):
    def take():
        return draft("run.started", data={"claims": [["approval", "a-1"]]})

    store.append([take()], clock.now())
    with pytest.raises(RefusedError) as refused:
        store.append([draft(), take()], clock.now())
    assert refused.value.on == "a-1"
    assert store.head().size == 1
    assert store.append([draft("run.started", data={"claims": [["approval", "a-2"]]})], clock.now())[0].seq == 1


def test_append_same_claim_twice_in_one_batch_refuses(store, draft, clock):
    def take():
        return draft("run.started", data={"claims": [["approval", "a-1"]]})

    with pytest.raises(RefusedError):
        store.append([take(), take()], clock.now())
    assert store.head().size == 0


def started(draft, *hosts):
    return draft("run.started", data={"hosts": list(hosts)})


def test_append_leased_host_refuses_the_whole_batch_until_its_run_ends(store, draft, clock):
    first = store.append([started(draft, "web1", "web2")], clock.now())[0]
    with pytest.raises(RefusedError) as refused:
        store.append([draft(), started(draft, "db1", "web2")], clock.now())
    assert refused.value.on == "web2"
    assert store.head().size == 1
    store.append([started(draft, "db1")], clock.now())  # runs on other hosts go on beside
    store.append([draft("run.finished", data={"run": first.id})], clock.now())
    assert store.append([started(draft, "web2")], clock.now())[0].seq == 3
    assert list(store.differences()) == []


def test_append_run_that_ends_frees_its_hosts_within_one_batch(store, draft, clock):
    first = started(draft, "web1")
    batch = [first, draft("run.finished", data={"run": first.id}), started(draft, "web1")]
    assert len(store.append(batch, clock.now())) == 3
    with pytest.raises(RefusedError):
        store.append([started(draft, "web1"), started(draft, "web1")], clock.now())


def test_append_start_again_gives_the_same_event_though_its_hosts_are_leased(store, draft, clock):
    once = started(draft, "web1")
    assert store.append([once], clock.now()) == store.append([once], clock.now())
    assert list(store.rebuild()) == []


def test_events_by_type_prefix_subject_and_start(store, draft, clock):
    for type_, subject in [
        ("request.registered", "r-1"),
        ("request.approved", "r-1"),
        ("requested_else.done", "r-1"),
        ("run.started", "r-2"),
        ("run.finished", "r-2"),
    ]:
        store.append([draft(type_, subject)], clock.now())

    def seqs(*args, **wanted):
        return [event.seq for event in store.events(*args, **wanted)]

    assert seqs() == [0, 1, 2, 3, 4]
    assert seqs(2) == [2, 3, 4]
    assert seqs(types=["request.*"]) == [0, 1]
    assert seqs(types=["request.approved", "run.*"]) == [1, 3, 4]
    assert seqs(subject="r-2") == [3, 4]
    assert seqs(1, types=["request.*"], subject="r-1") == [1]


def test_events_more_than_a_page_come_in_order(store, draft, clock):
    store.append([draft() for _ in range(1203)], clock.now())
    assert [event.seq for event in store.events()] == list(range(1203))
    assert sum(1 for _ in store.bodies(700)) == 503


def test_events_while_appending_sees_what_is_appended(store, draft, clock):
    store.append([draft() for _ in range(3)], clock.now())
    seen = []
    for event in store.events():
        seen.append(event.seq)
        if event.seq == 0:
            store.append([draft()], clock.now())
    assert seen[:3] == [0, 1, 2]
    assert store.head().size == 4


def test_touching_finds_the_changes_of_one_object(store, draft, clock):
    def done(host, *objects):
        return draft("task.finished", data={"host": host, "objects": list(objects)})

    store.append([done("srv01", "file:/etc/motd", "unit:ssh"), done("srv02", "file:/etc/motd")], clock.now())
    store.append([done("srv01", "file:/etc/motd", "file:/etc/motd")], clock.now())
    store.append([draft("read.finished", data={"host": "srv01", "objects": ["file:/etc/motd"]})], clock.now())
    assert [event.seq for event in store.touching("srv01", "file:/etc/motd")] == [0, 2]
    assert [event.seq for event in store.touching("srv02", "unit:ssh")] == []


def test_blob_is_given_back_until_it_is_erased(store, draft, clock):
    blob = seal_blob("reason", "alasan – é".encode(), bytes(range(32)))
    (event,) = store.append([draft(blobs=[blob])], clock.now())
    (ref,) = event.blobs
    assert (ref.name, ref.size, ref.digest) == ("reason", len(blob.content), blob_digest(blob))
    assert store.blob(ref.digest) == blob
    assert store.erase(ref.digest)
    assert store.blob(ref.digest) is None
    assert not store.erase(ref.digest)
    assert store.head().root == Tree(map(leaf_hash, store.bodies())).root()


def test_blob_of_a_retried_draft_stays_erased(store, draft, clock):
    blob = seal_blob("reason", b"x", bytes(32))
    retried = draft(blobs=[blob])
    store.append([retried], clock.now())
    store.erase(blob_digest(blob))
    store.append([retried], clock.now())
    assert store.blob(blob_digest(blob)) is None


def test_same_blob_in_two_events_is_kept_once(store, draft, clock):
    blob = seal_blob("plan", b"x", bytes(32))
    store.append([draft(blobs=[blob]), draft(blobs=[blob])], clock.now())
    store.append([draft(blobs=[blob])], clock.now())
    assert store.blob(blob_digest(blob)) == blob


def test_checkpoints_are_kept_by_size_and_cosignatures_joined(store, draft, clock):
    key, other = FakeLogKey(), FakeLogKey(seed=2)
    for _ in range(2):
        store.append([draft()], clock.now())
        head = store.head()
        store.save_checkpoint(head.size, key.note(head.size, head.root))
    head = store.head()
    text = str(Checkpoint(ORIGIN, head.size, head.root))
    store.save_checkpoint(head.size, f"{text}\n{other.sign(text)}")
    (one, _), (two, joined) = store.checkpoints()
    assert (one, two) == (1, 2)
    assert joined == f"{text}\n{key.sign(text)}{other.sign(text)}"


def test_checkpoint_kept_by_several_at_once_is_kept_once(store, draft, clock):
    for _ in range(10):
        store.append([draft()], clock.now())
        head = store.head()
        note = FakeLogKey().note(head.size, head.root)
        with ThreadPoolExecutor(4) as several:
            done = [several.submit(store.save_checkpoint, head.size, note) for _ in range(4)]
        assert [each.exception() for each in done] == [None] * 4
    assert [size for size, _note in store.checkpoints()] == list(range(1, 11))


@pytest.mark.parametrize(
    ("origin", "size", "root"), [(ORIGIN, 1, b"\1" * 32), (ORIGIN, 2, bytes(32)), ("other.example/log", 1, bytes(32))]
)
def test_checkpoint_of_another_root_size_or_log_refuses(store, draft, clock, origin, size, root):
    store.append([draft()], clock.now())
    store.save_checkpoint(1, FakeLogKey().note(1, bytes(32)))
    with pytest.raises(IntegrityError):
        store.save_checkpoint(1, FakeLogKey(origin).note(size, root))
    assert len(store.checkpoints()) == 1


def test_rebuild_of_a_sound_store_differs_nowhere(store, draft, clock):
    store.append([draft("run.started", data={"claims": [["approval", "a-1"]]}), draft()], clock.now())
    before = store.head()
    assert list(store.differences()) == []
    assert list(store.rebuild()) == []
    assert store.head() == before
    with pytest.raises(RefusedError):
        store.append([draft("run.started", data={"claims": [["approval", "a-1"]]})], clock.now())
