"""A ledger put back from a copy takes nothing on until two persons compared it with what left the machine."""

from datetime import timedelta

import pytest

from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.request import State
from sopti_runner.errors import IntegrityError, LedgerError, RefusedError, UsageError
from sopti_runner.services.books import Books
from sopti_runner.services.examining import examine
from sopti_runner.services.self_restore import resume
from sopti_runner.services.verifying import verify_ledger
from tests.fakes import FakeLogKey
from tests.unit.domain.example_court import ORIGIN, KilledError
from tests.unit.domain.memory_ledger import MemoryLedger
from tests.unit.services.test_outside import SharedDesk, refused


class English:
    """Words in English; what the tests need of it."""

    lang = "en"

    def __call__(self, text, **fields):
        return text.format(**fields)

    def moment(self, at, zone):
        return at.isoformat()


@pytest.fixture
def desk():
    return SharedDesk()


def copied(desk):
    """Give the copy that a backup takes now."""
    copy = MemoryLedger(desk.ledger)
    copy.copied_at = len(copy.kept)
    return copy


def proposed(desk, who="op", **how):
    statement = resume(desk.acts, person=desk.id[who], words=English(), **how)
    return desk.acts.sign(statement, desk.key[who])[0]


def resumed(desk, **how):
    """Propose and confirm to go on with the copy; gives the event."""
    return desk.do("confirm", "sec", proposed(desk, **how).id)


def newest(desk):
    return max(size for _origin, size in desk.share.kept)


def types(desk):
    return [event.type for event in desk.ledger.kept]


def test_copy_takes_nothing_on_not_even_a_refusal(desk):
    request = desk.request("approve")
    desk.books.checkpoint()
    desk.back(copied(desk))
    before = types(desk)
    for act in (
        lambda: desk.do("register", "op"),
        lambda: desk.apply("op", request),
        lambda: desk.plan("op", request),
        lambda: desk.do("propose", "op", kind="clock", content={}),
    ):
        assert "copy_waits" in refused(act)
    with pytest.raises(IntegrityError):
        desk.books.checkpoint()
    assert types(desk) == before
    assert desk.hosts.applied == []
    assert {c.verdict for c in examine(desk.books) if c.name in ("Ledger", "Checkpoints")} == {"fault"}


def test_whole_copy_goes_on_when_two_persons_agreed(desk):
    desk.request("approve")
    desk.books.checkpoint()
    desk.back(copied(desk))
    size = len(desk.ledger.kept)
    event = resumed(desk)
    assert types(desk)[size:] == ["governance.proposed", "log.restored"]
    assert newest(desk) == event.seq + 1, "the ledger's new end left the machine at once"
    (restoration,) = desk.court().restorations.past
    assert (restoration.size, restoration.seen, restoration.lost) == (size, size, 0)
    assert desk.do("register", "op").type == "request.registered"
    found = verify_ledger(desk.books, None)
    assert not found.defects
    assert not any("lost for good" in str(gap) for gap in found.gaps)


def test_nobody_goes_on_alone(desk):
    desk.books.checkpoint()
    desk.back(copied(desk))
    proposal = proposed(desk)
    assert "copy_waits" in refused(lambda: desk.do("confirm", "op", proposal.id))
    assert "log.restored" not in types(desk)


def test_open_plans_and_approvals_end_with_the_copy(desk):
    planned, approved, closed = (desk.request(until) for until in ("plan", "approve", "close"))
    granted = desk.do("register", "op").subject
    desk.do("triage", "op", granted)
    desk.do("grant", "sec", granted)
    desk.books.checkpoint()
    desk.back(copied(desk))
    resumed(desk)
    states = {ident: request.state for ident, request in desk.court().requests.items()}
    assert (states[planned], states[approved], states[closed]) == (State.PRIORITISED, State.PRIORITISED, State.CLOSED)
    assert states[granted] is State.TRIAGED
    assert all(held.revoked or held.used_by for held in desk.court().approvals.values())
    assert "no_approval" in refused(lambda: desk.apply("op", approved))
    desk.plan("op", approved)
    assert desk.court().requests[approved].state is State.PLANNED


def test_decrees_and_proofs_of_consoles_end_with_the_copy(desk):
    decree, at = desk.decree(), desk.clock.now()
    sealed = {"host": "web1", "digest": "d" * 64, "holders": ["sec"]}
    proven = {"host": "web1", "digest": "d" * 64, "logins": [at.time.isoformat()]}
    for kind, data in (("console.sealed", sealed), ("console.proven", proven)):
        desk.books.tell([Draft(desk.books.new_id(at), kind, desk.books.store.log, SYSTEM, data)])
    assert desk.court().access.consoles["web1"].ready
    desk.books.checkpoint()
    desk.back(copied(desk))
    resumed(desk)
    assert not desk.court().access.consoles["web1"].ready
    assert refused(lambda: desk.do("declare", "op", decree=decree)) == ["decree_ended"]


def test_run_that_was_going_on_is_interrupted_and_its_hosts_unknown(desk):
    request = desk.request("approve")
    desk.hosts.ends = "killed"
    with pytest.raises((KilledError, LedgerError)):
        desk.apply("op", request)
    desk.ledger.full = False
    desk.books.checkpoint()
    desk.back(copied(desk))
    resumed(desk)
    (run,) = desk.court().runs.values()
    assert (run.outcome, set(run.hosts.values())) == ("interrupted", {"unknown"})
    assert desk.court().requests[request].state is State.PARTIAL
    assert desk.applying.bury_dead() == ()
    assert not verify_ledger(desk.books, None).defects


def test_month_old_copy_is_refused_with_the_reason(desk):
    old = copied(desk)
    desk.request("close")
    desk.back(old)
    desk.clock.time += timedelta(days=30)
    before = types(desk)
    with pytest.raises(RefusedError) as told:
        resume(desk.acts, person=desk.id["op"], words=English())
    (reason,) = told.value.reasons
    assert reason.code == "copy_behind"
    assert reason.fields["lost"] == newest(desk) - len(old.kept)
    assert types(desk) == before


def test_loss_that_two_persons_accept_is_told_for_good(desk):
    old = copied(desk)
    desk.request("close")
    seen = newest(desk)
    desk.back(old)
    event = resumed(desk, accept_loss=True)
    desk.books.checkpoint()
    assert (f"{ORIGIN}#{event.seq}", event.seq + 1) in desk.share.kept, "what follows is kept beside what was lost"
    assert (ORIGIN, seen) in desk.share.kept
    assert desk.do("register", "op").type == "request.registered"
    desk.books.checkpoint()
    found = verify_ledger(desk.books, None)
    assert not found.defects
    assert any("lost for good" in str(gap) for gap in found.gaps)
    assert [one.lost for one in desk.court().restorations.losses] == [seen - len(old.kept)]


def test_lost_machine_that_lives_on_elsewhere_stops_the_copy(desk):
    old, lost = copied(desk), None
    desk.request("register")
    desk.books.checkpoint()
    lost = MemoryLedger(desk.ledger)
    desk.back(old)
    resumed(desk, accept_loss=True)
    ours = desk.ledger
    desk.ledger = lost
    Books(lost, desk.clock, FakeLogKey(ORIGIN), ()).checkpoint()
    size = len(lost.kept) + 9
    desk.share.publish(ORIGIN, size, FakeLogKey(ORIGIN).note(size, bytes(32)))
    desk.back(ours)
    assert "ledger_outrun" in refused(lambda: desk.do("register", "op"))


def test_copy_of_another_history_can_not_go_on(desk):
    desk.books.checkpoint()
    copy = copied(desk)
    end = len(copy.kept)
    desk.share.kept[ORIGIN, end] = FakeLogKey(ORIGIN).note(end, bytes(32))
    desk.back(copy)
    with pytest.raises(RefusedError) as told:
        resume(desk.acts, person=desk.id["op"], words=English(), accept_loss=True)
    assert "ledger_differs" in [reason.code for reason in told.value.reasons]


def test_without_anything_to_compare_with_there_is_no_way_on(desk):
    copy = copied(desk)
    desk.share.kept.clear()
    desk.back(copy)
    with pytest.raises(RefusedError) as told:
        resume(desk.acts, person=desk.id["op"], words=English())
    assert [reason.code for reason in told.value.reasons] == ["nothing_to_compare"]


def test_checkpoint_on_paper_counts_when_the_share_is_gone_and_a_strangers_does_not(desk):
    copy = copied(desk)
    end = len(copy.kept)
    root = copy.head().root
    desk.share.kept.clear()
    desk.back(copy)
    with pytest.raises(UsageError):
        resume(desk.acts, person=desk.id["op"], words=English(), note=FakeLogKey(ORIGIN, seed=9).note(end, root))
    assert resumed(desk, note=FakeLogKey(ORIGIN).note(end, root)).type == "log.restored"


def test_newer_checkpoint_that_turns_up_before_the_confirmation_stops_it(desk):
    desk.books.checkpoint()
    copy = copied(desk)
    desk.request("register")
    desk.books.checkpoint()
    kept = dict(desk.share.kept)
    desk.share.kept = {k: v for k, v in kept.items() if k[1] <= copy.copied_at}
    desk.back(copy)
    proposal = proposed(desk)
    desk.share.kept = kept
    assert "copy_waits" in refused(lambda: desk.do("confirm", "sec", proposal.id))
    assert "log.restored" not in types(desk)


def test_proposal_about_another_end_is_refused_also_by_an_auditor(desk):
    desk.books.checkpoint()
    desk.back(copied(desk))
    end = len(desk.ledger.kept)
    content = {"size": end + 1, "seen_size": end, "seen_root": "0" * 64}
    assert "restore_elsewhere" in desk.judged("propose", "op", kind="restore", content=content)
    proposal = proposed(desk)
    desk.ledger.copied_at = 0  # as if the mark were wiped out of the file
    desk.do("register", "op")
    assert "restore_elsewhere" in desk.judged("confirm", "sec", proposal.id)


def test_copy_after_a_long_time_goes_on_and_only_then_asks_about_the_clock(desk):
    desk.books.checkpoint()
    desk.back(copied(desk))
    desk.clock.time += timedelta(days=60)
    desk.clock.boot = "b-2"
    resumed(desk)
    assert "clock_pause" in refused(lambda: desk.do("register", "op"))
    desk.rule("clock")
    assert desk.do("register", "op").type == "request.registered"


def test_ledger_that_is_no_copy_has_nothing_to_go_on_with(desk):
    with pytest.raises(UsageError):
        resume(desk.acts, person=desk.id["op"], words=English())


def test_file_that_was_resumed_once_may_be_copied_and_put_back_again(desk):
    desk.books.checkpoint()
    desk.back(copied(desk))
    resumed(desk)
    desk.do("register", "op")
    desk.books.checkpoint()
    desk.back(copied(desk))
    assert "copy_waits" in refused(lambda: desk.do("register", "op"))
    resumed(desk)
    assert len(desk.court().restorations.past) == 2
    assert not verify_ledger(desk.books, None).defects
