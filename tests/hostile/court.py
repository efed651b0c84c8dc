"""A court's ledger made by the real services: a SQLite file, real keys, a folder as the share, a witness.

``CourtHouse.founded(folder)`` founds it, ``live(house)`` lets it live through everything that a court does; what it
leaves on the disk is what the tests of this folder attack.
"""

import shutil
from datetime import UTC, datetime, timedelta

from sopti_runner.adapters import sop_data
from sopti_runner.adapters.log_key import LogKey, WitnessKey
from sopti_runner.adapters.outbox_directory import DirectoryOutbox
from sopti_runner.adapters.run_lock_file import FileRunLocks
from sopti_runner.adapters.sink_directory import DirectorySink
from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.adapters.witness_state import WitnessStateFile
from sopti_runner.adapters.words_gettext import GettextWords
from sopti_runner.domain.calendar import Zone
from sopti_runner.domain.holiday import CalendarYear, DayKind, Holiday
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.errors import RefusedError
from sopti_runner.services.acts import Acts, OnPaper
from sopti_runner.services.applying import Applying
from sopti_runner.services.approving import Approving
from sopti_runner.services.books import Books
from sopti_runner.services.found_court import Founder, found_court
from sopti_runner.services.governing import confirm, propose
from sopti_runner.services.planning import make_plan
from sopti_runner.services.verifying import unsound
from sopti_runner.services.witnessing import accept_cosigned, ask_witness, cosign
from tests.fakes import OFFICIALS, FakeClock
from tests.hostile.machines import HOSTS, PLAYBOOK, Content, Engine
from tests.unit.domain.signing import TestKey

ORIGIN = "sopti.pn-contoh.example/ledger"
WITNESS = "pt-contoh.example/saksi"
START = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)  # a Monday, 09.00 WIB


class Planted:
    """Texts that must stay out of every event: each is made once and stands nowhere else.

    Attributes:
        texts: All that were given out.
    """

    def __init__(self):
        self.texts = []

    def __call__(self, what):
        self.texts.append(f"Rahasia-{len(self.texts):04d}-{what}-Tbk")
        return self.texts[-1]


class CourtHouse:
    """The court's files and services.

    Args:
        folder: Holds ``state`` (this machine), ``share`` (another one) and ``witness`` (a third).
    """

    def __init__(self, folder, plant=None):
        self.folder, self.plant = folder, plant or Planted()
        self.state, self.share, self.witness = (folder / name for name in ("state", "share", "witness"))
        self.clock = FakeClock(START)
        self.key = {name: TestKey(name) for name in (*OFFICIALS, "spare", "op-2", "stranger")}
        self.id, self.old, self.bases = {}, {}, {}

    @property
    def file(self):
        """The ledger's SQLite file."""
        return self.state / "ledger.db"

    @classmethod
    def founded(cls, folder, *, origin=ORIGIN, log_key=None, keys=None):
        """Found the court in an empty folder.

        Args:
            origin: The log's name.
            log_key: A key file to use, as somebody does who stole it; a new key when None.
            keys: Person → key, for a court of invented people.
        """
        house = cls(folder)
        house.key |= keys or {}
        for place in (house.state, house.share, house.witness):
            place.mkdir(parents=True)
        if log_key:
            shutil.copy(log_key, house.state / "log.key")
        else:
            LogKey.create(house.state / "log.key", origin)
        WitnessKey.create(house.witness / "witness.key", WITNESS)
        house.serve()
        founders = {house.plant(f"name-{who}"): (who, offices) for who, offices in OFFICIALS.items()}
        _, names = found_court(
            house.books,
            origin=origin,
            name=house.plant("court"),
            place=house.plant("place"),
            zone=Zone.JAKARTA,
            sop=sop_data.load("banding"),
            founders=[Founder(name, tuple(o), house.key[who].public) for name, (who, o) in founders.items()],
            today=START.date(),
        )
        house.id = {founders[name][0]: person for person, name in names.items()}
        return house

    def keep_old(self, name):
        """Keep a copy of this machine's state as it is now, as a backup does."""
        shutil.copytree(self.state, self.folder / name)
        self.old[name] = (dict(self.clock.__dict__), dict(self.engine.state), self.content.version)

    def twin(self, folder, old="", *, share=None):
        """Give a house of its own with the same past: this machine as it is, or a backup put back.

        A backup goes without the share unless told otherwise: nothing is done on one while the share shows more.
        """
        share = not old if share is None else share
        if old not in self.old:
            self.keep_old(old := f"now-{len(self.old)}")
        twin = CourtHouse(folder, self.plant)
        twin.key, twin.id = self.key, dict(self.id)
        shutil.copytree(self.folder / old, twin.state)
        shutil.copytree(self.share, twin.share, ignore=None if share else lambda _folder, names: names)
        shutil.copytree(self.witness, twin.witness)
        clock, state, version = self.old[old]
        twin.clock.__dict__.update(clock)
        twin.serve()
        twin.engine.state, twin.content.version = dict(state), version
        return twin

    def serve(self):
        """Make the services over what is in the folder."""
        self.store = SqlStore(f"sqlite:///{self.file}")
        self.log_key = LogKey.load(self.state / "log.key")
        self.witness_key = WitnessKey.load(self.witness / "witness.key")
        self.memory = WitnessStateFile(self.witness / "memory.json")
        self.sink = DirectorySink(self.share)
        self.books = Books(self.store, self.clock, self.log_key, [self.sink])
        self.acts = Acts(self.books, DirectoryOutbox(self.state / "outbox"))
        self.content = Content(self.plant)
        self.engine = Engine(self.content, self.clock, self.plant)
        self.approving = Approving(self.acts, self.content, GettextWords("en"))
        self.applying = Applying(self.acts, self.content, self.engine, FileRunLocks(self.state / "runs"), unsound)

    # --- acts ---------------------------------------------------------------------------------------------------------

    def texts(self, *names):
        return {name: self.plant(name) for name in names}

    def act(self, name, who, request="", *texts, by="", **data):
        """Prepare an act with planted texts, sign it (or let ``by`` attest it), record it; gives the first event."""
        self.clock.move(minutes=3)
        subjects = [request] if request else []
        waiting = self.acts.prepare(
            name,
            person=self.id[who],
            subjects=subjects,
            data=data,
            texts=self.texts(*texts),
            display=self.plant("display"),
        )
        return self.acts.sign(waiting, self.key[by or who])[0]

    def register(self, *texts, **says):
        words = {"kind": "service_request", "category": "network", "urgency": "low", "personal_data": "no"}
        texts = ("description", "unit", "basis", "requester", *texts)
        return self.act("register", "op", "", *texts, **words | says).subject

    def to_priority(self, request):
        self.act("dispose", "sec", request, "instruction", by="op", letter_urgency="urgent")
        self.act("examine", "head", request, "examination", by="op2")
        self.act("classify", "op", request, category="network", change_type="normal")
        self.act("verify", "head", request, "verification")
        self.act("prioritise", "head", request, impact="wide", urgency="high")

    def plan(self, request, who="op"):
        self.clock.move(minutes=3)
        given = {"greeting": self.plant("variable")}
        what = {"number": request, "playbook": PLAYBOOK, "limit": HOSTS, "variables": given, "tags": ()}
        make_plan(self.acts, self.content, self.engine, self.key[who], **what, progress=lambda host, said: None)

    def advise(self, request):
        digest = self.books.court().requests[request].plan.digest
        self.act("consider", "kabag", request, "advice_note", advice="approve", plan=digest)

    def approve(self, request, *, paper=False):
        """Approve with the official's own key on another machine, or on paper with a second person."""
        self.clock.move(minutes=3)
        page = OnPaper(self.id["op2"], self.plant("scan").encode()) if paper else None
        waiting, _sheet = self.approving.prepare(request, person=self.id["sec"], days=5, paper=page)
        signer = self.key["kabag" if paper else "sec"]
        digest = self.acts.export(waiting)
        return self.acts.bring(digest, signer.sign(waiting.statement), signer.fingerprint)[0]

    def apply(self, request, who="op"):
        self.clock.move(minutes=3)
        return self.applying.apply(request, self.key[who], lambda host, said: None)

    def refused(self, attempt, *words, **options):
        """Make an attempt that must be refused and so recorded."""
        try:
            attempt(*words, **options)
        except RefusedError:
            return
        raise AssertionError(f"{attempt.__name__} {words} was let through")

    def rule(self, kind, content, *texts, by="kabag", confirmed_by="sec"):
        """Propose a rule of the court and confirm it; gives the proposal."""
        self.clock.move(minutes=3)
        waiting = propose(
            self.acts, kind, content, person=self.id[by], words=self.approving.words, texts=self.texts(*texts)
        )
        ident = self.acts.sign(waiting, self.key[by])[0].id
        waiting, proposal = confirm(self.acts, ident, person=self.id[confirmed_by], words=self.approving.words)
        self.acts.sign(waiting, self.key[confirmed_by])
        return proposal

    def erase(self, digest):
        """Erase a text by two signatures."""
        self.rule("erase", {"digest": digest.hex()})

    # --- the witness --------------------------------------------------------------------------------------------------

    def ask(self, request):
        """As the witness: answer a request's text."""
        now = self.clock.now().time
        return cosign(request, vkey=self.log_key.vkey, memory=self.memory, key=self.witness_key, now=now)

    def be_witnessed(self):
        """Let the witness cosign the ledger's end; gives the size it saw."""
        self.clock.move(minutes=3)
        return accept_cosigned(self.books, self.ask(ask_witness(self.books))).data["size"]

    def fact(self, type_, subject="r-1", **data):
        """Give a draft of something that the machine records by itself."""
        return Draft(self.books.new_id(self.books.now()), type_, subject, SYSTEM, data)


def live(house):
    """Let a court live through everything it does; the last events are machine records that no signature follows.

    Notes of its life, for those who attack it: ``paper`` is the ledger's end as the recap printed it, ``witnessed``
    the sizes that the witness saw, ``old`` the backups, ``erased`` a text that two officials erased, and its blob.
    """
    _rules(house)
    first = house.register()
    house.to_priority(first)
    house.plan(first)
    house.refused(house.apply, first)  # nobody approved it
    house.advise(first)
    house.approve(first)
    house.apply(first)
    house.act("close", "op", first, "result")
    house.witnessed = [house.be_witnessed()]
    house.keep_old("early")
    _services(house)
    second = _on_paper_and_partly(house)
    _returned_rejected_withdrawn(house)
    gone = house.books.court().requests[first].texts["requester"].digest
    house.erased = house.store.blob(gone)
    house.erase(gone)
    house.books.checkpoint()
    house.paper = house.books.store.head()
    _revoked_and_drifted(house)
    house.act("close", "op2", second, "result")
    house.witnessed.append(house.be_witnessed())
    house.keep_old("late")
    house.content.version += 1
    last = house.register()
    house.to_priority(last)
    house.plan(last, "op2")
    house.advise(last)
    house.approve(last)
    house.apply(last, "op2")
    house.refused(house.apply, last)  # it was used
    house.books.checkpoint()
    return house


def _rules(house):
    """The court's own rules: calendar, an override, an acting secretary, a second key and its end, a witness.

    A decree's number and a holiday's name are public and stand in events; everything else that people type is planted.
    """
    days = (Holiday(datetime(2026, 12, 25, tzinfo=UTC).date(), DayKind.PUBLIC, "Hari Raya Natal"),)
    house.rule("calendar", {"year": CalendarYear(2026, days, "contoh", "1", True).to_data()})
    override = {"date": "2026-12-09", "working": False, "legal_number": "Keppres 1/2026"}
    house.rule("calendar_override", override, "reason")
    house.rule("policy", {"policy": {**house.books.court().policy.to_data(), "validity_days": 7}})
    house.rule("step", {"step": "B2", "office": "secretary"})
    house.rule("witness", {"vkey": house.witness_key.vkey}, by="sec", confirmed_by="chair")
    house.id["spare"] = "p-5a4e0001"
    house.rule("enrol", {"person": house.id["spare"], "key": house.key["spare"].data()}, "name")
    today = house.clock.time.date()
    post = {"office": "secretary", "status": "plh", "first": str(today), "last": str(today + timedelta(days=2))}
    order = house.rule("appoint", {"person": house.id["spare"], **post}, "order")
    house.rule("end_appointment", {"appointment": order.id, "last": str(today + timedelta(days=1))})
    house.rule("key", {"person": house.id["op"], "key": house.key["op-2"].data()})
    house.rule("retire_key", {"fingerprint": house.key["op-2"].fingerprint, "compromised_from": None})


def _services(house):
    """Requests without a technical change: one signature grants a list."""
    requests = [house.register(category="computer") for _ in range(3)]
    for request in requests:
        house.act("triage", "op", request, category="computer", impact="single", urgency="low")
    house.clock.move(minutes=3)
    house.acts.sign(house.approving.prepare_list(requests, person=house.id["sec"]), house.key["sec"])
    for request in requests:
        house.act("fulfil", "op", request, "result")


def _on_paper_and_partly(house):
    """An approval on paper; a host that can't be reached; a second plan that is carried out."""
    house.content.version += 1
    request = house.register()
    house.to_priority(request)
    house.plan(request)
    house.advise(request)
    house.approve(request, paper=True)
    house.engine.unreachable = frozenset({"db1"})
    house.apply(request)
    house.engine.unreachable = frozenset()
    house.plan(request)
    house.advise(request)
    house.approve(request)
    house.apply(request, "op2")
    return request


def _returned_rejected_withdrawn(house):
    returned = house.register()
    house.act("return", "sec", returned, "reason", by="op")
    house.act("resubmit", "op", returned, "description")
    house.act("withdraw", "op", returned, "reason")
    house.act("reject", "sec", house.register(), "reason")
    house.refused(house.act, "dispose", "sec", returned, "instruction", letter_urgency="secret")


def _revoked_and_drifted(house):
    """An approval that is taken back; hosts that somebody changed by hand."""
    request = house.register()
    house.to_priority(request)
    house.plan(request)
    house.advise(request)
    house.approve(request)
    house.act("revoke", "sec", request, "reason")
    house.advise(request)
    house.approve(request)
    house.refused(house.apply, request, "sec")  # who approved does not carry out
    before, house.engine.state["web1"] = house.engine.state["web1"], 99
    house.refused(house.apply, request)
    house.engine.state["web1"] = before
    house.act("withdraw", "op", request, "reason")
