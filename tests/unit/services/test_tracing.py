"""From an object on a host back to the request behind it, and from an event to its place in the tree."""

import pytest

from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.ledger.proof import check_proof
from sopti_runner.domain.ledger.trust import Trust
from sopti_runner.errors import NotFoundError
from sopti_runner.services.books import Books
from sopti_runner.services.ledger_care import event_proof
from sopti_runner.services.tracing import trace_object, trace_request
from tests.fakes import FakeLogKey
from tests.unit.domain.desk import Desk
from tests.unit.domain.example_court import ORIGIN


@pytest.fixture
def desk():
    return Desk()


def touched(desk, request, host, *objects):
    """Record a task of the request's run that touched objects of a host."""
    run = next(r.id for r in desk.court().runs.values() if r.request == request)
    data = {"run": run, "host": host, "task": "roles/contoh.yml:1", "kind": "changed", "objects": list(objects)}
    books = desk.books
    books.tell([Draft(books.new_id(books.now()), "task.finished", request, SYSTEM, data)])


def test_trace_of_an_object_gives_its_tasks_and_requests_alone(desk):
    first, second = desk.request("apply"), desk.request("apply")
    touched(desk, first, "web1", "file:/etc/contoh", "file:/etc/lain")
    touched(desk, second, "web2", "file:/etc/contoh")
    found = trace_object(desk.books, "web1", "/etc/contoh")
    assert [line.facts["host"] for line in found.lines] == ["web1"]
    assert [r.request.id for r in found.requests] == [first]
    assert found.stands is None


def test_trace_of_an_object_nobody_touched_is_empty(desk):
    touched(desk, desk.request("apply"), "web1", "file:/etc/contoh")
    assert trace_object(desk.books, "web1", "/etc/cont").lines == ()


def test_trace_of_a_request_tells_all_that_happened_in_order(desk):
    request = desk.request("close")
    found = trace_request(desk.books, request)
    assert [line.what for line in found.lines[-4:]] == [
        "read.finished",
        "run.started",
        "run.finished",
        "request.closed",
    ]
    assert found.lines[0].who == "op"


def test_proof_of_an_event_leads_to_the_newest_checkpoint(desk):
    desk.request("approve")
    key = FakeLogKey(ORIGIN)
    books = Books(desk.ledger, desk.clock, key, ())
    books.checkpoint()
    made = event_proof(books, 3)
    assert made.body == desk.ledger.kept[3].body
    assert check_proof(made, Trust(ORIGIN, (key.verifier,)))[1].size == len(desk.ledger.kept)


@pytest.mark.parametrize("seq", [-1, 1000])
def test_proof_of_an_event_that_is_not_there_is_not_found(desk, seq):
    with pytest.raises(NotFoundError):
        event_proof(desk.books, seq)


def test_proof_of_an_event_that_no_checkpoint_covers_says_how_to_get_one(desk):
    desk.request("approve")
    last = desk.do("register", "op").seq
    with pytest.raises(NotFoundError) as error:
        event_proof(desk.books, last)
    assert error.value.next == "sopti ledger checkpoint"
