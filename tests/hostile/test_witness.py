"""A witness that keeps state: by files, as the commands ask-witness, cosign and cosigned use them."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sopti_runner.adapters.log_key import LogKey, WitnessKey
from sopti_runner.adapters.witness_state import WitnessStateFile
from sopti_runner.domain.ledger.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from sopti_runner.domain.ledger.merkle import Tree
from sopti_runner.domain.ledger.note import parse_vkey
from sopti_runner.domain.ledger.witness import AddCheckpoint, parse_request
from sopti_runner.errors import RefusedError, UsageError
from sopti_runner.services.witnessing import accept_cosigned, ask_witness, cosign
from tests.fakes import ORIGIN as FAKE_ORIGIN
from tests.hostile.court import ORIGIN
from tests.hostile.witness_process import tree

ROOT = Path(__file__).parents[2]
ROUNDS = 25 if os.environ.get("SOPTI_SOAK") == "1" else 4
LEAVES = 3000


class Witness:
    """The witness's machine: nothing is kept between two answers but its folder.

    Args:
        folder: Holds ``witness.key`` and ``memory.json``.
        vkey: The log's key, from the witness's own copy.
    """

    def __init__(self, folder, vkey):
        self.folder, self.vkey = folder, vkey

    def answer(self, request):
        """Give the cosigned note, or the status of the refusal."""
        memory, key = WitnessStateFile(self.folder / "memory.json"), WitnessKey.load(self.folder / "witness.key")
        try:
            return cosign(request, vkey=self.vkey, memory=memory, key=key, now=datetime.now(UTC))
        except RefusedError as error:
            (reason,) = error.reasons
            return int(reason.code.removeprefix("witness_"))

    @property
    def remembers(self):
        return WitnessStateFile(self.folder / "memory.json").remembered(ORIGIN)


@pytest.fixture
def witness(house, tmp_path):
    shutil.copytree(house.witness, tmp_path / "witness-machine")
    return Witness(tmp_path / "witness-machine", house.log_key.vkey)


@pytest.fixture
def twins(house, tmp_path):
    made = []

    def twin(old=""):
        made.append(house.twin(tmp_path / f"court-{len(made)}", old))
        made[-1].clock.move(hours=1)
        return made[-1]

    yield twin
    for one in made:
        one.store.close()


def grown(twin, size):
    """Let a court's ledger grow beyond a size."""
    count = max(0, size + 5 - twin.store.head().size)
    twin.store.append([twin.fact("read.finished", kind="x", n=n) for n in range(count)], twin.clock.now())
    return twin


def test_honest_ledger_is_cosigned_and_kept(twins, witness):
    twin = twins()
    before = witness.remembers
    note = witness.answer(ask_witness(twin.books))
    checkpoint, signatures = open_checkpoint(note, [parse_vkey(twin.witness_key.vkey)])
    assert before.size < checkpoint.size == witness.remembers.size
    assert abs((datetime.now(UTC) - signatures[0].time).total_seconds()) < 300
    event = accept_cosigned(twin.books, note)
    assert event.data["size"] == checkpoint.size
    assert dict(twin.store.checkpoints())[checkpoint.size] == note


def test_backup_put_back_is_refused_and_the_size_is_named(house, twins, witness):
    twin, before = twins("early"), witness.remembers
    assert before.size == house.witnessed[-1]
    assert witness.answer(ask_witness(twin.books)) == 409
    with pytest.raises(UsageError, match="more than the ledger has"):
        ask_witness(twin.books, old=before.size)
    request = parse_request(ask_witness(twin.books))
    assert witness.answer(str(replace(request, old=before.size, proof=()))) == 400
    assert witness.remembers == before


def test_backup_carried_on_beyond_what_was_seen_is_refused(twins, witness):
    twin, before = grown(twins("early"), witness.remembers.size), witness.remembers
    assert witness.answer(ask_witness(twin.books, old=before.size)) == 422
    assert witness.remembers == before


def test_of_two_histories_only_the_one_shown_first_is_cosigned(house, twins, witness):
    fork, true = grown(twins("late"), house.store.head().size + 20), twins()
    first = read_checkpoint(witness.answer(ask_witness(fork.books)))
    assert witness.answer(ask_witness(true.books)) == 409
    grown(true, first.size)
    assert witness.answer(ask_witness(true.books, old=first.size)) == 422
    assert witness.remembers.root == first.root


def test_same_size_with_another_root_is_refused(house, twins, witness):
    leaves = list(house.store.leaves())[: house.witnessed[-1]]
    other = Tree([*leaves[:-1], bytes(32)])
    note = str(Checkpoint(ORIGIN, other.size, other.root()))
    request = AddCheckpoint(other.size, (), f"{note}\n{house.log_key.sign(note)}")
    assert witness.answer(str(request)) == 409


def test_history_edited_before_what_was_seen_is_refused(house, witness):
    leaves = list(house.store.leaves())
    other = Tree([*leaves[:30], bytes(32), *leaves[31:]])
    note = str(Checkpoint(ORIGIN, other.size, other.root()))
    old = house.witnessed[-1]
    request = AddCheckpoint(old, tuple(other.consistency(old)), f"{note}\n{house.log_key.sign(note)}")
    assert witness.answer(str(request)) == 422


def test_checkpoint_of_another_key_or_log_is_refused(house, twins, witness, tmp_path):
    request = parse_request(ask_witness(twins().books))
    thief = LogKey.create(tmp_path / "thief.key", ORIGIN)
    text = request.note.partition("\n\n")[0] + "\n"
    assert witness.answer(str(replace(request, note=f"{text}\n{thief.sign(text)}"))) == 403
    text = text.replace("pn-contoh", "pa-contoh")
    assert witness.answer(str(replace(request, note=f"{text}\n{house.log_key.sign(text)}"))) == 404


def test_cosigned_note_that_was_changed_is_not_kept(twins, witness):
    twin = twins()
    note, before = witness.answer(ask_witness(twin.books)), twin.store.head().size
    lines = note.splitlines(keepends=True)
    for changed in ("".join(lines[:-1]), note.replace(lines[1], "7\n"), note[:-6] + "AAAA=\n"):
        with pytest.raises(UsageError):
            accept_cosigned(twin.books, changed)
    assert twin.store.head().size == before


def test_witness_killed_between_deciding_and_answering_is_safe(twins, witness, tmp_path):
    """The decision is stored, the answer never came: no other history gets this place, and asking again helps."""
    twin, request = twins(), tmp_path / "request.txt"
    request.write_text(ask_witness(twin.books))
    command = [sys.executable, "-m", "tests.hostile.witness_process", str(witness.folder), str(request), witness.vkey]
    died = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (died.returncode, died.stdout, died.stderr) == (-signal.SIGKILL, "", "")
    size = read_checkpoint(parse_request(request.read_text()).note).size
    assert witness.remembers.size == size
    fork = grown(twins("late"), size)
    assert witness.answer(ask_witness(fork.books, old=size)) == 422
    assert witness.answer(request.read_text()) == 409, "the size it believes in is told"
    note = witness.answer(ask_witness(twin.books, old=size))
    assert accept_cosigned(twin.books, note).data["size"] == size


def test_witness_killed_at_any_moment_never_forgets_what_it_answered(tmp_path):
    """Each answer was remembered first; what is remembered is always whole."""
    whole, answered = tree(LEAVES), 0
    command = [sys.executable, "-m", "tests.hostile.witness_process", str(tmp_path), str(LEAVES)]
    for number in range(ROUNDS):
        running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        answered = int(running.stdout.readline())
        time.sleep(random.Random(number).uniform(0, 0.25))
        running.kill()
        answered = max([answered, *map(int, running.communicate()[0].split())])
        state = WitnessStateFile(tmp_path / "memory.json").remembered(FAKE_ORIGIN)
        assert state.size in (answered, answered + 1)
        assert state.root == whole.root(state.size)
