"""The audit: an honest log passes, and each way of cheating is found or named as not detectable."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sopti_runner.domain.ledger.checkpoint import Checkpoint
from sopti_runner.domain.ledger.event import leaf_hash, parse, seal_blob
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.ledger.trust import Trust
from sopti_runner.domain.ledger.verification import MAX_DEFECTS, AuditVerdict, Defect
from sopti_runner.domain.ledger.verify import SLACK, audit
from sopti_runner.domain.sshsig import parse_public_key
from tests.fakes import ORIGIN, START, Drafts, FakeClock, FakeLogKey
from tests.unit.ledger.a_log import KEY, PERSON, SECOND, THIEF, TRUST, WITNESS, Log, rewritten


@pytest.fixture(scope="module")
def log():
    return Log()


def codes(found):
    return {defect.code for defect in found.defects}


def said(remarks):
    return " | ".join(map(str, remarks))


def test_honest_log_with_trust_is_verified(log):
    found = log.audit(notes=[*log.notes, log.note(60)])
    assert (found.verdict, found.defects, found.first_bad, found.gaps) == ("verified", (), None, ())
    assert (found.size, found.checkpoints, found.protected) == (60, 3, 40)
    assert found.root == Frontier(map(leaf_hash, log.bodies)).root()
    assert "events 40 to 59" in said(found.not_detectable)
    assert "never written" in said(found.not_detectable)


def test_log_whose_end_nobody_signed_is_incomplete_with_trust(log):
    found = log.audit()
    assert (found.verdict, found.defects, found.protected) == ("incomplete", (), 40)
    assert "signed only its first 40 events" in said(found.gaps)
    assert "signed only its first 40 events" in said(log.audit(trust=None).not_detectable)


def test_founders_whom_the_trust_file_does_not_name_are_a_gap():
    rows = [{"person": "p-1", "keys": [], "offices": []}, {"person": "p-2", "keys": [], "offices": []}]
    log = Log(1, signed=(), witnessed=())
    log.events.clear()
    log.add(Drafts(log.clock)("court.created", ORIGIN, {"vkey": KEY.vkey, "persons": rows}))
    key = parse_public_key(PERSON)
    trust = Trust(ORIGIN, (KEY.verifier,), persons={"p-1": (key,)})
    found = log.audit(trust=trust, notes=[log.note(1)])
    assert (found.verdict, said(found.gaps)) == ("incomplete", "The trust file names no key of these founders: p-2")
    both = replace(trust, persons={"p-1": (key,), "p-2": (key,)})
    assert log.audit(trust=both, notes=[log.note(1)]).verdict == "verified"
    nobody = log.audit(trust=replace(trust, persons={}), notes=[log.note(1)])
    assert nobody.verdict == "verified"
    assert "could have invented" in said(nobody.not_detectable)


def test_cosignature_that_an_event_tells_of_must_stand_in_its_checkpoint():
    log = Log(20, signed=(10,), witnessed=(10,))
    (_, note) = log.notes[0]
    line = note.splitlines(keepends=True)[-1]
    told = {"size": 10, "witnesses": ["w"], "lines": [hashlib.sha256(line.encode()).hexdigest()]}
    log.add(Drafts(FakeClock(START + timedelta(hours=1)))("witness.cosigned", ORIGIN, told))
    whole = [*log.notes, log.note(21)]
    assert log.audit(notes=whole).verdict == "verified"
    for notes in ([log.note(10), log.note(21)], [log.note(21)]):
        found = log.audit(notes=notes, trust=None)
        assert [(d.code, d.size, d.found) for d in found.defects] == [("cosignature_lost", 10, "no such line")]


def test_honest_log_without_trust_is_only_self_consistent(log):
    found = log.audit(trust=None)
    assert (found.verdict, found.defects, found.checkpoints, found.protected) == ("self_consistent", (), 2, 0)
    assert "No trust file" in said(found.not_detectable)


def test_empty_log_is_incomplete():
    found = audit([], trust=TRUST)
    assert (found.verdict, found.size) == ("incomplete", 0)
    assert "no events" in said(found.gaps)


def test_log_without_checkpoints_is_incomplete_with_trust(log):
    found = log.audit(notes=[])
    assert found.verdict == "incomplete"
    assert "signed by a log key" in said(found.gaps)
    assert "cosigned by 1" in said(found.gaps)


def test_quorum_of_two_is_not_met_by_one_witness_signing_twice(log):
    size, note = log.note(50, witnesses=(WITNESS, WITNESS))
    found = log.audit(trust=replace(TRUST, quorum=2), notes=[(size, note), log.note(60)])
    assert (found.verdict, found.protected) == ("incomplete", 0)
    both = log.audit(trust=replace(TRUST, quorum=2), notes=[log.note(50, witnesses=(WITNESS, SECOND)), log.note(60)])
    assert (both.verdict, both.protected) == ("verified", 50)


def test_known_checkpoint_protects_without_witnesses(log):
    known = Checkpoint(ORIGIN, 33, Frontier(map(leaf_hash, log.bodies[:33])).root())
    found = log.audit(trust=Trust(ORIGIN, (KEY.verifier,), known=known), notes=[log.note(60)])
    assert (found.verdict, found.protected) == ("verified", 33)
    assert "No witnesses" in said(found.not_detectable)


@pytest.mark.parametrize("at", [0, 1, 30, 59])
def test_edited_body_in_place_is_found_at_its_event(log, at):
    bodies = log.bodies
    bodies[at] = bodies[at].replace(b'"subject":"r-', b'"subject":"q-')
    found = log.audit(bodies=bodies, trust=None, notes=log.notes if at < 40 else [*log.notes, log.note(60)])
    assert (found.verdict, found.first_bad) == ("tampered", at if at < 59 else 40)


@pytest.mark.parametrize("at", [0, 1, 30, 58])
def test_deleted_event_is_found_at_its_place(log, at):
    found = log.audit(bodies=log.bodies[:at] + log.bodies[at + 1 :], trust=None, notes=[])
    assert (found.verdict, found.first_bad) == ("tampered", max(0, at - 1) if at else 0)
    assert "seq_differs" in codes(found)


def test_reordered_events_are_found(log):
    bodies = log.bodies
    bodies[30], bodies[31] = bodies[31], bodies[30]
    assert log.audit(bodies=bodies, trust=None, notes=[]).first_bad in (29, 30)


def test_repeated_event_is_found(log):
    found = log.audit(bodies=[*log.bodies, log.bodies[-1]], trust=None, notes=[])
    assert {"seq_differs", "id_repeated"} <= codes(found)


def test_unreadable_event_is_found_and_the_rest_still_read(log):
    bodies = log.bodies
    bodies[30] = b"{" + bodies[30]
    seen = []
    found = log.audit(bodies=bodies, trust=None, notes=[], on_event=lambda event: seen.append(event.seq) or ())
    assert ("unreadable", 30) in {(d.code, d.seq) for d in found.defects}
    assert (found.first_bad, found.size, len(seen)) == (30, 60, 59)


def evil(value):
    value["data"] = {"n": 666}


REWRITES = {
    # start, notes as found in the bundle, trust → (found?, first bad at most)
    "before a witness, without the key": (30, None, TRUST, True),
    "before a witness, with the key": (30, KEY, TRUST, True),
    "after the last witness, without the key": (50, None, TRUST, False),
    "after the last witness, with the key": (50, KEY, TRUST, False),
    "with the key, no trust file": (30, KEY, None, False),
    "with a stolen name, no trust file": (30, THIEF, None, True),
}


@pytest.mark.parametrize("case", REWRITES)
def test_history_rewritten_with_its_chain_is_found_or_said_to_be_beyond_finding(log, case):
    start, key, trust, detected = REWRITES[case]
    bodies = rewritten(log.bodies, start, evil)
    notes = log.notes
    if key:
        notes = [n for n in notes if n[0] <= start] + [log.note(size, key, (), bodies) for size in (40, 60)]
        notes = notes if trust is None else notes + [n for n in log.notes if n[0] == 40]
    found = log.audit(trust=trust, bodies=bodies, notes=notes)
    assert (found.verdict == "tampered") == detected
    if detected and key is not THIEF:
        assert found.first_bad == 20
        assert "root_differs" in codes(found)
    if not detected:
        assert "events 40 to 59" in said(found.not_detectable) or "No trust file" in said(found.not_detectable)


def test_rewritten_history_without_the_witnessed_note_is_incomplete_or_contradicts_the_known_checkpoint(log):
    bodies = rewritten(log.bodies, 30, evil)
    hidden = [log.note(60, KEY, (), bodies)]
    assert log.audit(bodies=bodies, notes=hidden).verdict == "incomplete"
    known = Checkpoint(ORIGIN, 40, Frontier(map(leaf_hash, log.bodies[:40])).root())
    found = log.audit(trust=replace(TRUST, known=known), bodies=bodies, notes=hidden)
    assert (found.verdict, codes(found)) == ("tampered", {"root_differs"})


@pytest.mark.parametrize(("kept", "detected"), [(45, False), (40, False), (39, True), (10, True), (0, True)])
def test_cut_tail_is_found_back_to_the_last_checkpoint(log, kept, detected):
    found = log.audit(bodies=log.bodies[:kept])
    assert (found.verdict == "tampered") == detected
    if detected:
        assert (codes(found), found.first_bad) == ({"tail_cut"}, kept)


def test_two_histories_of_one_size_are_found(log):
    forked = rewritten(log.bodies, 50, evil)
    found = log.audit(notes=[*log.notes, log.note(60), log.note(60, KEY, (), forked)])
    assert (codes(found), found.first_bad) == ({"root_differs"}, 40)


def test_note_of_another_key_size_or_log_is_found(log):
    size, note = log.notes[0]
    for bad in (log.note(20, THIEF), (21, note), (size, note.replace("\n20\n", "\n21\n")), (20, "nonsense")):
        found = log.audit(notes=[bad])
        assert (found.verdict, codes(found)) == ("tampered", {"checkpoint_bad"})
        assert found.defects[0].size == bad[0]
    other = FakeLogKey("other.example/log")
    found = log.audit(notes=[(20, other.note(20, bytes(32)))])
    assert codes(found) == {"checkpoint_bad"}


def test_log_of_another_court_is_found(log):
    found = log.audit(trust=replace(TRUST, origin="sopti.pa-contoh.example/ledger"), notes=[])
    assert "log_differs" in codes(found)


def test_genesis_with_a_damaged_key_is_found():
    log = Log(3, (), ())
    log.events[0] = parse(log.events[0].body.replace(KEY.vkey.encode(), KEY.vkey[:-1].encode()))
    assert "vkey_malformed" in codes(log.audit(trust=None))


def test_changed_blob_is_found(log):
    digest, blob = next(iter(log.blobs.items()))
    changed = {**log.blobs, digest: seal_blob(blob.name, blob.content + b"!", blob.salt)}
    found = log.audit(blobs=changed.get)
    assert (found.verdict, codes(found), found.first_bad) == ("tampered", {"blob_differs"}, 1)


def test_missing_blob_is_found_unless_an_event_says_it_was_erased():
    log = Log(20, (), ())
    digest = next(iter(log.blobs))
    kept = {d: b for d, b in log.blobs.items() if d != digest}
    found = log.audit(blobs=kept.get)
    assert (found.verdict, codes(found), found.first_bad) == ("tampered", {"blob_missing"}, 1)
    log.add(Drafts(log.clock)("blob.erased", "r-1", {"digests": [digest.hex()]}))
    assert log.audit(blobs=kept.get, trust=None).verdict == "self_consistent"
    still_there = log.audit()
    assert still_there.verdict == "incomplete"
    assert "still here" in said(still_there.gaps)


def test_without_blobs_it_says_they_were_not_looked_at(log):
    assert "Texts beside" in said(log.audit(blobs=None).not_detectable)


def back(log, span, then=None):
    log.clock.move(seconds=-span.total_seconds())
    log.add(Drafts(log.clock)("request.examined"))
    if then:
        log.add(Drafts(FakeClock(log.clock.time + timedelta(seconds=1)))(then))
    return log.audit(trust=None, notes=[])


def test_clock_that_ran_back_is_found_unless_it_was_corrected():
    found = back(Log(20), timedelta(days=1))
    assert (codes(found), found.first_bad) == ({"time_backwards"}, 20)
    assert back(Log(20), timedelta(days=1), "clock.corrected").verdict == "self_consistent"
    assert "time_backwards" in codes(back(Log(20), timedelta(days=1), "request.classified"))


def test_clock_readings_of_two_waiting_writers_may_cross():
    assert back(Log(20), SLACK).verdict == "self_consistent"
    assert back(Log(20), SLACK + timedelta(seconds=1)).verdict == "tampered"


def test_on_event_sees_each_event_and_its_defects_count(log):
    def unlawful(event):
        return [Defect("unlawful", "not allowed", event.seq)] if event.seq == 7 else []

    found = log.audit(on_event=unlawful)
    assert (found.verdict, found.first_bad, codes(found)) == ("tampered", 7, {"unlawful"})
    assert "was not checked again" not in said(found.not_detectable)


def test_plus_adds_what_another_check_found(log):
    found = log.audit()
    assert found.plus([]) is found
    worse = found.plus([Defect("head_differs", "another head", 12), Defect("x", "y")])
    assert (worse.verdict, worse.first_bad, worse.defect_count) == (AuditVerdict.TAMPERED, 12, 2)


def test_too_many_defects_are_counted_and_the_first_is_kept(log):
    found = audit([b"x"] * (MAX_DEFECTS + 50), trust=None)
    assert (len(found.defects), found.defect_count, found.first_bad) == (MAX_DEFECTS, MAX_DEFECTS + 50, 0)


@given(st.data())
def test_any_byte_changed_before_a_trusted_checkpoint_is_found(log, data):
    at = data.draw(st.integers(0, 39))
    body = bytearray(log.bodies[at])
    position = data.draw(st.integers(0, len(body) - 1))
    body[position] ^= data.draw(st.integers(1, 255))
    found = log.audit(bodies=[*log.bodies[:at], bytes(body), *log.bodies[at + 1 :]])
    assert found.verdict == "tampered"
    assert at - 1 <= found.first_bad <= at
