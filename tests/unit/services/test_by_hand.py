"""Work by hand as a service: judged, started and ended as any run, with a person in the place of the engine."""

from contextlib import contextmanager

import pytest

from sopti_runner.domain.change import Variable, Wording
from sopti_runner.domain.hand_work import (
    CUT,
    LEFT,
    MODULE,
    PLAYBOOK,
    STOPPED,
    TIME,
    UNRECORDED,
    Seen,
    changes,
    hand_work,
)
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.period import Period
from sopti_runner.domain.plan import PlanRecord, RecordClass
from sopti_runner.domain.recap import Around
from sopti_runner.domain.recap_tally import recap_of
from sopti_runner.errors import DeviceError, IntegrityError, RefusedError
from sopti_runner.ports.hand_work import Ended
from sopti_runner.services.access import Access
from sopti_runner.services.applying import Applying
from sopti_runner.services.by_hand import ByHand
from sopti_runner.services.hand_sessions import Sessions
from sopti_runner.services.planning import make_plan
from sopti_runner.services.running import tell_run
from sopti_runner.services.tracing import trace_object
from tests.fakes import plan_of
from tests.unit.domain.desk import Desk
from tests.unit.domain.example_court import FakeContent, FakeEngine, FakeLocks, KilledError
from tests.unit.services.test_access import FakeAuthority, FakeDoors

GIVEN = {"work_by_hand_what": "Pasang perbaikan", "work_by_hand_minutes": 30, "work_by_hand_expected": ["file:/opt/*"]}
KINDS = {"work_by_hand_what": "str", "work_by_hand_minutes": "int", "work_by_hand_expected": "list[str]"}
RECORD = PlanRecord("web1", 0, "playbooks/x.yml:9", "A person works", MODULE, "", "a" * 64, RecordClass.OPAQUE)


class HandContent(FakeContent):
    """A change model that takes the variables of work by hand."""

    def change_model(self, playbook, sealed_id=""):
        model = super().change_model(playbook, sealed_id)
        word = Wording("contoh", "example")
        known = {name: Variable(name, kind, word) for name, kind in KINDS.items()}
        return type(model)(**{f: getattr(model, f) for f in model.__slots__} | {"variables": known})


class HandEngine(FakeEngine):
    """Plans one task that a person is to do."""

    def plan(self, sealed, playbook, variables, tags, progress):
        return plan_of(sealed, playbook, variables, tags, [RECORD])


class Place:
    """One host: what is on it, and what may go wrong; implements WorkPlace and Terminal."""

    def __init__(self):
        self.there, self.begun, self.asked, self.unreachable = {"file:/etc/lama": "1"}, [], False, False
        self.end, self.exit, self.limit_s, self.notices = LEFT, 0, 0, None
        self.work = lambda: None

    def look(self, sealed, host, keys):
        if self.unreachable:
            raise DeviceError("no answer", on=host)
        return Seen(dict(self.there))

    @contextmanager
    def way_in(self, sealed, host, keys):
        yield ["ssh", host]

    def begin(self, run, record):
        self.begun.append(run)

    def stopped(self, run):
        return self.asked

    def require(self):
        pass

    def run(self, command, recording, *, limit_s, notices, stopped):
        self.limit_s, self.notices = limit_s, notices
        recording.show(b"layar")
        self.work()
        return Ended(STOPPED if stopped() else self.end, self.exit)


class Recordings:
    """Recordings in memory; implements the port."""

    def __init__(self):
        self.kept = {}

    @contextmanager
    def begin(self, run):
        self.kept[run] = b""
        outer = self

        class One:
            def show(self, data):
                outer.kept[run] += data

        yield One()

    def measure(self, run):
        return (self.kept[run].hex(), len(self.kept[run])) if run in self.kept else None

    def play(self, run):
        yield 0.0, self.kept[run].decode()


def words(text, **fields):
    return text.format(**fields)


words.moment = lambda at, zone: at.isoformat()


class HandDesk(Desk):
    """A court whose only plan is one of work by hand, on a host that takes certificates."""

    def _serve(self):
        super()._serve()
        self.content, self.engine = HandContent(self.hosts), HandEngine(self.hosts, self.ledger)
        self.place, self.recordings, self.doors = Place(), Recordings(), FakeDoors()
        authority = FakeAuthority(lambda: self.ledger.kept)
        self.access = Access(self.books, authority, lambda keys: self.engine, lambda: self.doors)
        self.sessions = Sessions(self.books, self.recordings)
        self.applying = self._gate(self.engine)

    def _gate(self, engine, **more):
        audit = lambda books: self.ledger.wrong  # noqa: E731  as the example court does
        return Applying(self.acts, self.content, engine, FakeLocks(), audit, before_end=self.sessions.settle, **more)

    def plan(self, who, request, hosts=("web1",)):
        given = {"number": request, "playbook": PLAYBOOK, "limit": hosts, "variables": GIVEN, "tags": ()}
        return make_plan(self.acts, self.content, self.engine, self.key[who], **given, progress=lambda host, what: None)

    def open(self, who, request, host="web1"):
        person = ByHand(host, self.engine, self.access, self.sessions, self.place, self.place, words)
        return self._gate(person, escort=person.escort, way=person.way).apply(request, self.key[who], lambda h, w: None)


@pytest.fixture
def desk():
    made = HandDesk()
    made.access.found()
    made.doors.knows["web1"] = "0"
    made.access.check(["web1"])
    return made


@pytest.fixture
def approved(desk):
    return desk.request("approve")


def codes(desk, who, request, host="web1"):
    with pytest.raises(RefusedError) as error:
        desk.open(who, request, host)
    assert desk.ledger.kept[-1].type == "gate.refused"
    assert desk.place.begun == []
    return {reason.code for reason in error.value.reasons}


def test_work_is_a_run_with_its_session_recorded_before_its_end(desk, approved):
    desk.place.work = lambda: desk.place.there.update({"file:/opt/baru": "2", "file:/etc/lama": "3"})
    run = desk.open("op2", approved)
    assert (run.outcome, dict(run.hosts)) == ("done", {"web1": "changed"})
    assert desk.place.limit_s == 1800
    (recorded,) = [e for e in desk.ledger.kept if e.type == "session.recorded"]
    assert dict(recorded.data) | {"began": "", "ended": ""} == {
        "run": run.id, "host": "web1", "person": desk.id["op2"], "began": "", "ended": "", "end": LEFT, "exit": 0,
        "recording": b"layar".hex(), "bytes": 5, "changed": 2, "unexpected": 1, "console": False,
    }  # fmt: skip
    told = desk.sessions.tell("")
    assert [(c.object, c.before, c.after, c.expected) for c in told.changes.listed] == [
        ("file:/etc/lama", "1", "3", False), ("file:/opt/baru", "", "2", True),
    ]  # fmt: skip
    assert told.kept is True
    assert b"/opt/baru" not in b"".join(e.body for e in desk.ledger.kept)
    types = [e.type for e in desk.ledger.kept]
    assert types.index("run.started") < types.index("session.recorded") < types.index("run.finished")
    assert tell_run(desk.books, run.id).hosts[0].done == ("A person works",)


@pytest.mark.parametrize(("name", "stands"), [("user:sopti-console", False), ("user:budi", True)])
def test_account_of_the_console_changed_by_hand_is_proven_no_more(desk, approved, name, stands):
    def told(kind, **data):
        draft = Draft(desk.books.new_id(desk.clock.now()), kind, desk.books.store.log, SYSTEM, {"host": "web1", **data})
        return desk.books.tell([draft]).access.consoles["web1"]

    told("console.sealed", digest="d" * 64, holders=[desk.id["op"]])
    assert told("console.proven", digest="d" * 64, logins=[desk.clock.now().time.isoformat()]).ready
    desk.place.work = lambda: desk.place.there.update({name: "other"})
    desk.open("op2", approved)
    assert desk.court().access.consoles["web1"].ready == stands


def test_certificate_of_a_session_names_person_run_host_and_time(desk, approved):
    run = desk.open("op2", approved)
    let_in = desk.court().access.opened(run.id)
    signed = let_in.certificate
    assert (let_in.person, signed.host, signed.terminal) == (desk.id["op2"], "web1", True)
    assert signed.key_id == f"sopti {desk.court().requests[approved].number} session {run.id} host web1"
    assert (signed.last - signed.first).total_seconds() == 1800 + 60
    assert [i.purpose.value for i in desk.court().access.issued.values()][-3:] == ["read", "session", "run"]


def test_object_changed_by_hand_is_traced_to_its_request_until_its_list_is_erased(desk, approved):
    desk.place.work = lambda: desk.place.there.update({"file:/opt/baru": "2"})
    desk.open("op2", approved)
    found = trace_object(desk.books, "web1", "/opt/baru", desk.engine)
    assert [line.what for line in found.lines] == ["session.recorded"]
    assert [r.request.id for r in found.requests] == [approved]
    assert trace_object(desk.books, "web2", "/opt/baru").lines == ()
    assert trace_object(desk.books, "web1", "/etc/lama").lines == ()
    (recorded,) = [e for e in desk.ledger.kept if e.type == "session.recorded"]
    assert desk.ledger.erase(recorded.blobs[0].digest)
    assert trace_object(desk.books, "web1", "/opt/baru").lines == ()
    assert desk.sessions.tell(approved).changes is None


@pytest.mark.parametrize(("end", "stopped"), [(TIME, False), (CUT, False), (UNRECORDED, False), (STOPPED, True)])
def test_work_that_the_person_did_not_leave_themselves_leaves_the_host_unknown(desk, approved, end, stopped):
    desk.place.end, desk.place.exit = end, None
    run = desk.open("op2", approved)
    assert (run.outcome, dict(run.hosts), run.stopped) == ("interrupted", {"web1": "unknown"}, stopped)
    assert desk.court().access.sessions[run.id].end == end
    assert tell_run(desk.books, run.id).hosts[0].unknown == "A person works"


def test_person_who_stops_the_run_ends_the_work(desk, approved):
    desk.place.asked = True
    assert desk.open("op2", approved).stopped


def test_host_that_nobody_can_look_at_afterwards_is_unknown(desk, approved):
    def breaks():
        desk.place.unreachable = True

    desk.place.work = breaks
    run = desk.open("op2", approved)
    assert dict(run.hosts) == {"web1": "unknown"}
    session = desk.court().access.sessions[run.id]
    assert (session.end, session.changed, session.changes) == (LEFT, None, None)


def test_host_that_cannot_be_looked_at_before_is_refused_and_the_approval_stays(desk, approved):
    desk.place.unreachable = True
    assert codes(desk, "op2", approved) == {"host_not_checked"}
    desk.place.unreachable = False
    assert desk.open("op2", approved).outcome == "done"


def test_approval_lets_one_person_in_once(desk, approved):
    desk.open("op2", approved)
    desk.place.begun.clear()
    assert "approval_used" in codes(desk, "op2", approved)


def test_approver_and_people_without_office_never_work_by_hand(desk, approved):
    assert "executor_is_approver" in codes(desk, "sec", approved)
    assert "executor_no_office" in codes(desk, "stranger", approved)


def test_other_host_and_host_without_certificates_are_refused(desk, approved):
    assert codes(desk, "op2", approved, "web2") == {"other_host"}
    desk.doors.knows.clear()
    desk.doors.plain = {"web1"}
    desk.access.check(["web1"])
    assert codes(desk, "op2", approved) == {"no_certificate"}


def test_plan_of_work_by_hand_is_not_run_and_another_plan_is_not_opened(desk, approved):
    with pytest.raises(RefusedError) as error:
        desk.apply("op2", approved)
    assert [reason.code for reason in error.value.reasons] == ["by_hand"]
    assert desk.hosts.applied == []
    desk.engine = FakeEngine(desk.hosts, desk.ledger)
    other = desk.request("approve")
    assert codes(desk, "op2", other) == {"not_by_hand"}


def test_killed_work_is_buried_as_unknown_with_what_was_recorded_so_far(desk, approved):
    def killed():
        desk.ledger.full = True
        raise KilledError

    desk.place.work = killed
    with pytest.raises(Exception):  # noqa: B017, PT011  the ledger's own error hides the death
        desk.open("op2", approved)
    desk.ledger.full = False
    (run,) = desk.applying.bury_dead()
    session = desk.court().access.sessions[run]
    assert (session.end, session.recording, session.changed) == (CUT, b"layar".hex(), None)
    assert desk.court().runs[run].outcome == "interrupted"
    types = [e.type for e in desk.ledger.kept]
    assert types.index("session.recorded") < types.index("run.finished")


def test_recording_that_was_lost_or_altered_is_said_and_never_played(desk, approved):
    run = desk.open("op2", approved)
    assert list(desk.sessions.play(desk.court().access.sessions[run.id])) == [(0.0, "layar")]
    desk.recordings.kept[run.id] += b"!"
    told = desk.sessions.tell(approved)
    assert told.kept is False
    with pytest.raises(IntegrityError):
        desk.sessions.play(told.session)
    del desk.recordings.kept[run.id]
    assert desk.sessions.tell(approved).kept is None


@pytest.mark.parametrize(
    "changed",
    [
        {"playbook": "other"},
        {"hosts": ("web1", "web2")},
        {"records": (RECORD, RECORD)},
        {"records": ()},
        {"variables": {}},
        {"variables": {**GIVEN, "work_by_hand_minutes": "30"}},
    ],
)
def test_plan_that_is_not_wholly_work_by_hand_is_none(desk, approved, changed):
    plan = desk.plan("op", desk.request("prioritise")).plan
    assert hand_work(plan).minutes == 30
    parts = {f: getattr(plan, f) for f in plan.__slots__}
    assert hand_work(type(plan)(**parts | changed)) is None


def test_work_by_hand_is_counted_in_the_recap(desk, approved):
    desk.open("op2", approved)
    page = recap_of(desk.ledger.kept, Period(2026, 11), desk.clock.time, Around())
    (recorded,) = [e.seq for e in desk.ledger.kept if e.type == "session.recorded"]
    assert (page.by_hand.value, page.by_hand.events) == (1, (recorded,))


def test_files_that_one_look_did_not_reach_are_not_called_new_or_gone():
    before = Seen({"file:/a": "1", "file:/b": "1", "unit:x": "on"}, ("files from /c on",), cut=True)
    after = Seen({"file:/a": "2", "file:/z": "1"})
    found = changes(before, after)
    assert [(c.object, c.before, c.after) for c in found.listed] == [("file:/a", "1", "2"), ("unit:x", "on", "")]
    assert found.left_out == ("files from /c on",)
