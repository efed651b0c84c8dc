"""May this person do this act now? Each proof and each rule alone, with real signatures."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sopti_runner.domain.authority import judge
from sopti_runner.domain.request import ActName
from sopti_runner.domain.statement import parse_statement
from tests.unit.domain.desk import Desk


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def considered(desk):
    return desk.request("consider")


# --- proofs -----------------------------------------------------------------------------------------------------------


def test_act_signed_by_the_person_in_office_is_allowed(desk, considered):
    assert desk.judged("approve", "sec", considered) == []


@pytest.mark.parametrize(
    ("proof", "code"),
    [
        ({"key": "stranger"}, "key_unknown"),
        ({"key": "kabag"}, "key_unknown"),  # somebody else's key under the person's name
        ({"by": "kabag"}, "signer_differs"),  # somebody else's key and name under the person's statement
        ({"raw": lambda raw: raw.replace(b'"uses":1', b'"uses":2')}, "signature_bad"),
        ({"raw": lambda raw: raw + b" "}, "statement_malformed"),
        ({"raw": lambda raw: b"no statement"}, "statement_malformed"),
        ({"raw": lambda raw: raw.replace(b"sopti-act", b"sopti-ac2")}, "statement_malformed"),
        ({"kind": "attested", "by": "op"}, "signature_needed"),
        ({"kind": "paper", "by": "kabag"}, "scan_missing"),
    ],
)
def test_approval_with_another_proof_is_refused(desk, considered, proof, code):
    assert code in desk.judged("approve", "sec", considered, proof=proof)


def test_signature_in_another_namespace_is_refused(desk, considered):
    waiting = desk.waiting("approve", "sec", considered)
    act = desk.act(waiting)
    elsewhere = replace(act.proof, armored=desk.key["sec"].sign(waiting.statement, namespace="file"))
    assert desk.codes(replace(act, proof=elsewhere)) == ["signature_bad"]


def test_signature_of_another_statement_is_refused(desk, considered):
    act = desk.act(desk.waiting("approve", "sec", considered))
    other = desk.act(desk.waiting("approve", "sec", considered))
    assert desk.codes(replace(act, proof=other.proof)) == ["signature_bad"]


def test_key_retired_signs_nothing_more(desk, considered):
    desk.rule("retire_key", fingerprint=desk.key["dual"].fingerprint, compromised_from=None)
    assert desk.judged("approve", "dual", considered) == ["key_retired"]


def test_key_stolen_long_ago_signs_nothing_more(desk, considered):
    desk.rule("retire_key", fingerprint=desk.key["dual"].fingerprint, compromised_from=1)
    assert desk.judged("approve", "dual", considered) == ["key_retired"]


def test_key_enrolled_later_signs_from_then_on(desk, considered):
    from tests.unit.domain.signing import TestKey

    desk.key["new"] = TestKey("sec baru")
    act = desk.act(desk.waiting("approve", "sec", considered), key="new")
    assert desk.codes(act) == ["key_unknown"]
    desk.rule("key", confirmed_by="head", person=desk.id["sec"], key=desk.key["new"].data())
    assert desk.codes(act) == []


@pytest.mark.parametrize(
    ("by", "codes"),
    [("op", []), ("op2", []), ("dual", []), ("head", ["attester_no_office"]), ("spare", ["attester_no_office"])],
)
def test_routine_act_is_attested_by_an_operator_in_office(desk, by, codes):
    request = desk.request("register")
    assert desk.judged("dispose", "sec", request, proof={"kind": "attested", "by": by}) == codes


@pytest.mark.parametrize("act", ["approve", "grant", "revoke"])
def test_act_that_permits_is_never_attested(desk, considered, act):
    assert "signature_needed" in desk.judged(act, "sec", considered, proof={"kind": "attested", "by": "op"})


def test_act_outside_the_attested_list_of_the_policy_needs_the_own_signature(desk):
    request = desk.request("register")
    desk.rule("policy", policy={"attested": ["examine"]})
    assert desk.judged("dispose", "sec", request, proof={"kind": "attested", "by": "op"}) == ["signature_needed"]


PAPER = {
    "second person vouches": ("head", "op", []),
    "official vouches for themselves": ("sec", "op", ["second_person_needed"]),
    "recorder vouches": ("op2", "op2", ["second_person_needed"]),
    "planner vouches": ("op", "op2", ["second_person_needed"]),
    "second person without office": ("spare", "op", ["second_no_office"]),
    "recorder without office": ("head", "spare", ["recorder_missing"]),
    "recorder nobody knows": ("head", "p-unknown", ["recorder_missing"]),
    "no recorder": ("head", "", ["recorder_missing"]),
}


@pytest.mark.parametrize("case", PAPER)
def test_approval_on_paper_needs_scan_recorder_and_second_person(desk, considered, case):
    by, recorder, codes = PAPER[case]
    how = {"recorder": desk.id.get(recorder, recorder), "texts": {"scan": b"%PDF"}}
    assert desk.judged("approve", "sec", considered, proof={"kind": "paper", "by": by}, **how) == codes


def test_approval_on_paper_is_refused_when_the_policy_says_so(desk, considered):
    desk.rule("policy", policy={"paper": False})
    how = {"recorder": desk.id["op"], "texts": {"scan": b"%PDF"}}
    proof = {"kind": "paper", "by": "head"}
    assert desk.judged("approve", "sec", considered, proof=proof, **how) == ["paper_not_accepted"]


def test_routine_act_is_not_done_on_paper(desk):
    request = desk.request("register")
    how = {"recorder": desk.id["op"], "texts": {"scan": b"%PDF"}}
    proof = {"kind": "paper", "by": "head"}
    assert desk.judged("dispose", "sec", request, proof=proof, **how) == ["paper_not_accepted"]


# --- statements -------------------------------------------------------------------------------------------------------


def test_statement_used_once_is_refused_the_second_time(desk, considered):
    waiting = desk.waiting("approve", "sec", considered)
    desk.acts.sign(waiting, desk.key["sec"])
    desk.do("revoke", "sec", considered)
    desk.do("consider", "kabag", considered)
    assert desk.codes(desk.act(waiting)) == ["statement_replayed"]


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("log", {"log": "sopti.lain.example/ledger"}),
        ("policy", {"policy": "0" * 64}),
        ("act", {"act": "grant"}),
        ("subjects", {"subjects": ("other",)}),
        ("person", {"person": "p-other"}),
        ("office", {"office": "chair"}),
        ("data", {"data": {}}),
    ],
)
def test_statement_that_speaks_of_another_thing_is_refused_by_name(desk, considered, part, changed):
    waiting = desk.waiting("approve", "sec", considered)
    act = desk.act(waiting)
    raw = replace(parse_statement(waiting.statement), **changed).encode()
    signed = replace(act, raw=raw, proof=replace(act.proof, armored=desk.key["sec"].sign(raw)))
    reasons = [r for r in judge(desk.court(), signed, desk.clock.time) if r.code == "statement_differs"]
    assert [r.fields["part"] for r in reasons] == [part]


def test_statement_of_before_a_change_of_policy_is_refused(desk, considered):
    act = desk.act(desk.waiting("approve", "sec", considered))
    desk.rule("policy", policy={"validity_days": 30})
    assert desk.codes(act) == ["statement_differs"]


def test_statement_of_a_longer_ledger_is_refused(desk, considered):
    waiting = desk.waiting("approve", "sec", considered)
    act = desk.act(waiting)
    raw = replace(parse_statement(waiting.statement), head_size=desk.court().size + 1).encode()
    signed = replace(act, raw=raw, proof=replace(act.proof, armored=desk.key["sec"].sign(raw)))
    assert desk.codes(signed) == ["statement_ahead"]


@pytest.mark.parametrize("key", ["statement", "nonce", "claims", "due", "number", "recorder", "note"])
def test_act_that_says_what_is_not_its_to_say_is_refused(desk, key):
    request = desk.request("register")
    assert desk.judged("dispose", "sec", request, **{key: [["approval", "x"]]}) == ["word_unknown"]


@pytest.mark.parametrize("name", ["propose", "confirm"])
def test_rule_that_says_what_is_not_its_to_say_is_refused(desk, name):
    words = {"kind": "policy", "content": {"policy": desk.court().policy.to_data() | {"paper": False}}}
    proposal = desk.do("propose", "kabag", **words).subject
    said = words if name == "propose" else {}
    by = "kabag" if name == "propose" else "sec"
    request = "" if name == "propose" else proposal
    assert desk.judged(name, by, request, **said) == []
    assert desk.judged(name, by, request, **said, note="Nama Orang") == ["word_unknown"]


@pytest.mark.parametrize("requester", ["Nama Orang", "", ["p"], {}, None, 7])
def test_request_for_somebody_not_enrolled_names_them_in_a_text(desk, requester):
    assert desk.judged("register", "op", requester=requester) == ["requester_unknown"]
    assert desk.judged("register", "op", requester=desk.id["sec"]) == []


def test_act_of_somebody_not_enrolled_says_nothing_about_a_requester(desk, considered):
    act = replace(desk.act(desk.waiting("approve", "sec", considered)), person="p-unknown")
    assert "not_in_office" in desk.codes(act)
    assert "requester_unknown" not in desk.codes(act)


def test_act_of_unknown_name_is_a_reason_and_no_exception(desk, considered):
    act = replace(desk.act(desk.waiting("approve", "sec", considered)), name="bless")
    assert "act_unknown" in desk.codes(act)


# --- persons and offices ----------------------------------------------------------------------------------------------


def test_reason_of_a_wrong_office_says_who_may_act(desk, considered):
    reasons = judge(desk.court(), desk.act(desk.waiting("approve", "head", considered)), desk.clock.time)
    assert {r.code: r.who for r in reasons} == {"not_in_office": ("secretary",)}


@pytest.mark.parametrize("status", ["definitive", "plh", "plt"])
@pytest.mark.parametrize(("day", "allowed"), [(-1, False), (0, True), (2, True), (3, False)])
def test_holder_of_an_office_acts_on_the_days_of_the_order(desk, considered, status, day, allowed):
    first = desk.court().today(desk.clock.time) + timedelta(days=1)
    days = {"first": first.isoformat(), "last": (first + timedelta(days=2)).isoformat()}
    desk.rule("appoint", person=desk.id["spare"], office="secretary", status=status, **days)
    desk.clock.run(days=day + 1)
    codes = desk.judged("approve", "spare", considered, office="secretary")
    assert codes == ([] if allowed else ["not_in_office"])


def test_approver_that_asked_is_refused_until_the_court_waives_it(desk):
    request = desk.request("consider", requester=desk.id["sec"])
    reasons = judge(desk.court(), desk.act(desk.waiting("approve", "sec", request)), desk.clock.time)
    assert [(r.code, r.who) for r in reasons] == [("approver_is_requester", ("secretary",))]
    last = desk.court().today(desk.clock.time)
    desk.rule("policy", confirmed_by="head", policy={"waivers": {"requester_approves": last.isoformat()}})
    act = desk.act(desk.waiting("approve", "sec", request))
    assert desk.codes(act) == []
    assert desk.codes(act, now=desk.clock.time + timedelta(days=1)) == ["approver_is_requester"]


def test_request_that_names_no_requester_was_asked_for_by_who_registered_it(desk):
    request = desk.do("register", "dual").subject
    assert desk.court().requests[request].requester == desk.id["dual"]


def test_approver_that_advised_is_refused_until_the_court_waives_it(desk):
    request = desk.request("plan")
    both = {"person": desk.id["kabag"], "office": "secretary", "status": "plt", "first": "2026-01-01", "last": ""}
    desk.rule("appoint", by="head", **both)
    desk.do("consider", "kabag", request)
    assert desk.judged("approve", "kabag", request) == ["approver_is_adviser"]
    desk.rule("policy", by="head", policy={"waivers": {"adviser_approves": "2027-01-31"}})
    assert desk.judged("approve", "kabag", request) == []
    event = desk.do("approve", "kabag", request)
    assert event.data["waived"] == ["adviser_approves"]


def test_approver_that_planned_is_refused_and_no_policy_can_waive_it(desk):
    request = desk.request("prioritise")
    desk.plan("dual", request)
    desk.do("consider", "kabag", request)
    assert desk.judged("approve", "dual", request) == ["approver_is_executor"]
    assert desk.judged("approve", "sec", request) == []


# --- what an act says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({"plan": "0" * 64}, ["plan_differs"]),
        ({"hosts": ["web1"]}, ["hosts_differ"]),
        ({"uses": 2}, ["uses_wrong"]),
        ({"expires": "2026-11-23T01:00:00+00:00"}, ["validity_wrong"]),  # in the past
        ({"expires": "2026-12-08T02:00:00+00:00"}, ["validity_wrong"]),  # more than 14 days
        ({"expires": "2026-11-24T02:00:00"}, ["validity_wrong"]),  # of no zone
        ({"expires": "tomorrow"}, ["validity_wrong"]),
        ({"not_before": "2026-11-26T02:00:00+00:00"}, ["validity_wrong"]),  # not before its end
        ({"expires": None}, ["validity_wrong"]),
    ],
)
def test_approval_of_anything_but_this_plan_once_for_a_time_is_refused(desk, considered, changed, codes):
    assert desk.judged("approve", "sec", considered, **changed) == codes


def test_plan_with_a_failed_task_can_be_neither_advised_on_nor_approved(desk):
    request = desk.request("prioritise")
    desk.hosts.fails = True
    desk.plan("op", request)
    assert desk.judged("consider", "kabag", request) == ["plan_failed"]
    assert "plan_failed" in desk.judged("approve", "sec", request)


@pytest.mark.parametrize(
    "changed",
    [{"hosts": []}, {"hosts": "web1"}, {"counts": {}}, {"counts": {"failed": 0}}, {"plan": ""}, {"sealed": None}, {}],
)
def test_plan_described_in_another_form_is_refused_because_it_could_not_be_folded(desk, changed):
    request = desk.request("prioritise")
    counts = {"same": 0, "change": 1, "opaque": 0, "failed": 0}
    good = {"plan": "a" * 64, "playbook": "contoh", "sealed": "b", "hosts": ["web1"], "counts": counts}
    texts = {"plan": b"{}"} if changed else {}
    assert desk.judged("plan", "op", request, texts=texts, **{**good, **changed}) == ["plan_malformed"]


@pytest.mark.parametrize(
    ("act", "who", "state", "codes"),
    [
        ("plan", "op", "prioritised", ["no_technical_change", "plan_malformed"]),
        ("grant", "sec", "prioritised", []),
    ],
)
def test_request_without_technical_change_is_granted_and_never_planned(desk, act, who, state, codes):
    request = desk.do("register", "op").subject
    for name, doer in (("dispose", "sec"), ("examine", "head")):
        desk.do(name, doer, request)
    desk.do("classify", "op", request, change_type="none")
    for name in ("verify", "prioritise"):
        desk.do(name, "head", request)
    assert desk.court().requests[request].state == state
    assert desk.judged(act, who, request) == codes


def test_technical_request_is_not_granted_past_its_plan(desk):
    request = desk.request("prioritise")
    assert desk.judged("grant", "sec", request) == ["technical_change"]


def test_grant_of_a_list_judges_each_request_and_takes_none_twice(desk):
    first, second, other = (desk.do("register", "op").subject for _ in range(3))
    for request in (first, second):
        desk.do("triage", "op", request)
    assert desk.judged("grant", "sec", subjects=[first, second]) == []
    assert desk.judged("grant", "sec", subjects=[first, other]) == ["wrong_state"]
    assert desk.judged("grant", "sec", subjects=[first, first]) == ["one_request"]
    assert desk.judged("dispose", "sec", subjects=[other, first]) == ["one_request", "wrong_state"]
    assert desk.judged("grant", "sec", subjects=[]) == ["one_request"]


@pytest.mark.parametrize("act", [a.value for a in ActName if a.value in ("revoke", "return", "reject", "withdraw")])
def test_act_that_turns_a_request_back_needs_a_reason(desk, act):
    request = desk.request("register")
    bare = desk.acts.prepare(act, person=desk.id["sec"], subjects=[request], data={})
    assert "text_missing" in desk.codes(desk.act(bare))


@pytest.mark.parametrize("text", ["description", "unit"])
def test_registration_without_its_words_is_refused(desk, text):
    texts = {t: "contoh" for t in ("description", "unit") if t != text}
    data = {"kind": "incident", "category": "network", "urgency": "low", "personal_data": "no"}
    bare = desk.acts.prepare("register", person=desk.id["op"], subjects=[], data=data, texts=texts)
    assert desk.codes(desk.act(bare)) == ["text_missing"]


@pytest.mark.parametrize(
    ("act", "who", "word"),
    [
        *(("register", "op", w) for w in ("kind", "category", "urgency", "personal_data")),
        ("dispose", "sec", "letter_urgency"),
        ("triage", "op", "impact"),
    ],
)
def test_act_with_a_word_outside_its_choices_is_refused(desk, act, who, word):
    request = desk.request("register")
    assert desk.judged(act, who, request, **{word: "whatever"}) == ["value_not_allowed"]


def test_start_that_names_another_approval_plan_or_hosts_is_refused(desk):
    request = desk.request("approve")
    approval = desk.court().approvals[desk.court().requests[request].approval]
    good = {"approval": approval.id, "plan": approval.plan, "hosts": list(approval.hosts)}
    assert desk.judged("start", "op", request, **good) == []
    for changed in ({"approval": "x"}, {"plan": "0" * 64}, {"hosts": ["web1"]}):
        assert desk.judged("start", "op", request, **{**good, **changed}) == ["start_differs"]


def test_judge_lists_every_reason_at_once(desk, considered):
    how = {"plan": "0" * 64, "uses": 3, "expires": "never"}
    codes = desk.judged("approve", "head", considered, proof={"key": "stranger"}, **how)
    assert codes == ["key_unknown", "not_in_office", "plan_differs", "uses_wrong", "validity_wrong"]
