"""A proof file: what it proves, and each thing about it that may not be otherwise."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from sopti_runner.domain.ledger.merkle import Tree
from sopti_runner.domain.ledger.proof import EventProof, check_proof, parse_proof
from sopti_runner.errors import IntegrityError
from tests.unit.ledger.a_log import KEY, SECOND, THIEF, TRUST, WITNESS, Log

AT, SIZE = 12, 40


@pytest.fixture(scope="module")
def log():
    return Log()


@pytest.fixture
def proof(log):
    tree = Tree(event.leaf for event in log.events[:SIZE])
    return EventProof(log.bodies[AT], AT, tuple(tree.inclusion(AT)), dict(log.notes)[SIZE])


def test_proof_read_back_from_its_file_proves_the_event(log, proof):
    text = str(proof)
    assert text.startswith("c2sp.org/tlog-proof@v1\nextra ")
    assert parse_proof(text) == proof
    event, checkpoint = check_proof(parse_proof(text), TRUST)
    assert (event, checkpoint.size) == (log.events[AT], SIZE)


def test_every_event_under_every_checkpoint_is_proven(log):
    for size, note in log.notes:
        tree = Tree(event.leaf for event in log.events[:size])
        for seq in range(size):
            made = EventProof(log.bodies[seq], seq, tuple(tree.inclusion(seq)), note)
            assert check_proof(parse_proof(str(made)), TRUST)[0].seq == seq


def note(log, **how):
    return log.note(SIZE, **how)[1]


CHANGES = {
    "the body of another event": lambda log, p: replace(p, body=log.bodies[AT + 1]),
    "an edited body": lambda log, p: replace(p, body=p.body.replace(b'"n":12', b'"n":13')),
    "no event": lambda log, p: replace(p, body=b"{}"),
    "another place": lambda log, p: replace(p, index=AT + 1),
    "a place outside": lambda log, p: replace(p, index=SIZE),
    "a path too short": lambda log, p: replace(p, path=p.path[:-1]),
    "a path too long": lambda log, p: replace(p, path=(*p.path, bytes(32))),
    "a path turned round": lambda log, p: replace(p, path=p.path[::-1]),
    "a checkpoint of another size": lambda log, p: replace(p, note=dict(log.notes)[20]),
    "a checkpoint signed by a thief": lambda log, p: replace(p, note=note(log, key=THIEF, witnesses=(WITNESS,))),
    "a checkpoint no witness saw": lambda log, p: replace(p, note=note(log)),
    "a checkpoint of another log": lambda log, p: replace(p, note=p.note.replace("contoh", "contoj")),
    "a checkpoint without signatures": lambda log, p: replace(p, note=p.note.partition("\n\n")[0] + "\n\n"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_proof_in_which_one_thing_is_otherwise_proves_nothing(log, proof, what):
    changed = CHANGES[what](log, proof)
    assert changed != proof
    with pytest.raises((ValueError, IntegrityError)):
        check_proof(parse_proof(str(changed)), TRUST)


def test_proof_that_only_witnesses_signed_proves_nothing(log, proof):
    lines = proof.note.splitlines(keepends=True)
    alone = "".join(line for line in lines if not line.startswith(f"— {KEY.verifier.name} "))
    with pytest.raises(IntegrityError, match="not signed by the log"):
        check_proof(replace(proof, note=alone), TRUST)


def test_quorum_counts_different_witnesses(log, proof):
    both = replace(proof, note=note(log, witnesses=(WITNESS, SECOND)))
    assert check_proof(both, replace(TRUST, quorum=2))
    with pytest.raises(IntegrityError, match="1 of the 2 witnesses"):
        check_proof(proof, replace(TRUST, quorum=2))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text.replace("@v1", "@v2"),
        lambda text: text.replace("index 12", "index 012"),
        lambda text: text.replace("index 12", "index ١٢"),
        lambda text: text.replace("extra ", "extra !"),
        lambda text: text.replace("\nextra ", "\nextra  "),
        lambda text: text.replace("\n\n", "\n", 1),
        lambda text: text.replace("index 12\n", "index 12\n" + base64.b64encode(bytes(31)).decode() + "\n"),
        lambda text: text.replace("index 12\n", "index 12\n" + (base64.b64encode(bytes(32)).decode() + "\n") * 60),
    ],
)
def test_file_of_another_form_is_refused(proof, change):
    text = change(str(proof))
    assert text != str(proof)
    with pytest.raises(IntegrityError, match=r"begin|base64|path"):
        check_proof(parse_proof(text), TRUST)
