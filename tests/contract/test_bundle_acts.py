"""The verifier of one file judges acts as the gate did: a court's real acts, then the same ones falsified."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sopti_runner.adapters.bundle import write_bundle
from sopti_runner.adapters.bundle.source import verifier_source
from sopti_runner.domain.ledger.encoding import place
from sopti_runner.domain.ledger.event import Draft
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.ledger.trust import Trust, write_trust
from sopti_runner.domain.statement import Proof, ProofKind, parse_statement
from sopti_runner.services.acts import Acts
from sopti_runner.services.books import Books
from tests.fakes import FakeLogKey
from tests.unit.domain.example_court import ORIGIN, ExampleCourt, FakeOutbox
from tests.unit.domain.signing import TestKey

KEY = FakeLogKey(ORIGIN)
REGISTER = {"kind": "incident", "category": "network", "urgency": "low", "personal_data": "no"}


class SignedCourt(ExampleCourt):
    """The invented court with a real key for its log, and two signed acts."""

    def __init__(self):
        super().__init__({"op": ["operator"], "sec": ["secretary"]})
        texts = {"description": "Wifi ruang sidang mati", "unit": "Kepaniteraan"}
        registered = self.act("op", "register", [], REGISTER, texts)
        self.act("sec", "dispose", parse_statement(registered).subjects, {"letter_urgency": "urgent"}, {})

    def _serve(self):
        super()._serve()
        self.books = Books(self.ledger, self.clock, KEY, ())
        self.acts = Acts(self.books, FakeOutbox())

    def act(self, who, name, subjects, data, texts):
        self.clock.run(minutes=5)
        waiting = self.acts.prepare(name, person=self.id[who], subjects=subjects, data=data, texts=texts)
        signature = self.key[who].sign(waiting.statement)
        self.acts.record(waiting, Proof(ProofKind.SIGNATURE, self.id[who], self.key[who].fingerprint, signature))
        return waiting.statement


@pytest.fixture(scope="module")
def court():
    return SignedCourt()


@pytest.fixture(scope="module")
def verify(court, tmp_path_factory):
    folder = tmp_path_factory.mktemp("auditor")
    (folder / "sopti_verify.py").write_text(verifier_source(), encoding="utf-8")

    def run(events, persons=None):
        root = Frontier(event.leaf for event in events).root()
        target = folder / f"{len(list(folder.iterdir()))}.zip"
        with target.open("wb") as file:
            write_bundle(
                file,
                bodies=[event.body for event in events],
                notes=[(len(events), KEY.note(len(events), root))],
                blobs=court.ledger.blob,
                extras={},
            )
        keys = persons or {person: (court.key[name].public,) for name, person in court.id.items()}
        (folder / "trust.json").write_text(write_trust(Trust(ORIGIN, (KEY.verifier,), persons=keys)))
        command = [sys.executable, "-I", "sopti_verify.py", target.name, "--trust", "trust.json", "--json"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        assert not ran.stderr
        return ran.returncode, json.loads(ran.stdout)

    return run


def with_last_changed(events, **changes):
    """The log with its last event's words changed, placed anew as the holder of the log's key can."""
    *kept, last = events
    draft = Draft(last.id, last.type, last.subject, last.actor, dict(last.data) | changes)
    where = {"seq": last.seq, "prev": last.prev, "time": last.time, "boot": last.boot, "mono": last.mono}
    return [*kept, place(draft, log=last.log, **where)]


def test_lawful_log_is_verified_alone(court, verify):
    code, found = verify(list(court.ledger.events()))
    assert (found["defects"], found["verdict"], code) == ([], "verified", 0)
    assert not any("allowed" in text for text in found["not_detectable"])


def test_act_with_other_words_than_were_signed_is_found(court, verify):
    events = list(court.ledger.events())
    code, found = verify(with_last_changed(events, letter_urgency="ordinary"))
    assert (code, found["verdict"], found["first_bad"]) == (12, "tampered", len(events) - 1)


def test_act_whose_signature_is_someone_elses_is_found(court, verify):
    events = list(court.ledger.events())
    last = events[-1]
    forged = TestKey("stranger").sign(last.data["statement"].encode())
    proof = dict(last.data["proof"]) | {"armored": forged}
    code, found = verify(with_last_changed(events, proof=proof))
    assert (code, found["first_bad"]) == (12, len(events) - 1)


def test_person_whose_key_the_auditor_knows_otherwise_is_found(court, verify):
    persons = {person: (TestKey(f"{name}-other").public,) for name, person in court.id.items()}
    code, found = verify(list(court.ledger.events()), persons)
    assert (code, found["verdict"]) == (12, "tampered")
