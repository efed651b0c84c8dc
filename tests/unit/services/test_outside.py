"""An old copy of the ledger, or another history: nothing is done on it once a checkpoint has left the machine."""

import pytest

from sopti_runner.errors import IntegrityError, RefusedError
from sopti_runner.services.acts import Acts
from sopti_runner.services.applying import Applying
from sopti_runner.services.books import Books
from sopti_runner.services.examining import examine
from tests.fakes import FakeLogKey, FakeSink
from tests.unit.domain.desk import Desk
from tests.unit.domain.example_court import ORIGIN, FakeLocks, FakeOutbox
from tests.unit.domain.memory_ledger import MemoryLedger


class SharedDesk(Desk):
    """A court whose checkpoints go to a share."""

    share = None

    def _serve(self):
        super()._serve()
        self.share = self.share or FakeSink()
        self.books = Books(self.ledger, self.clock, FakeLogKey(ORIGIN), [self.share])
        self.acts = Acts(self.books, FakeOutbox())
        self.applying = Applying(self.acts, self.content, self.engine, FakeLocks(), lambda books: "")

    def back(self, old):
        """Put an old copy of the ledger back; the hosts and the share stay as they are."""
        self.ledger = MemoryLedger(old)
        self._serve()


@pytest.fixture
def desk():
    return SharedDesk()


def refused(act):
    with pytest.raises(RefusedError) as error:
        act()
    return [reason.code for reason in error.value.reasons]


def test_approval_used_before_an_old_copy_was_put_back_is_not_used_again(desk):
    request = desk.request("approve")
    old = MemoryLedger(desk.ledger)
    desk.apply("op", request)
    desk.hosts.state = {"web1": 0, "web2": 0}
    desk.back(old)
    for _ in range(8):  # each refusal is an event: the copy grows past what was sent, and stays another history
        assert refused(lambda: desk.apply("op", request))[0] in ("ledger_behind", "ledger_differs")
    assert refused(lambda: desk.apply("op", request))[0] == "ledger_differs"
    assert len(desk.hosts.applied) == 1
    assert refused(lambda: desk.do("register", "op")) == ["ledger_differs"]
    assert refused(lambda: desk.plan("op", request))[0] == "ledger_differs"


def test_note_written_into_the_old_copys_own_table_changes_nothing(desk):
    old = MemoryLedger(desk.ledger)
    desk.request("approve")
    desk.back(old)
    sent = max(size for _origin, size in desk.share.kept)
    while len(desk.ledger.kept) <= sent:
        assert refused(lambda: desk.do("register", "op"))[0] in ("ledger_behind", "ledger_differs")
    desk.ledger.notes |= {size: note for (_origin, size), note in desk.share.kept.items()}
    assert refused(lambda: desk.do("register", "op")) == ["ledger_differs"]
    desk.ledger.notes[sent] = "no note at all"
    assert refused(lambda: desk.do("register", "op")) == ["ledger_differs"]


def test_old_copy_signs_and_sends_nothing_and_doctor_says_so(desk):
    old = MemoryLedger(desk.ledger)
    desk.request("approve")
    before = dict(desk.share.kept)
    desk.back(old)
    with pytest.raises(IntegrityError):
        desk.books.checkpoint()
    assert desk.share.kept == before
    assert [c.verdict for c in examine(desk.books) if c.name == "Checkpoints"] == ["fault"]


def test_copy_that_holds_all_that_was_sent_goes_on(desk):
    desk.request("approve")
    desk.back(desk.ledger)
    assert desk.do("register", "op").type == "request.registered"


def test_note_that_the_log_did_not_sign_stops_nobody(desk):
    """Whoever can write on the share must not be able to lock the court out."""
    foreign = FakeLogKey(ORIGIN, seed=9)
    desk.share.publish(ORIGIN, 999, foreign.note(999, bytes(32)))
    assert desk.do("register", "op").type == "request.registered"
    desk.books.checkpoint()
    assert desk.books.exposure(desk.court()) == (0, 0)
