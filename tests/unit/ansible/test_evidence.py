from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest

from sopti_runner.adapters.ansible.evidence import EvidenceFile, EvidenceTail, keyed_digest
from sopti_runner.adapters.ansible.hmac_key import key_id, load_or_create
from sopti_runner.adapters.ansible.stop_mark import StopMark
from sopti_runner.errors import IntegrityError


def _write(path: Path, writer: int, count: int) -> None:
    for i in range(count):
        EvidenceFile(path).append({"e": "x", "writer": writer, "i": i, "pad": "é" * 3000}, sync=False)


def test_append_many_writers_keeps_every_line_whole_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, writer, 50)) for writer in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    lines = list(EvidenceFile(path).lines())
    assert len(lines) == 200
    for writer in range(4):
        assert [line["i"] for line in lines if line["writer"] == writer] == list(range(50))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_tail_torn_line_is_given_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    tail = EvidenceTail(path)
    assert list(tail.take()) == []
    path.write_bytes(b'{"e":1}\n{"e":')
    assert list(tail.take()) == [{"e": 1}]
    with path.open("ab") as stream:
        stream.write(b"2}\n")
    assert list(tail.take()) == [{"e": 2}]


def test_keyed_digest_differs_by_key_and_use() -> None:
    digests = {keyed_digest(key, use, "x") for key in (b"a", b"b") for use in ("args", "side")}
    assert len(digests) == 4
    assert keyed_digest(b"a", "args", "\udcff")


def test_load_or_create_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "hmac.key"
    key = load_or_create(path)
    assert len(key) == 32
    assert load_or_create(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(key_id(key)) == 16


@pytest.mark.parametrize("damage", ["short", "open"])
def test_load_damaged_key_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "hmac.key"
    load_or_create(path)
    if damage == "short":
        path.write_bytes(b"x")
    else:
        path.chmod(0o644)
    with pytest.raises(IntegrityError):
        load_or_create(path)


def test_append_after_a_torn_line_begins_anew_and_the_torn_one_never_counts(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    EvidenceFile(path).append({"e": "intent"})
    with path.open("ab") as stream:
        stream.write(b'{"e":"result","host":"web1","ou')
    EvidenceFile(path).append({"e": "result", "host": "web1", "n": 1})
    assert list(EvidenceFile(path).lines()) == [{"e": "intent"}, {"e": "result", "host": "web1", "n": 1}]


def test_append_on_a_full_disk_raises_and_leaves_no_line() -> None:
    with pytest.raises(OSError, match="No space left"):
        EvidenceFile(Path("/dev/full")).append({"e": "intent"})


def test_results_of_gives_one_host_alone(tmp_path: Path) -> None:
    evidence = EvidenceFile(tmp_path / "evidence.jsonl")
    assert list(evidence.results_of("web1")) == []
    for kind, host in (("intent", "web1"), ("result", "web1"), ("result", "web10"), ("result", "wéb")):
        evidence.append({"e": kind, "host": host, "n": host})
    assert [line["n"] for host in ("web1", "wéb") for line in evidence.results_of(host)] == ["web1", "wéb"]


def test_stop_mark_stops_for_good_and_a_missing_folder_is_a_stop(tmp_path: Path) -> None:
    mark = StopMark(tmp_path / "go")
    assert mark.stopped
    mark.permit()
    assert not mark.stopped
    mark.stop()
    mark.stop()
    assert mark.stopped
    assert StopMark(tmp_path / "gone" / "go").stopped
