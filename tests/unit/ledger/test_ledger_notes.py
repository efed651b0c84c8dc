"""Signed notes, checkpoints and witnesses: the specification's own note, other people's parsers, every refusal."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sopti_runner.domain.ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, read_checkpoint
from sopti_runner.domain.ledger.event import leaf_hash
from sopti_runner.domain.ledger.merkle import EMPTY_ROOT, Tree
from sopti_runner.domain.ledger.note import (
    COSIGNATURE,
    ED25519,
    NoteError,
    VerifierKey,
    cosign_note,
    merge_notes,
    open_note,
    parse_vkey,
    sign_note,
    split_note,
)
from sopti_runner.domain.ledger.witness import (
    AddCheckpoint,
    WitnessState,
    judge_checkpoint,
    parse_request,
)
from tests.fakes import ORIGIN, START, FakeLogKey, FakeWitnessKey

# The example of Go's golang.org/x/mod/sumdb/note documentation: a note signed by somebody else's program.
PETER_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The example of c2sp.org/signed-note; its public key is not published, so only its shape can be checked.
SPEC_NOTE = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3Ze"
    "kRwNtIc=\n"
)
KEY, OTHER, WITNESS = FakeLogKey(), FakeLogKey(seed=2), FakeWitnessKey()
TEXT = str(Checkpoint(ORIGIN, 5, bytes(range(32))))
NOTE = KEY.note(5, bytes(range(32)))


def test_note_signed_by_another_program_opens():
    text, signatures = open_note(PETER_NOTE, [parse_vkey(PETER_VKEY)])
    assert text == PETER_NOTE.partition("\n\n")[0] + "\n"
    assert [(s.key.name, s.time) for s in signatures] == [("PeterNeumann", None)]


def test_note_signed_by_another_program_and_edited_is_refused():
    with pytest.raises(NoteError, match="not good"):
        open_note(PETER_NOTE.replace("problem is", "answer is"), [parse_vkey(PETER_VKEY)])


def test_note_of_the_specification_is_split_at_its_last_empty_line():
    note = split_note(SPEC_NOTE)
    assert note.text.endswith("\n\ned è subito sera.\n")
    assert len(note.lines) == 1
    assert str(note) == SPEC_NOTE


def test_vkey_written_and_read_is_the_same():
    assert str(parse_vkey(PETER_VKEY)) == PETER_VKEY
    assert parse_vkey(KEY.vkey) == KEY.verifier
    assert parse_vkey(WITNESS.vkey).kind == COSIGNATURE


@given(st.binary(min_size=32, max_size=32), st.sampled_from([ED25519, COSIGNATURE]))
def test_vkey_any_key_is_read_back_even_with_a_plus_in_its_base64(public, kind):
    key = VerifierKey("contoh.example/log", kind, public)
    assert parse_vkey(str(key)) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10",
        "PeterNeumann+c74f20a3+AhpcZQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+not base64",
    ],
)
def test_vkey_malformed_is_refused(text):
    with pytest.raises(NoteError):
        parse_vkey(text)


def test_note_with_signatures_of_log_and_witness_gives_both_and_the_time():
    at = datetime(2026, 11, 22, 7, 0, 30, 999_999, UTC)
    note = NOTE + WITNESS.cosign(TEXT, at) + OTHER.sign(TEXT)
    text, (by_log, by_witness) = open_note(note, [KEY.verifier, WITNESS.verifier])
    assert (text, by_log.key, by_log.time) == (TEXT, KEY.verifier, None)
    assert (by_witness.key, by_witness.time) == (WITNESS.verifier, at.replace(microsecond=0))


def test_note_without_a_known_key_is_refused():
    with pytest.raises(NoteError, match="known key"):
        open_note(NOTE, [OTHER.verifier])
    with pytest.raises(NoteError, match="known key"):
        open_note(NOTE, [])


def test_note_with_one_bad_signature_of_a_known_key_is_refused_whole():
    witness = WITNESS.cosign(TEXT.replace("5", "6"), START)
    with pytest.raises(NoteError, match="pt-contoh"):
        open_note(NOTE + witness, [KEY.verifier, WITNESS.verifier])
    assert open_note(NOTE + witness, [KEY.verifier])


def test_cosignature_is_over_its_time():
    line = cosign_note(TEXT, WITNESS.name, WITNESS.key, START)
    raw = bytearray(base64.b64decode(line.split()[2]))
    raw[11] ^= 1
    moved = f"— {WITNESS.name} {base64.b64encode(raw).decode()}\n"
    with pytest.raises(NoteError, match="not good"):
        open_note(f"{TEXT}\n{moved}", [WITNESS.verifier])


def test_cosignature_of_impossible_time_or_length_is_refused():
    for raw in (b"\xff" * 8 + bytes(64), bytes(64)):
        line = f"— {WITNESS.name} {base64.b64encode(WITNESS.verifier.id + raw).decode()}\n"
        with pytest.raises(NoteError):
            open_note(f"{TEXT}\n{line}", [WITNESS.verifier])


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        TEXT + "\n",
        NOTE[:-1],
        NOTE.replace("—", "-"),
        NOTE.replace("— ", "—  "),
        NOTE.replace("\n\n", "\n\n\n"),
        NOTE.replace("5\n", "5\r\n"),
        NOTE + "tail\n",
        f"{TEXT}\n— {ORIGIN} AAAA\n",
        f"{TEXT}\n— {ORIGIN} AAAAAA==AA\n",
        TEXT + "\n" + f"— {ORIGIN} AAAAAAAA\n" * 101,
        "x" * 1_000_001,
    ],
)
def test_note_malformed_is_refused(note):
    with pytest.raises(NoteError):
        open_note(note, [KEY.verifier])


@given(st.text(max_size=120))
def test_note_any_text_is_opened_or_refused(text):
    with pytest.raises(NoteError):
        open_note(text, [KEY.verifier])


@given(st.data())
def test_note_with_any_character_changed_is_never_read_as_something_else(data):
    at = data.draw(st.integers(0, len(NOTE) - 1))
    changed = NOTE[:at] + data.draw(st.characters()) + NOTE[at + 1 :]
    try:
        text, _ = open_note(changed, [KEY.verifier])
    except NoteError:
        return
    assert text == TEXT


@pytest.mark.parametrize("text", ["no newline", "tab\there\n", "bell\a\n"])
def test_sign_text_that_a_note_cannot_hold_refuses(text):
    with pytest.raises(NoteError):
        sign_note(text, ORIGIN, KEY.key)


@pytest.mark.parametrize("name", ["", "a b", "a+b"])
def test_sign_with_a_name_that_a_note_cannot_hold_refuses(name):
    with pytest.raises(NoteError):
        sign_note(TEXT, name, KEY.key)


def test_merge_joins_lines_once_and_refuses_other_texts():
    one, two = NOTE, f"{TEXT}\n{OTHER.sign(TEXT)}{KEY.sign(TEXT)}"
    assert merge_notes(one, two) == NOTE + OTHER.sign(TEXT)
    with pytest.raises(NoteError):
        merge_notes(one, KEY.note(6, bytes(32)))


def test_checkpoint_written_and_read_is_the_same():
    checkpoint = Checkpoint(ORIGIN, 5, bytes(range(32)))
    assert parse_checkpoint(TEXT) == read_checkpoint(NOTE) == checkpoint
    assert open_checkpoint(NOTE, [KEY.verifier])[0] == checkpoint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n5\n", "\n05\n"),
        ("\n5\n", "\n-5\n"),
        ("\n5\n", "\n 5\n"),
        ("\n5\n", "\n٥\n"),
        ("\n5\n", f"\n{'9' * 20}\n"),
        ("=\n", "\n"),
        ("=\n", "=\nextension\n"),
        ("Hh8=\n", "Hh9=\n"),
        (ORIGIN, ""),
    ],
)
def test_checkpoint_of_any_other_form_is_refused(old, new):
    assert old in TEXT
    with pytest.raises(NoteError):
        parse_checkpoint(TEXT.replace(old, new))


def test_checkpoint_is_read_alike_by_sigstore():
    """An independent implementation: sigstore-python's parsers of signed notes and checkpoints."""
    code = (
        "import sys, json\n"
        "from sigstore._internal.rekor.checkpoint import LogCheckpoint, SignedNote\n"
        "note = SignedNote.from_text(sys.stdin.read())\n"
        "read = LogCheckpoint.from_text(note.note)\n"
        "print(json.dumps([read.origin, read.log_size, read.log_hash, [s.name for s in note.signatures]]))\n"
    )
    note = NOTE + WITNESS.cosign(TEXT, START)
    ran = subprocess.run([sys.executable, "-c", code], input=note, capture_output=True, text=True, check=False)
    assert ran.stdout == f'["{ORIGIN}", 5, "{bytes(range(32)).hex()}", ["{ORIGIN}", "{WITNESS.name}"]]\n', ran.stderr


def test_checkpoint_signature_is_good_for_openssl(tmp_path):
    """The signature itself, by another program: OpenSSL over the three lines."""
    der = bytes.fromhex("302a300506032b6570032100") + KEY.verifier.public
    (tmp_path / "key.der").write_bytes(der)
    (tmp_path / "text").write_text(TEXT)
    (tmp_path / "signature").write_bytes(base64.b64decode(KEY.sign(TEXT).split()[2])[4:])
    command = "openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in text -sigfile signature"
    ran = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in ran.stdout


def test_key_id_is_what_the_specification_says():
    public = KEY.verifier.public
    assert KEY.verifier.id == hashlib.sha256(ORIGIN.encode() + b"\n\x01" + public).digest()[:4]
    assert WITNESS.verifier.id != VerifierKey(WITNESS.name, ED25519, WITNESS.verifier.public).id


# A witness

HONEST = Tree(leaf_hash(b"%d" % i) for i in range(200))
FORGED = Tree(leaf_hash(b"%d" % i if i != 60 else b"other") for i in range(200))


def ask(state, tree, old, new, key=KEY, proof=None):
    steps = tree.consistency(old, new) if proof is None else proof
    request = AddCheckpoint(old, tuple(steps), key.note(new, tree.root(new)))
    assert parse_request(str(request)) == request
    return judge_checkpoint(state, request, origin=ORIGIN, keys=[KEY.verifier])


@pytest.fixture
def state():
    verdict, state = ask(WitnessState(), HONEST, 0, 95)
    assert (verdict.accepted, state.size) == (True, 95)
    return state


def test_witness_accepts_a_continuation_and_remembers_it(state):
    verdict, new = ask(state, HONEST, 95, 200)
    assert (verdict.status, verdict.checkpoint.size, new) == (200, 200, WitnessState(200, HONEST.root(200)))


def test_witness_accepts_the_same_checkpoint_again(state):
    assert ask(state, HONEST, 95, 95) == (ask(state, HONEST, 95, 95)[0], state)


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (409, lambda s: ask(s, HONEST, 80, 85)),
        (409, lambda s: ask(s, HONEST, 0, 120)),
        (400, lambda s: ask(s, HONEST, 95, 90, proof=[])),
        (422, lambda s: ask(s, FORGED, 95, 120)),
        (422, lambda s: ask(s, HONEST, 95, 120, proof=HONEST.consistency(95, 120)[:-1])),
        (422, lambda s: ask(s, HONEST, 95, 120, proof=[])),
        (409, lambda s: ask(s, FORGED, 95, 95)),
        (403, lambda s: ask(s, HONEST, 95, 120, key=OTHER)),
        (404, lambda s: ask(s, HONEST, 95, 120, key=FakeLogKey("other.example/log"))),
    ],
    ids=["rolled back", "forgets", "old > size", "edited", "short proof", "no proof", "fork", "other key", "other log"],
)
def test_witness_refuses_and_remembers_what_it_knew(state, status, request_):
    verdict, new = request_(state)
    assert (verdict.status, verdict.accepted, verdict.checkpoint, new) == (status, False, None, state)
    assert verdict.reason
    assert verdict.remembered == 95


def test_witness_refuses_a_proof_from_nothing_and_an_empty_tree_with_a_root():
    verdict, _ = ask(WitnessState(), HONEST, 0, 5, proof=[bytes(32)])
    assert verdict.status == 422
    request = AddCheckpoint(0, (), KEY.note(0, bytes(32)))
    verdict, _ = judge_checkpoint(WitnessState(), request, origin=ORIGIN, keys=[KEY.verifier])
    assert verdict.status == 409
    request = AddCheckpoint(0, (), KEY.note(0, EMPTY_ROOT))
    assert judge_checkpoint(WitnessState(), request, origin=ORIGIN, keys=[KEY.verifier])[0].accepted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "old 5\n" + NOTE,
        f"old 05\n\n{NOTE}",
        f"old -1\n\n{NOTE}",
        f"new 5\n\n{NOTE}",
        f"old 5\nAAAA\n\n{NOTE}",
        f"old 5\n!!!\n\n{NOTE}",
        "old 5\n" + (base64.b64encode(bytes(32)).decode() + "\n") * 64 + f"\n{NOTE}",
    ],
)
def test_witness_request_malformed_is_refused(text):
    with pytest.raises(NoteError):
        parse_request(text)


def test_witness_answers_a_note_that_is_no_checkpoint_with_400():
    request = AddCheckpoint(0, (), PETER_NOTE)
    assert judge_checkpoint(WitnessState(), request, origin=ORIGIN, keys=[KEY.verifier])[0].status == 400
