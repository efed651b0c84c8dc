"""Random byte flips over every stored artefact: each is found, refused, or shown to have changed nothing.

SOPTI_SOAK=1 makes more than a thousand; by default a tenth of them, the same seeds each time.
"""

import os
import random
import shutil
from collections import Counter
from dataclasses import replace

import pytest

from sopti_runner.adapters.log_key import LogKey, WitnessKey
from sopti_runner.adapters.sink_directory import DirectorySink
from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.adapters.witness_state import WitnessStateFile
from sopti_runner.domain.ledger.checkpoint import Checkpoint
from sopti_runner.errors import IntegrityError, LedgerError, UsageError
from sopti_runner.services.books import Books
from sopti_runner.services.verifying import verify_ledger
from tests.hostile import flips
from tests.hostile.copies import read
from tests.hostile.court import ORIGIN

TIMES = 9 if os.environ.get("SOPTI_SOAK") == "1" else 1
FOUND, REFUSED, UNCHANGED = "found", "refused", "no stored artefact changed"
BESIDE = "only the README or the copy of the verifier, which are no evidence"

COUNTS = {
    "event.body": 20,
    "event.leaf": 3,
    "event.id": 2,
    "event.type": 2,
    "event.subject": 2,
    "event.time": 2,
    "event.log": 1,
    "event.seq": 1,
    "head.size": 1,
    "head.leaf": 2,
    "head.frontier": 3,
    "head.log": 1,
    "blob.salt": 3,
    "blob.content": 5,
    "blob.name": 2,
    "blob.digest": 2,
    "blob.log": 1,
    "checkpoint.note": 12,
    "checkpoint.size": 2,
    "checkpoint.log": 1,
    "claim.kind": 1,
    "claim.key": 2,
    "claim.seq": 1,
    "claim.log": 1,
    "object_change.host": 2,
    "object_change.object": 2,
    "object_change.seq": 1,
    "object_change.log": 1,
    "schema_version.version": 1,
}
"""Cell → flips; nine times as many in a soak."""


@pytest.fixture(scope="module")
def base(house, tmp_path_factory):
    return flips.settled(house.file, tmp_path_factory.mktemp("base") / "ledger.db")


@pytest.fixture(scope="module")
def held(base):
    return flips.decoded(base)


@pytest.fixture(scope="module")
def trust(house, trusts):
    return replace(trusts["newest"], witnesses=trusts["witness"].witnesses, quorum=1)


@pytest.fixture
def judge(house, base, held, trust, tmp_path):
    """Give a function that verifies a ledger's file as ``sopti ledger verify --trust`` does and names the outcome."""

    def judged(file, *, share=house.share, trust=trust, expected=held):
        store = SqlStore(f"sqlite:///{file}")
        try:
            found = verify_ledger(Books(store, house.clock, house.log_key, [DirectorySink(share)]), trust)
        except LedgerError as error:
            return REFUSED, str(error)
        finally:
            store.close()
        if found.verdict.value == "verified":
            assert flips.decoded(file) == expected, "a change that verify did not find"
            return UNCHANGED, found
        assert found.defects or found.gaps
        return FOUND, found

    return judged


@pytest.fixture
def flip(judge, base, tmp_path, record_property):
    """Give a function that flips and judges COUNT times and gives (outcome, place, verification) of each."""

    def many(kind, count, change, judge=judge):
        outcomes = []
        for number in range(count * TIMES):
            source = random.Random(f"{kind}-{number}")
            file = tmp_path / "ledger.db"
            for old in tmp_path.glob("ledger.db*"):
                old.unlink()
            shutil.copy(base, file)
            place = change(file, source)
            try:
                outcomes.append((*judge(file), place))
            except Exception as error:
                raise AssertionError(f"{kind}, flip {number}, at {place}: {error!r}") from error
        for outcome, times in Counter(outcome for outcome, _, _ in outcomes).items():
            record_property(f"{kind}: {outcome}", times)
        return outcomes

    return many


def test_untouched_ledger_is_verified(judge, base):
    outcome, found = judge(base)
    assert (outcome, found.defects, found.gaps) == (UNCHANGED, (), ())
    assert found.size >= 200


@pytest.mark.parametrize("cell", COUNTS)
def test_flip_in_a_row_is_found_or_refused(cell, flip, copy):
    table, column = cell.split(".")
    outcomes = flip(cell, COUNTS[cell], lambda file, source: flips.flip_cell(file, table, column, source))
    assert {outcome for outcome, _, _ in outcomes} <= {FOUND, REFUSED}
    if cell == "event.body":
        for outcome, found, seq in outcomes:
            assert outcome == FOUND
            assert_named(found, seq, len(copy.bodies))


def assert_named(found, seq, size):
    """Exactly the event that was changed; the one before when its link to it was; the last one by its checkpoint."""
    link = any(d.code == "prev_differs" and d.seq == seq - 1 for d in found.defects)
    end = seq == size - 1
    assert found.first_bad == (seq - 1 if link else seq) or (end and found.first_bad <= seq), found.defects[:4]


def test_flip_anywhere_in_the_file_is_found_or_changed_nothing(flip):
    outcomes = flip("file", 28, flips.flip_file)
    assert {outcome for outcome, _, _ in outcomes} >= {FOUND}


def test_flip_in_the_write_ahead_log_is_found_or_changed_nothing(flip, house, judge, trust, tmp_path):
    """A damaged write-ahead log is an end cut off: only a checkpoint from elsewhere tells."""
    kept = tmp_path / "kept.db"
    head = flips.with_log(house.file, kept, house.fact("read.finished", kind="x"), house.clock.now())
    note = Checkpoint(ORIGIN, head.size, head.root)
    share = tmp_path / "share"
    shutil.copytree(house.share, share)
    DirectorySink(share).publish(ORIGIN, head.size, f"{note}\n{house.log_key.sign(str(note))}")
    whole = flips.decoded(flips.settled(kept, tmp_path / "whole.db"))

    def change(file, source):
        for ending in ("", "-wal"):
            shutil.copy(kept.with_name(kept.name + ending), file.with_name(file.name + ending))
        return flips.flip_file(file.with_name(file.name + "-wal"), source)

    newest = replace(trust, known=note)
    outcomes = flip("wal", 5, change, lambda file: judge(file, share=share, trust=newest, expected=whole))
    assert {outcome for outcome, _, _ in outcomes} >= {FOUND}


def test_flip_in_a_note_on_the_share_is_found(flip, judge, house, tmp_path):
    def change(file, source):
        shutil.rmtree(tmp_path / "share", ignore_errors=True)
        shutil.copytree(house.share, tmp_path / "share")
        note = source.choice(sorted(tmp_path.glob("share/*/*.note")))
        return note.name, flips.flip_file(note, source)

    outcomes = flip("share", 9, change, lambda file: judge(file, share=tmp_path / "share"))
    assert {outcome for outcome, _, _ in outcomes} == {FOUND}


def test_flip_in_a_bundle_is_found_or_changed_nothing(flip, house, trust, tmp_path):
    whole = flips.exported(house.store, tmp_path / "whole.zip")
    expected, beside, bundle = flips.evidence(whole), flips.beside(whole), tmp_path / "shown.zip"

    def change(file, source):
        shutil.copy(whole, bundle)
        return flips.flip_file(bundle, source)

    def judge(_file):
        try:
            found = read(bundle, trust)
        except (IntegrityError, UsageError) as error:
            return REFUSED, str(error)
        if found.verdict.value == "verified":
            assert flips.evidence(bundle) == expected, "a change that the verifier did not find"
            return UNCHANGED if flips.beside(bundle) == beside else BESIDE, found
        return FOUND, found

    outcomes = flip("bundle", 20, change, judge)
    assert {outcome for outcome, _, _ in outcomes} >= {REFUSED}


@pytest.mark.parametrize("name", ["log.key", "witness.key"])
def test_flip_in_a_key_is_refused_or_its_signature_no_longer_fits(name, flip, house, tmp_path):
    kind = LogKey if name == "log.key" else WitnessKey
    folder = house.state if name == "log.key" else house.witness
    path = tmp_path / name

    def change(file, source):
        shutil.copy(folder / name, path)
        return flips.flip_file(path, source)

    def judge(_file):
        try:
            assert kind.load(path).vkey == kind.load(folder / name).vkey
        except LedgerError as error:
            return REFUSED, str(error)
        return UNCHANGED, None

    outcomes = flip(name, 4, change, judge)
    assert {outcome for outcome, _, _ in outcomes} >= {REFUSED}


def test_flip_in_a_witness_s_memory_is_refused_or_changed_nothing(flip, house, tmp_path):
    path = tmp_path / "memory.json"
    remembered = house.memory.remembered(ORIGIN)
    assert remembered.size == house.witnessed[-1]

    def change(file, source):
        shutil.copy(house.witness / "memory.json", path)
        return flips.flip_file(path, source)

    def judge(_file):
        try:
            assert WitnessStateFile(path).remembered(ORIGIN) == remembered
        except IntegrityError as error:
            return REFUSED, str(error)
        return UNCHANGED, None

    outcomes = flip("witness memory", 6, change, judge)
    assert {outcome for outcome, _, _ in outcomes} >= {REFUSED}


def test_flips_of_a_soak_are_more_than_a_thousand():
    assert 9 * (sum(COUNTS.values()) + 28 + 5 + 9 + 20 + 4 + 4 + 6) >= 1000
