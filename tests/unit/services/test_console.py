"""A console is sealed for persons in office, proven by the host alone, and each use of it answered for by somebody."""

import json
from contextlib import contextmanager
from datetime import timedelta

import pytest

from sopti_runner.domain.console import ACCOUNT, ConsoleSeen, secret_of
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.login import Login
from sopti_runner.errors import DeviationError, NotFoundError, UsageError
from sopti_runner.services.access import Access
from sopti_runner.services.console import console_check, note_uses, prove, seal, use_on
from tests.unit.domain.desk import Desk

PASSWORD = ("abcd-efgh-jkmn-pqrs-tuvw-xyz2", "$y$j9T$salt$hash")


class FakeAccess(Access):
    """Ways into hosts that need no keys."""

    def __init__(self, books):
        self.books = books

    @contextmanager
    def reading(self, hosts):
        yield None


class FakeConsoles:
    """Hosts that say what a test put down; implements HostConsoles."""

    def __init__(self, seen):
        self.seen = seen

    def look(self, host, keys):
        return self.seen


@pytest.fixture
def desk():
    return Desk()


def sealed(desk, *holders, keep=lambda slip: None):
    return seal(desk.books, "web1", [desk.id[name] for name in holders], password=PASSWORD, keep=keep)


def seen(desk, slip, **changed):
    now = desk.clock.now().time
    fields = {"digest": slip.digest, "unchanged_since": now - timedelta(minutes=9), "shut": True}
    at = now - timedelta(minutes=5)
    return ConsoleSeen(**{"now": now, **fields, "logins": (at,), "as_root": (at + timedelta(seconds=3),), **changed})


def test_sealing_is_recorded_without_the_password(desk):
    kept = []
    slip = sealed(desk, "sec", "op", keep=kept.append)
    assert kept == [slip]
    assert slip.password == PASSWORD[0]
    (event,) = desk.ledger.events(types=["console.sealed"])
    assert event.data == {"host": "web1", "digest": slip.digest, "holders": [desk.id["sec"], desk.id["op"]]}
    for word in PASSWORD:
        assert word not in json.dumps(dict(event.data))
    assert console_check(desk.books).verdict == "ok"


@pytest.mark.parametrize("holders", [(), ("op", "op"), ("spare",), ("op", "op2", "sec", "head", "kabag")])
def test_envelope_needs_one_to_four_persons_in_office(desk, holders):
    with pytest.raises(UsageError):
        sealed(desk, *holders)
    assert not list(desk.ledger.events(types=["console.sealed"]))


def test_slip_that_could_not_be_written_is_not_recorded(desk):
    def fails(slip):
        raise UsageError("disk")

    with pytest.raises(UsageError):
        sealed(desk, "sec", keep=fails)
    assert not list(desk.ledger.events(types=["console.sealed"]))


def test_proof_is_recorded_only_when_the_host_shows_it(desk):
    access = FakeAccess(desk.books)
    with pytest.raises(UsageError):
        prove(access, FakeConsoles(None), "web1")
    slip = sealed(desk, "sec")
    for wrong in ({"logins": ()}, {"shut": False}, {"digest": ""}, {"as_root": ()}):
        with pytest.raises(DeviationError):
            prove(access, FakeConsoles(seen(desk, slip, **wrong)), "web1")
    assert not list(desk.ledger.events(types=["console.proven"]))
    assert prove(access, FakeConsoles(seen(desk, slip)), "web1").ready


def test_use_is_recorded_once_and_stays_an_exception_until_an_official_answered(desk):
    slip = sealed(desk, "sec")
    good = seen(desk, slip)
    prove(FakeAccess(desk.books), FakeConsoles(good), "web1")
    at = desk.clock.now().time - timedelta(minutes=1)
    logins = [Login(good.logins[0], ACCOUNT, "console"), Login(at, ACCOUNT, "console"), Login(at, "root", "console")]
    assert [use.at for use in note_uses(desk.books, "web1", logins)] == [at]
    assert note_uses(desk.books, "web1", logins) == ()
    assert not desk.court().access.consoles["web1"].ready
    assert "emergency record --console web1" in console_check(desk.books).next
    use = use_on(desk.books, "web1")
    data = {"done_at": use.at.isoformat(), "hosts": ["web1"], "evidence": use.digest}
    request = desk.do("record", "op", **data).subject
    assert console_check(desk.books).next.startswith("sopti emergency ratify")
    with pytest.raises(NotFoundError):
        use_on(desk.books, "web1")
    desk.do("ratify", "sec", request)
    assert console_check(desk.books).verdict == "ok"


def test_host_that_only_certificates_open_needs_a_proven_console(desk):
    data = {"host": "web1", "certificate": True, "plain": False, "authority": "SHA256:ca"}
    desk.books.tell([Draft(desk.books.new_id(desk.clock.now()), "access.checked", desk.books.store.log, SYSTEM, data)])
    check = console_check(desk.books)
    assert (check.verdict, check.fields["hosts"]) == ("warning", "web1")
    slip = sealed(desk, "sec")
    prove(FakeAccess(desk.books), FakeConsoles(seen(desk, slip)), "web1")
    assert console_check(desk.books).verdict == "ok"


def test_secret_of_a_host_has_a_name_that_a_secret_may_have():
    assert secret_of("Web1") == "console-web1"
