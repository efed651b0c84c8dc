"""Adapters beside the store: clock, key files, the checkpoint folder, the witness's memory."""

from __future__ import annotations

import os
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sopti_runner.adapters.clock_system import BOOT_ID, SystemClock
from sopti_runner.adapters.log_key import LogKey, WitnessKey
from sopti_runner.adapters.sink_directory import DirectorySink
from sopti_runner.adapters.witness_state import WitnessStateFile
from sopti_runner.domain.ledger.checkpoint import Checkpoint, read_checkpoint
from sopti_runner.domain.ledger.event import leaf_hash
from sopti_runner.domain.ledger.merkle import Tree
from sopti_runner.domain.ledger.note import open_note, parse_vkey
from sopti_runner.domain.ledger.witness import AddCheckpoint, WitnessState, judge_checkpoint
from sopti_runner.errors import IntegrityError, LedgerError, ReportError
from tests.fakes import ORIGIN, START, FakeLogKey, FakeSink, FakeWitnessKey
from tests.plain_reader import as_plain_reader

TEXT = str(Checkpoint(ORIGIN, 5, bytes(range(32))))
TREE = Tree(leaf_hash(b"%d" % i) for i in range(60))


def test_clock_reads_utc_boot_and_a_clock_that_goes_on():
    first, second = SystemClock().now(), SystemClock().now()
    assert first.time.tzinfo is UTC
    assert abs((datetime.now(UTC) - second.time).total_seconds()) < 60
    assert first.boot == second.boot == BOOT_ID.read_text().strip()
    assert 0 < first.mono <= second.mono < 2**53


# Keys


def test_log_key_made_is_for_its_owner_only_and_signs(tmp_path):
    path = tmp_path / "log.key"
    made = LogKey.create(path, ORIGIN)
    loaded = LogKey.load(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert loaded.vkey == made.vkey
    assert loaded.name == ORIGIN
    assert open_note(f"{TEXT}\n{loaded.sign(TEXT)}", [parse_vkey(made.vkey)])


def test_witness_key_made_cosigns(tmp_path):
    key = WitnessKey.create(tmp_path / "witness.key", "pt-contoh.example/saksi")
    _, (signature,) = open_note(f"{TEXT}\n{key.cosign(TEXT, START)}", [parse_vkey(key.vkey)])
    assert signature.time == START
    assert WitnessKey.load(tmp_path / "witness.key").vkey == key.vkey


def test_key_is_never_overwritten(tmp_path):
    path = tmp_path / "log.key"
    LogKey.create(path, ORIGIN)
    before = path.read_bytes()
    with pytest.raises(LedgerError):
        LogKey.create(path, ORIGIN)
    assert path.read_bytes() == before


def test_key_with_a_name_that_notes_cannot_hold_is_not_made(tmp_path):
    with pytest.raises(LedgerError):
        LogKey.create(tmp_path / "log.key", "a b")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_key_that_others_may_use_is_refused(tmp_path, mode):
    path = tmp_path / "log.key"
    LogKey.create(path, ORIGIN)
    path.chmod(mode)
    with pytest.raises(LedgerError) as error:
        LogKey.load(path).sign(TEXT)
    assert (error.value.exit_code, error.value.next) == (11, f"chmod 0600 {path}")


def test_key_missing_damaged_or_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "log.key"
    with pytest.raises(LedgerError):
        LogKey.load(path).vkey  # noqa: B018  reading the property is what refuses
    WitnessKey.create(path, ORIGIN)
    with pytest.raises(LedgerError):
        LogKey.load(path).sign(TEXT)
    good = path.read_text()
    for text in (
        "",
        "nonsense",
        good[:-9],
        good.replace("pn-contoh", "pa-contoh"),
        good.replace("+04", "+05", 1) + "x",
    ):
        path.write_text(text)
        with pytest.raises(LedgerError):
            WitnessKey.load(path).cosign(TEXT, START)


def test_key_file_is_read_by_go_style_fields(tmp_path):
    path = tmp_path / "log.key"
    key = LogKey.create(path, ORIGIN)
    fields = path.read_text().strip().split("+", 4)
    assert fields[:3] == ["PRIVATE", "KEY", ORIGIN]
    assert fields[3] == parse_vkey(key.vkey).id.hex()


# The folder of checkpoints


@pytest.fixture
def share(tmp_path):
    folder = tmp_path / "share"
    folder.mkdir()
    return folder


def newest(sink, origin):
    return next((read_checkpoint(note).size for note in sink.newest(origin)), 0)


SINKS = {"folder": DirectorySink, "memory": lambda folder: FakeSink()}


@pytest.mark.parametrize("kind", SINKS)
def test_sink_keeps_notes_and_knows_the_largest(share, kind):
    sink, key = SINKS[kind](share), FakeLogKey()
    assert newest(sink, ORIGIN) == 0
    for size in (5, 20, 9):
        assert sink.publish(ORIGIN, size, key.note(size, TREE.root(size)))
    assert newest(sink, ORIGIN) == 20
    assert newest(sink, "other.example/log") == 0


def test_sink_note_arrives_byte_for_byte_and_nothing_else_is_left(share):
    note = FakeLogKey().note(5, TREE.root(5))
    where = DirectorySink(share).publish(ORIGIN, 5, note)
    assert Path(where).read_bytes() == note.encode()
    assert [path.name for path in Path(where).parent.iterdir()] == ["5.note"]
    assert Path(where).parent.name == "sopti.pn-contoh.example%2Fledger"


def test_sink_same_note_again_and_with_a_cosignature_are_joined(share):
    sink, key, witness = DirectorySink(share), FakeLogKey(), FakeWitnessKey()
    note = key.note(5, bytes(range(32)))
    for one in (note, note, note + witness.cosign(TEXT, START), note):
        where = sink.publish(ORIGIN, 5, one)
    assert Path(where).read_text() == note + witness.cosign(TEXT, START)


def test_sink_never_replaces_a_note_by_another_history(share):
    sink, key = DirectorySink(share), FakeLogKey()
    where = sink.publish(ORIGIN, 5, key.note(5, TREE.root(5)))
    before = Path(where).read_bytes()
    with pytest.raises(ReportError) as error:
        sink.publish(ORIGIN, 5, key.note(5, bytes(32)))
    assert "two histories" in error.value.found
    assert Path(where).read_bytes() == before


def test_sink_without_its_folder_says_that_nothing_left_the_machine(tmp_path):
    sink = DirectorySink(tmp_path / "unmounted")
    with pytest.raises(ReportError) as error:
        sink.publish(ORIGIN, 5, FakeLogKey().note(5, bytes(32)))
    assert error.value.exit_code == 15
    assert not (tmp_path / "unmounted").exists()
    assert newest(sink, ORIGIN) == 0


@pytest.mark.parametrize("kind", ["pipe", "socket", "link", "link to nothing", "endless"])
def test_sink_neither_waits_nor_follows_where_a_note_should_be(share, kind):
    sink, note = DirectorySink(share), FakeLogKey().note(5, TREE.root(5))
    folder = Path(sink.publish(ORIGIN, 5, note)).parent
    (share / "elsewhere").write_text(FakeLogKey().note(9, TREE.root(9)))
    strange = folder / "9.note"
    if kind == "pipe":
        os.mkfifo(strange)
    elif kind == "socket":
        os.mknod(strange, stat.S_IFSOCK | 0o600)
    else:
        strange.symlink_to({"link": share / "elsewhere", "link to nothing": share / "gone"}.get(kind, "/dev/zero"))
    assert newest(sink, ORIGIN) == 5
    with pytest.raises(ReportError):
        sink.publish(ORIGIN, 9, FakeLogKey().note(9, TREE.root(9)))
    assert sink.notes(ORIGIN) == [(5, note), (9, "")]
    assert not (share / "gone").exists()


NOTES = """
import sys, pathlib
from sopti_runner.adapters.sink_directory import DirectorySink
from sopti_runner.errors import ReportError
try:
    print([(size, len(note)) for size, note in DirectorySink(pathlib.Path(sys.argv[1])).notes(sys.argv[2])])
except ReportError as error:
    print(error.on, error.found)
"""


def test_sink_note_that_may_not_be_read_hides_none_of_the_others(share):
    sink, note = DirectorySink(share), FakeLogKey().note(5, TREE.root(5))
    locked = Path(sink.publish(ORIGIN, 5, note)).with_name("9.note")
    locked.touch(mode=0o000)
    assert as_plain_reader(NOTES, share, ORIGIN) == f"{[(5, len(note)), (9, 0)]}\n"


def test_sink_folder_that_may_not_be_read_is_not_taken_for_an_empty_one(share):
    folder = Path(DirectorySink(share).publish(ORIGIN, 5, FakeLogKey().note(5, TREE.root(5)))).parent
    folder.chmod(0o000)
    said = as_plain_reader(NOTES, share, ORIGIN)
    folder.chmod(0o700)
    assert said == f"{folder} Permission denied\n"


def test_sink_that_holds_bytes_instead_of_a_note_says_so(share):
    sink, note = DirectorySink(share), FakeLogKey().note(5, TREE.root(5))
    Path(sink.publish(ORIGIN, 5, note)).write_bytes(b"\xff\xfe")
    with pytest.raises(ReportError):
        sink.publish(ORIGIN, 5, note)


def test_sink_counts_only_readable_notes_of_this_log(share):
    sink, key = DirectorySink(share), FakeLogKey()
    folder = Path(sink.publish(ORIGIN, 5, key.note(5, bytes(32)))).parent
    (folder / "9.note").write_text("half a no")
    (folder / "11.note").write_text(FakeLogKey("other.example/log").note(11, bytes(32)))
    (folder / "12.note").write_text(key.note(8, bytes(32)))
    (folder / "x.note").write_text(key.note(30, bytes(32)))
    (folder / "13.note").write_bytes(b"\xff\xfe")
    assert newest(sink, ORIGIN) == 5


# The witness's memory


def asked(old, new, tree=TREE):
    request = AddCheckpoint(old, tuple(tree.consistency(old, new)), FakeLogKey().note(new, tree.root(new)))
    return lambda state: judge_checkpoint(state, request, origin=ORIGIN, keys=[FakeLogKey().verifier])


def test_witness_remembers_across_restarts_and_refuses_rollback(tmp_path):
    path = tmp_path / "witness.json"
    assert WitnessStateFile(path).decide(ORIGIN, asked(0, 30)).accepted
    again = WitnessStateFile(path)
    assert again.decide(ORIGIN, asked(0, 30)).status == 409
    assert again.decide(ORIGIN, asked(20, 25)).remembered == 30
    assert again.decide(ORIGIN, asked(30, 60)).accepted
    assert again.remembered(ORIGIN) == WitnessState(60, TREE.root(60))
    assert again.remembered("other.example/log") == WitnessState()
    assert path.stat().st_mode & 0o777 == 0o600


def test_witness_forgets_nothing_of_other_logs(tmp_path):
    memory = WitnessStateFile(tmp_path / "witness.json")
    memory.decide("other.example/log", asked(0, 7))
    memory.decide(ORIGIN, asked(0, 30))
    assert memory.remembered("other.example/log").size == 7


def test_witness_judges_one_request_at_a_time(tmp_path):
    path, statuses = tmp_path / "witness.json", []

    def ask():
        statuses.append(WitnessStateFile(path).decide(ORIGIN, asked(0, 30)).status)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 7


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"v":2,"logs":{}}',
        '{"v":1,"logs":{"a":{"size":1}}}',
        '{"v":1,"logs":{"a":{"size":-1,"root":""}}}',
    ],
)
def test_witness_with_a_damaged_memory_refuses_to_go_on(tmp_path, text):
    path = tmp_path / "witness.json"
    path.write_text(text)
    with pytest.raises(IntegrityError) as error:
        WitnessStateFile(path).decide(ORIGIN, asked(0, 30))
    assert error.value.exit_code == 12
    assert path.read_text() == text


def test_witness_without_a_folder_to_remember_in_refuses(tmp_path):
    with pytest.raises(LedgerError):
        WitnessStateFile(tmp_path / "no" / "witness.json").decide(ORIGIN, asked(0, 30))
