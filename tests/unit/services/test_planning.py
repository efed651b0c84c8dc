"""Planning as a service: who may, what is kept, and what is found out about a stored plan."""

import pytest

from sopti_runner.domain.plan import decode_plan, encode_plan
from sopti_runner.errors import ContentError, IntegrityError, NotFoundError, RefusedError
from sopti_runner.services.planning import stored_plan
from tests.unit.domain.desk import Desk


@pytest.fixture
def desk():
    return Desk()


def test_plan_made_again_equal_keeps_advice_and_approval(desk):
    request = desk.request("approve")
    before = desk.court().requests[request]
    again = desk.plan("op2", request)
    assert again.kept
    assert desk.court().requests[request] == before


@pytest.mark.parametrize("change", ["content", "state", "hosts"])
def test_plan_made_again_after_a_change_needs_advice_and_approval_anew(desk, change):
    request = desk.request("approve")
    desk.hosts.content += change == "content"
    desk.hosts.state["web1"] += change == "state"
    again = desk.plan("op", request, ("web1",) if change == "hosts" else ("web1", "web2"))
    assert not again.kept
    folded = desk.court().requests[request]
    assert (folded.state, folded.approval) == ("planned", "")


def test_plan_equal_to_one_of_an_earlier_round_is_recorded_anew(desk):
    """Returned and resubmitted, a request with the same plan would otherwise stay prioritised for ever."""
    request = desk.request("plan")
    desk.do("return", "head", request)
    desk.do("resubmit", "op", request)
    for act, who in (
        ("dispose", "sec"),
        ("examine", "head"),
        ("classify", "op"),
        ("verify", "head"),
        ("prioritise", "head"),
    ):
        desk.do(act, who, request)
    assert not desk.plan("op", request).kept
    assert desk.court().requests[request].state == "planned"


@pytest.mark.parametrize(
    ("who", "code"), [("head", "not_in_office"), ("spare", "not_in_office"), ("stranger", "not_in_office")]
)
def test_plan_by_nobody_who_carries_out_changes_reads_no_host(desk, who, code):
    request = desk.request("prioritise")
    with pytest.raises(RefusedError) as error:
        desk.plan(who, request)
    assert [r.code for r in error.value.reasons] == [code]
    assert "read.finished" not in {e.type for e in desk.ledger.kept}


def test_plan_with_a_retired_key_reads_no_host_even_where_it_would_be_kept(desk):
    request = desk.request("plan")
    desk.rule("retire_key", fingerprint=desk.key["op"].fingerprint, compromised_from=None)
    reads = sum(e.type == "read.finished" for e in desk.ledger.kept)
    with pytest.raises(RefusedError) as error:
        desk.plan("op", request)
    assert [r.code for r in error.value.reasons] == ["key_retired"]
    assert sum(e.type == "read.finished" for e in desk.ledger.kept) == reads


def test_plan_with_a_playbook_that_is_not_for_this_kind_of_change_reads_no_host(desk):
    request = desk.request("examine")
    desk.do("classify", "op", request, change_type="standard")
    desk.do("verify", "head", request)
    desk.do("prioritise", "head", request)
    with pytest.raises(ContentError) as error:
        desk.plan("op", request)
    assert (error.value.expected, error.value.found) == ("normal, emergency", "standard")
    assert "read.finished" not in {e.type for e in desk.ledger.kept}


def test_plan_of_an_unknown_request_is_not_found(desk):
    with pytest.raises(NotFoundError):
        desk.plan("op", "REG-2026-0099")


def test_plan_read_back_is_the_one_the_ledger_names(desk):
    request = desk.request("plan")
    folded = desk.court().requests[request]
    assert encode_plan(stored_plan(desk.books, folded)) == desk.ledger.blob(folded.plan.blob.digest).content


@pytest.mark.parametrize("fault", ["erased", "changed", "not a plan"])
def test_plan_that_was_spoilt_is_an_integrity_error(desk, fault):
    request = desk.request("plan")
    folded = desk.court().requests[request]
    ref = folded.plan.blob.digest
    blob = desk.ledger.blobs.pop(ref)
    if fault == "changed":
        other = encode_plan(decode_plan(blob.content)).replace(b"roles/contoh.yml:1", b"roles/contoh.yml:2")
        desk.ledger.blobs[ref] = type(blob)(blob.name, blob.salt, other)
    elif fault == "not a plan":
        desk.ledger.blobs[ref] = type(blob)(blob.name, blob.salt, b"{")
    with pytest.raises(IntegrityError):
        stored_plan(desk.books, folded)
