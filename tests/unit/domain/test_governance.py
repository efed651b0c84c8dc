"""The court's own rules: two persons, form checked before it can spoil the fold, nobody for themselves."""

from dataclasses import replace
from datetime import date

import pytest

from sopti_runner.domain.governance import KINDS, check_proposal
from sopti_runner.domain.holiday import CalendarYear, DayKind, Holiday
from sopti_runner.domain.ids import uuid7
from sopti_runner.domain.statement import parse_statement
from sopti_runner.errors import UsageError
from tests.unit.domain.desk import Desk
from tests.unit.domain.signing import TestKey

KEY, OTHER = TestKey("baru").data(), TestKey("lain").data()
YEAR = CalendarYear(2027, (Holiday(date(2027, 1, 1), DayKind.PUBLIC, "Tahun Baru"),), "contoh", "1", True).to_data()
VKEY = "saksi+8d6bba9a+AWsz2z9hM4ZwdfSJMAnsXpkcLTzfQLbBBl0vVd1k0lfl"
FINGERPRINT = KEY["fingerprint"]
APPOINT = {"person": "p-1", "office": "secretary", "status": "plh", "first": "2026-11-23", "last": ""}
GOOD = {
    "enrol": {"person": "p-9", "key": KEY},
    "key": {"person": "p-9", "key": KEY},
    "retire_key": {"fingerprint": FINGERPRINT, "compromised_from": None},
    "appoint": APPOINT,
    "end_appointment": {"appointment": "a", "last": "2026-11-23"},
    "policy": {"policy": {}},
    "calendar": {"year": YEAR},
    "calendar_override": {"date": "2026-11-23", "working": True, "legal_number": "SK 1"},
    "step": {"step": "B8", "office": "chair"},
    "clock": {},
    "erase": {"digest": "0" * 64},
    "decree": {
        **{"models": ["block-address"], "offices": ["operator"], "hosts": [], "hours": 4},
        **{"first": "2026-11-23", "last": "2026-12-31"},
    },
    "end_decree": {"decree": "a"},
    "restore": {"size": 1, "seen_size": 9, "seen_root": "0" * 64},
}
BAD = [
    ("sleep", {}),
    ("clock", {"more": 1}),
    ("clock", None),
    ("clock", ["a"]),
    ("enrol", {"person": "p-9"}),
    ("enrol", {"person": "", "key": KEY}),
    ("enrol", {"person": "p 9", "key": KEY}),
    ("enrol", {"person": 9, "key": KEY}),
    ("enrol", {"person": "p-9", "key": {"fingerprint": "SHA256:x", "public": KEY["public"]}}),
    ("enrol", {"person": "p-9", "key": {"fingerprint": KEY["fingerprint"], "public": OTHER["public"]}}),
    ("enrol", {"person": "p-9", "key": {"public": KEY["public"]}}),
    ("enrol", {"person": "p-9", "key": "ssh-ed25519 AAAA"}),
    ("retire_key", {"fingerprint": FINGERPRINT, "compromised_from": "5"}),
    ("retire_key", {"fingerprint": FINGERPRINT, "compromised_from": -1}),
    ("retire_key", {"fingerprint": FINGERPRINT, "compromised_from": True}),
    ("retire_key", {"fingerprint": "NIK 3201", "compromised_from": None}),
    ("retire_key", {"fingerprint": f"{FINGERPRINT}\n", "compromised_from": None}),
    ("retire_key", {"fingerprint": 3, "compromised_from": None}),
    ("appoint", {**APPOINT, "status": "forever"}),
    ("appoint", {**APPOINT, "office": "gardener"}),
    ("appoint", {**APPOINT, "first": "today"}),
    ("appoint", {**APPOINT, "last": "2026-11-22"}),
    ("appoint", {**APPOINT, "first": None}),
    ("end_appointment", {"appointment": "a", "last": ""}),
    ("end_appointment", {"appointment": {}, "last": "2026-11-23"}),
    ("end_appointment", {"appointment": "NIK 3201", "last": "2026-11-23"}),
    ("witness", {"vkey": f" {VKEY}"}),
    ("witness", {"vkey": "s" * 300 + VKEY}),
    ("policy", {"policy": {"paper": "no"}}),
    ("policy", {"policy": None}),
    ("calendar", {"year": {"year": 2027}}),
    ("calendar", {"year": 2027}),
    ("calendar", {"year": {**YEAR, "year": 0, "days": []}}),
    ("calendar", {"year": {**YEAR, "year": 99999, "days": []}}),
    ("calendar_override", {"date": "2026-11-23", "working": True, "legal_number": " "}),
    ("calendar_override", {"date": "2026-11-23", "working": True, "legal_number": None}),
    ("calendar_override", {"date": "2026-11-23", "working": True, "legal_number": "SK 1\nSK 2"}),
    ("calendar_override", {"date": "2026-11-23", "working": True, "legal_number": "SK \u202e1"}),
    ("calendar_override", {"date": "2026-11-23", "working": True, "legal_number": "SK\x001"}),
    ("calendar_override", {"date": "2026-11-23", "working": True, "legal_number": "S" * 201}),
    ("calendar_override", {"date": "2026-11-23", "working": "yes", "legal_number": "SK 1"}),
    ("calendar_override", {"date": "23-11-2026", "working": True, "legal_number": "SK 1"}),
    ("step", {"step": "Z1", "office": "chair"}),
    ("step", {"step": "B8", "office": "gardener"}),
    ("witness", {"vkey": "saksi"}),
    ("witness", {"vkey": None}),
    ("erase", {"digest": "0"}),
    ("end_decree", {"decree": "NIK 3201"}),
    ("restore", {"size": 0, "seen_size": 9, "seen_root": "0" * 64}),
    ("restore", {"size": 1, "seen_size": True, "seen_root": "0" * 64}),
    ("restore", {"size": 1, "seen_size": 9, "seen_root": "0"}),
    ("restore", {"size": 1, "seen_size": 9, "seen_root": None}),
]
OFFICES, STEPS = ("chair", "operator", "secretary"), ("B8",)


def test_proposal_of_every_kind_has_a_good_example_here():
    assert set(GOOD) | {"witness"} == set(KINDS)


@pytest.mark.parametrize(("kind", "data"), GOOD.items())
def test_proposal_in_form_is_taken_and_lacking_any_key_is_refused(kind, data):
    check_proposal(kind, data, OFFICES, STEPS)
    for key in data:
        with pytest.raises(UsageError):
            check_proposal(kind, {k: v for k, v in data.items() if k != key}, OFFICES, STEPS)


@pytest.mark.parametrize(("kind", "data"), BAD, ids=lambda v: str(v)[:40])
def test_proposal_that_can_not_be_is_refused_before_it_is_written(kind, data):
    with pytest.raises(UsageError):
        check_proposal(kind, data, OFFICES, STEPS)
    desk = Desk()
    assert desk.judged("propose", "kabag", kind=kind, content=data) == ["proposal_malformed"]


@pytest.mark.parametrize(("kind", "data"), GOOD.items())
def test_proposal_confirmed_can_be_folded(kind, data):
    desk = Desk()
    before = desk.court().size
    if kind == "end_decree":
        data = {"decree": desk.decree()}
        before += 2
    texts = {"decree": "SK contoh"} if kind == "decree" else None
    desk.rule(kind, texts=texts, **data | ({"person": desk.id["head"]} if kind == "key" else {}))
    assert desk.court().size == before + 2


@pytest.fixture
def desk():
    return Desk()


def test_confirmation_by_the_proposer_is_refused(desk):
    proposal = desk.do("propose", "kabag", kind="policy", content={"policy": {}}).subject
    assert desk.judged("confirm", "kabag", proposal) == ["own_proposal"]
    assert desk.judged("confirm", "sec", proposal) == []


@pytest.mark.parametrize("kind", ["key", "appoint"])
def test_confirmation_of_what_favours_oneself_is_refused(desk, kind):
    content = {**GOOD[kind], "person": desk.id["sec"]}
    proposal = desk.do("propose", "kabag", kind=kind, content=content).subject
    assert desk.judged("confirm", "sec", proposal) == ["own_benefit"]
    assert desk.judged("confirm", "head", proposal) == []


def test_new_person_never_stands_for_one_who_is_enrolled(desk):
    """A key proposed under a new name must not sign as somebody else."""
    content = {**GOOD["enrol"], "person": desk.id["sec"]}
    assert desk.judged("propose", "op", kind="enrol", content=content) == ["person_known"]
    assert desk.judged("propose", "op", kind="key", content=GOOD["key"]) == ["person_unknown"]


def test_confirmation_signed_before_the_proposal_is_refused(desk):
    proposal = uuid7(desk.clock.time, bytes(10))
    early = desk.waiting("confirm", "sec", proposal)
    made = desk.waiting("propose", "kabag", kind="policy", content={"policy": {}})
    chosen = replace(parse_statement(made.statement), subjects=(proposal,))
    desk.acts.sign(replace(made, statement=chosen.encode()), desk.key["kabag"])
    assert desk.codes(desk.act(early)) == ["confirmed_unseen"]
    assert desk.judged("confirm", "sec", proposal) == []


@pytest.mark.parametrize("turn", [{"days": -1}, {"minutes": -1}, {"hours": 25}])
def test_confirmation_of_a_clock_counts_for_that_clock_alone(desk, turn):
    desk.clock.run(hours=2)
    desk.clock.set_wall(days=2)
    proposal = desk.do("propose", "kabag", kind="clock", content={}).subject
    waiting = desk.waiting("confirm", "sec", proposal)
    desk.clock.run(hours=1)
    assert desk.codes(desk.act(waiting)) == []
    desk.clock.run(hours=-1)
    desk.clock.set_wall(**turn)
    assert desk.codes(desk.act(waiting)) == ["clock_moved"]


@pytest.mark.parametrize("name", ["propose", "confirm"])
def test_rule_of_the_court_is_never_attested_nor_on_paper(desk, name):
    proposal = desk.do("propose", "kabag", kind="policy", content={"policy": {}}).subject
    how = {"kind": "policy", "content": {"policy": {}}} if name == "propose" else {}
    attested = desk.judged(name, "sec", proposal, proof={"kind": "attested", "by": "op"}, **how)
    assert attested == ["signature_needed"]
    paper = desk.judged(name, "sec", proposal, proof={"kind": "paper", "by": "head"}, **how)
    assert "paper_not_accepted" in paper


def test_rule_of_the_court_needs_an_office(desk):
    proposal = desk.do("propose", "kabag", kind="policy", content={"policy": {}}).subject
    assert desk.judged("propose", "spare", kind="clock", content={}) == ["not_in_office"]
    assert desk.judged("confirm", "spare", proposal) == ["not_in_office"]


def test_confirmation_covers_exactly_one_proposal(desk):
    """One signature over two proposals would carry the second past every check made for the first."""
    own = desk.do("propose", "kabag", kind="policy", content={"policy": {"paper": False}}).subject
    others = desk.do("propose", "sec", kind="clock", content={}).subject
    assert desk.judged("confirm", "kabag", subjects=[others, own]) == ["one_proposal"]
    assert desk.judged("confirm", "kabag", subjects=[]) == ["one_proposal"]
    assert desk.judged("propose", "kabag", kind="clock", content={}) == []


def test_confirmation_is_given_once_and_for_something_that_waits(desk):
    proposal = desk.rule("policy", policy={})
    assert desk.judged("confirm", "head", proposal) == ["no_such_proposal"]
    assert desk.judged("confirm", "head", "nothing") == ["no_such_proposal"]


def test_key_is_enrolled_for_one_person_and_once(desk):
    again = {"person": desk.id["op2"], "key": desk.key["sec"].data()}
    assert desk.judged("propose", "kabag", kind="key", content=again) == ["key_taken"]
    first = desk.do("propose", "kabag", kind="enrol", content={"person": "p-9", "key": KEY}).subject
    second = desk.do("propose", "kabag", kind="enrol", content={"person": "p-8", "key": KEY}).subject
    desk.do("confirm", "sec", first)
    assert desk.judged("confirm", "sec", second) == ["key_taken"]


def test_retired_key_can_not_be_enrolled_again(desk):
    desk.rule("retire_key", fingerprint=desk.key["op2"].fingerprint, compromised_from=None)
    again = {"person": desk.id["op2"], "key": desk.key["op2"].data()}
    assert desk.judged("propose", "kabag", kind="key", content=again) == ["key_taken"]


def test_appointment_counts_from_its_confirmation_whatever_day_it_names(desk):
    request = desk.request("consider")
    order = {"person": desk.id["spare"], "office": "secretary", "status": "plh", "first": "2026-01-01", "last": ""}
    before = desk.act(desk.waiting("approve", "spare", request, office="secretary"))
    proposal = desk.do("propose", "kabag", kind="appoint", content=order).subject
    assert desk.codes(before) == ["not_in_office"], "a proposal alone gives no office"
    desk.clock.run(hours=1)
    earlier = desk.clock.time
    desk.clock.run(hours=1)
    desk.do("confirm", "sec", proposal)
    assert desk.codes(before) == []
    assert desk.codes(before, now=earlier) == ["not_in_office"], "an act of an hour ago stays without an office"


def test_appointment_ended_counts_to_its_new_last_day(desk):
    today = desk.court().today(desk.clock.time).isoformat()
    order = {"person": desk.id["spare"], "office": "secretary", "status": "plt", "first": today, "last": ""}
    appointment = desk.rule("appoint", **order)
    desk.rule("end_appointment", appointment=appointment, last=today)
    assert desk.court().capacity(desk.id["spare"], "secretary", desk.clock.time)
    desk.clock.run(days=1)
    assert not desk.court().capacity(desk.id["spare"], "secretary", desk.clock.time)
    desk.rule("end_appointment", appointment=appointment, last="2030-01-01")
    assert not desk.court().capacity(desk.id["spare"], "secretary", desk.clock.time), "an end is never moved out again"
