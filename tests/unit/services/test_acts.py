"""Acts as a service: prepared, proven, judged, recorded, and refused without a trace in what is true."""

import pytest

from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.statement import Proof, ProofKind, parse_statement, statement_digest
from sopti_runner.errors import LedgerError, NotFoundError, RefusedError, UsageError
from sopti_runner.services.examining import examine
from sopti_runner.services.ledger_care import carry_out_erasures, unfinished_erasures
from tests.unit.domain.desk import Desk


@pytest.fixture
def desk():
    return Desk()


def refused_codes(error):
    return [reason.code for reason in error.value.reasons]


def test_act_signed_here_is_recorded_with_person_capacity_and_key(desk):
    event = desk.do("register", "op")
    assert (event.actor.person, event.actor.capacity) == (desk.id["op"], "operator:definitive")
    assert event.actor.credential == desk.key["op"].fingerprint
    assert event.data["number"] == 1
    assert parse_statement(event.data["statement"].encode()).nonce == event.data["nonce"]


def test_act_attested_here_says_so(desk):
    request = desk.do("register", "op").subject
    waiting = desk.waiting("dispose", "sec", request)
    (event,) = desk.acts.sign(waiting, desk.key["op"])
    assert event.actor.person == desk.id["sec"]
    assert event.actor.credential == event.data["proof"]["kind"] == "attested"


def test_act_with_a_key_nobody_enrolled_is_a_usage_error_and_no_event(desk):
    waiting = desk.waiting("register", "op")
    before = desk.ledger.head()
    with pytest.raises(NotFoundError):
        desk.acts.sign(waiting, desk.key["stranger"])
    assert desk.ledger.head() == before


def test_act_refused_is_an_event_and_changes_nothing_else(desk):
    request = desk.do("register", "op").subject
    before = desk.court()
    with pytest.raises(RefusedError) as error:
        desk.do("examine", "head", request)
    assert refused_codes(error) == ["wrong_state"]
    assert error.value.exit_code == 10
    last = desk.ledger.kept[-1]
    assert (last.type, last.subject, last.data["reasons"]) == ("gate.refused", request, ["wrong_state"])
    assert desk.court().requests == before.requests
    assert desk.court().nonces == before.nonces


def test_refused_act_is_recorded_under_who_signed_it_and_not_under_whom_it_names(desk):
    request = desk.request("register")
    with pytest.raises(RefusedError):
        desk.acts.sign(desk.waiting("approve", "sec", request), desk.key["op"])
    last = desk.ledger.kept[-1]
    assert (last.actor.person, last.actor.credential) == (desk.id["op"], desk.key["op"].fingerprint)
    assert last.data["named"] == desk.id["sec"]


@pytest.mark.parametrize("signed", ["by another key", "over other words"])
def test_refused_act_whose_signature_proves_nobody_is_recorded_under_nobody(desk, signed):
    request = desk.request("register")
    waiting = desk.waiting("dispose", "sec", request)
    made = desk.key["op"].sign(waiting.statement) if signed == "by another key" else desk.key["sec"].sign(b"other")
    proof = Proof(ProofKind.SIGNATURE, desk.id["sec"], desk.key["sec"].fingerprint, made)
    with pytest.raises(RefusedError):
        desk.acts.record(waiting, proof)
    last = desk.ledger.kept[-1]
    assert (last.actor.person, last.data["named"]) == ("system", desk.id["sec"])
    assert last.data["reasons"] == ["signature_bad"]


@pytest.mark.parametrize("how", [{"urgency": "soon"}, {"texts": {}}])
def test_act_that_is_a_slip_of_the_command_changes_no_byte(desk, how):
    before = desk.ledger.head()
    waiting = desk.waiting("register", "op", **how)
    if "texts" in how:
        waiting = desk.acts.prepare(
            "register", person=desk.id["op"], subjects=[], data=parse_statement(waiting.statement).data
        )
    with pytest.raises(RefusedError) as error:
        desk.acts.sign(waiting, desk.key["op"])
    assert error.value.exit_code == 2
    assert desk.ledger.head() == before


def test_act_exported_comes_back_once(desk):
    request = desk.request("consider")
    waiting = desk.waiting("approve", "sec", request)
    digest = desk.acts.export(waiting)
    assert digest == statement_digest(waiting.statement)
    armored = desk.key["sec"].sign(waiting.statement)
    key = desk.key["sec"].fingerprint
    (event,) = desk.acts.bring(digest[:12], armored, key)
    assert event.type == "request.approved"
    with pytest.raises(NotFoundError):
        desk.acts.bring(digest, armored, key)


def test_act_brought_back_with_a_bad_signature_still_waits(desk):
    request = desk.request("consider")
    digest = desk.acts.export(desk.waiting("approve", "sec", request))
    wrong = desk.key["sec"].sign(b"something else")
    with pytest.raises(RefusedError) as error:
        desk.acts.bring(digest, wrong, desk.key["sec"].fingerprint)
    assert refused_codes(error) == ["signature_bad"]
    assert desk.acts.outbox.get(digest)


def test_act_with_other_texts_than_its_statement_is_refused(desk):
    one, other = desk.waiting("register", "op"), desk.waiting("register", "op")
    proof = desk.act(one).proof
    with pytest.raises(UsageError):
        desk.acts.record(type(one)(one.statement, other.blobs, one.display), proof)


def test_start_recorded_as_an_act_is_refused_before_it_is_judged(desk):
    request = desk.request("approve")
    folded = desk.court().requests[request]
    data = {"approval": folded.approval, "plan": folded.plan.digest, "hosts": list(folded.plan.hosts)}
    waiting = desk.waiting("start", "op", request, **data)
    before = desk.ledger.head()
    with pytest.raises(UsageError):
        desk.acts.sign(waiting, desk.key["op"])
    assert desk.ledger.head() == before


def test_approval_is_sealed_by_a_checkpoint(desk):
    desk.request("approve")
    assert desk.ledger.checkpoints()[-1][0] == desk.ledger.head().size


def test_list_granted_under_one_signature_is_one_event_a_request(desk):
    requests = [desk.do("register", "op").subject for _ in range(3)]
    for request in requests:
        desk.do("triage", "op", request)
    events = desk.acts.sign(desk.waiting("grant", "sec", subjects=requests), desk.key["sec"])
    assert [e.subject for e in events] == requests
    assert len({e.data["nonce"] for e in events}) == 1
    assert {desk.court().requests[r].state for r in requests} == {"granted"}


@pytest.mark.parametrize("brought_in", [False, True])
def test_erasure_is_carried_out_when_it_is_confirmed_however_the_signature_comes(desk, brought_in):
    digest = next(ref.digest for ref in desk.do("register", "op").blobs)
    proposal = desk.do("propose", "kabag", kind="erase", content={"digest": digest.hex()}).subject
    assert desk.ledger.blob(digest)
    waiting, key = desk.waiting("confirm", "sec", proposal), desk.key["sec"]
    if brought_in:
        name = desk.acts.export(waiting)
        desk.acts.bring(name, key.sign(waiting.statement), key.fingerprint)
    else:
        desk.acts.sign(waiting, key)
    assert desk.ledger.blob(digest) is None
    last = desk.ledger.kept[-1]
    assert (last.type, last.subject, last.data["digests"]) == ("blob.erased", proposal, [digest.hex()])


@pytest.mark.parametrize("told", [False, True], ids=["before-its-event", "after-its-event"])
def test_erasure_interrupted_after_its_confirmation_is_finished_once(desk, told):
    digest = next(ref.digest for ref in desk.do("register", "op").blobs)
    kept = desk.ledger.blob(digest)
    proposal = desk.do("propose", "kabag", kind="erase", content={"digest": digest.hex()}).subject
    desk.do("confirm", "sec", proposal)
    if not told:
        last = desk.ledger.kept[-1]
        del desk.ledger.ids[desk.ledger.kept.pop().id]
        desk.ledger.frontier = Frontier(e.leaf for e in desk.ledger.kept)
        assert last.type == "blob.erased"
    desk.ledger.blobs[digest] = kept
    desk._serve()
    assert [p.id for p in unfinished_erasures(desk.books)] == [proposal]
    assert "fault" in [c.verdict for c in examine(desk.books) if c.name == "Erasures"]
    assert (carry_out_erasures(desk.books), carry_out_erasures(desk.books)) == (1, 0)
    assert desk.ledger.blob(digest) is None
    assert [e.subject for e in desk.ledger.events(types=["blob.erased"])] == [proposal]


def test_ledger_that_is_full_takes_no_act(desk):
    desk.ledger.full = True
    with pytest.raises(LedgerError):
        desk.do("register", "op")
    desk.ledger.full = False
    assert desk.court().requests == {}


@pytest.mark.parametrize("turn", [{"days": 2}, {"hours": -1}])
def test_act_under_a_wrong_clock_is_refused_again_and_again(desk, turn):
    """The refusal is an event; its time must not become the one that the next act is judged by."""
    desk.clock.run(hours=2)
    desk.do("register", "op")
    desk.clock.set_wall(**turn)
    for _ in range(3):
        with pytest.raises(RefusedError) as error:
            desk.do("register", "op")
        assert refused_codes(error)[0] in ("clock_jump", "clock_back")
    assert desk.ledger.kept[-1].data["clock"] == desk.clock.time.isoformat()
    desk.clock.mend()
    assert desk.do("register", "op").type == "request.registered"


def test_wrong_clock_is_put_right_by_two_officials_alone(desk):
    desk.clock.run(hours=2)
    desk.do("register", "op")
    desk.clock.set_wall(days=2)
    proposal = desk.do("propose", "kabag", kind="clock", content={}).subject
    with pytest.raises(RefusedError) as error:
        desk.do("confirm", "kabag", proposal)
    assert refused_codes(error) == ["own_proposal"]
    event = desk.do("confirm", "sec", proposal)
    assert (event.type, event.time) == ("clock.corrected", desk.clock.time)
    assert desk.do("register", "op").time == desk.clock.time


def test_clock_within_its_tolerance_never_takes_the_ledger_back(desk):
    first = desk.do("register", "op")
    desk.clock.set_wall(seconds=-4)
    assert desk.do("register", "op").time == first.time
