"""An invented court in memory: the real services over a fake clock, fake content and a fake engine."""

import hashlib
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sopti_runner.adapters import sop_data
from sopti_runner.domain.change import ChangeModel, ChangeType, Risk, Wording
from sopti_runner.domain.court import fold
from sopti_runner.domain.period import Zone
from sopti_runner.domain.plan import ObjectState, PlanRecord, RecordClass
from sopti_runner.domain.sop import Sop
from sopti_runner.domain.statement import statement_digest
from sopti_runner.domain.time_rules import Instant
from sopti_runner.errors import NotFoundError
from sopti_runner.ports import HostOutcome, Sealed
from sopti_runner.services.acts import Acts
from sopti_runner.services.applying import Applying
from sopti_runner.services.books import Books
from sopti_runner.services.found_court import Founder, found_court
from tests.fakes import plan_of
from tests.unit.domain.memory_ledger import MemoryLedger
from tests.unit.domain.signing import TestKey

ORIGIN = "sopti.contoh.example/ledger"
START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, 09.00 WIB


def short_sop(preset="banding"):
    """Give a preset with section B only: the same rules, a genesis event that folds in a third of the time."""
    data = sop_data.load(preset).to_data()
    data["activities"] = [a for a in data["activities"] if a["id"][0] == "B"]
    data["preset"]["executors"] = {k: v for k, v in data["preset"]["executors"].items() if k[0] == "B"}
    return Sop.from_data(data)


SHORT_SOPS = {name: short_sop(name) for name in sop_data.PRESETS}


class FakeClock:
    """Wall clock, boot id and monotonic clock, set by hand."""

    def __init__(self, time=START, boot="boot-0", mono=1_000_000):
        self.time, self.boot, self.mono = time, boot, mono
        self.ahead = timedelta(0)  # how far the wall clock is from the truth

    def now(self):
        return Instant(self.time, self.boot, self.mono)

    def run(self, **span):
        """Let time pass honestly."""
        passed = timedelta(**span)
        self.time += passed
        self.mono += passed // timedelta(microseconds=1)

    def set_wall(self, **span):
        """Move the wall clock alone, as somebody who sets the date does."""
        self.time += timedelta(**span)
        self.ahead += timedelta(**span)

    def mend(self):
        """Put the wall clock right."""
        self.time, self.ahead = self.time - self.ahead, timedelta(0)

    def reboot(self, **span):
        """Start anew after a pause."""
        self.time += timedelta(**span)
        self.boot, self.mono = f"boot-{int(self.boot.split('-')[1]) + 1}", 1_000_000


class FakeLogSigner:
    """Signs nothing: checkpoints are tested elsewhere."""

    vkey = "contoh+00000000+AAAA"

    def sign(self, text):
        return f"— contoh {len(text)}\n"


class FakeOutbox:
    """Waiting statements in a dictionary."""

    def __init__(self):
        self.kept = {}

    def put(self, waiting):
        self.kept[statement_digest(waiting.statement)] = waiting

    def get(self, digest):
        found = [w for d, w in self.kept.items() if d.startswith(digest)]
        if len(found) != 1:
            raise NotFoundError("no such statement", on=digest)
        return found[0]

    def drop(self, digest):
        self.kept.pop(digest, None)


class FakeLocks:
    """Run locks of this process alone."""

    def __init__(self):
        self.held = set()

    @contextmanager
    def hold(self, run):
        self.held.add(run)
        try:
            yield
        finally:
            self.held.discard(run)

    @contextmanager
    def bury(self, run):
        yield run not in self.held

    def lives(self, run):
        return run in self.held


class Hosts:
    """What a playbook's content and the hosts are like now: plain numbers that tests move."""

    def __init__(self):
        self.content = 0  # version of the playbook and its roles
        self.fails = False  # whether check mode can't predict a task
        self.state = {"web1": 0, "web2": 0}  # what the observed object of each host holds
        self.tampered = set()  # ids of sealed copies that were changed
        self.ends = "done"  # how the next run ends
        self.veto = None  # a task that the gate stops in the next run
        self.applied = []  # run ids that really ran
        self.stopped = []  # run ids that were asked to end


class FakeContent:
    """One playbook without variables; its closure is one version number."""

    def __init__(self, hosts):
        self.hosts = hosts

    def change_model(self, playbook, sealed_id=""):
        word = Wording("contoh", "example")
        kinds = (ChangeType.NORMAL, ChangeType.EMERGENCY)
        return ChangeModel(playbook, word, word, word, word, kinds, Risk.LOW, ("all",), {})

    def seal(self, playbook, *, limit, variables):
        files = {"roles/contoh.yml": digest("content", self.hosts.content)}
        chosen = tuple(sorted(limit))
        name = digest(playbook, files, chosen, dict(variables))
        keys = {host: "SHA256:" + host for host in chosen}
        return Sealed(name, files, digest("inventory", chosen), chosen, keys, {"ansible-core": "2.19"})

    def compare(self, sealed_id, playbook, *, limit, variables):
        now = self.seal(playbook, limit=limit, variables=variables)
        return () if now.id == sealed_id else ("roles/contoh.yml",)

    def altered(self, sealed_id):
        return ("roles/contoh.yml",) if sealed_id in self.hosts.tampered else ()


class FakeEngine:
    """One observed file a host; a run gives it the number of the content that ran."""

    def __init__(self, hosts, ledger):
        self.hosts, self.ledger = hosts, ledger

    def plan(self, sealed, playbook, variables, tags, progress):
        kind = RecordClass.FAILED if self.hosts.fails else RecordClass.CHANGE
        records = tuple(
            PlanRecord(h, 0, "roles/contoh.yml:1", "write", "copy", "", "a" * 64, kind, (self._now(h),))
            for h in sealed.hosts
        )
        return plan_of(sealed, playbook, variables, tags, records)

    def _now(self, host):
        return ObjectState("file:/etc/contoh", digest(host, self.hosts.state[host]))

    def drift(self, plan, sealed):
        found = [(r.host, o, self._now(r.host)) for r in plan.records for o in r.objects]
        return tuple((h, o.object, o.before, now.before) for h, o, now in found if o != now)

    def observe(self, plan, sealed, hosts):
        return {host: {state.object: state} for host in hosts for state in [self._now(host)]}

    containment = "pid_namespace"

    def stop(self, run_id):
        self.hosts.stopped.append(run_id)

    def recall(self, hosts, run_id, on_task):
        return [HostOutcome(host, "unknown") for host in hosts]

    def apply(self, plan, sealed, run_id, on_task, progress):
        hosts = self.hosts
        hosts.applied.append(run_id)
        if hosts.ends == "killed":
            self.ledger.full = True
            raise KilledError
        for host in plan.hosts if hosts.ends == "done" else plan.hosts[:1]:
            hosts.state[host] = 10 + hosts.content
        if hosts.veto:
            on_task(hosts.veto)
            on_task(hosts.veto)
        good = {"done": len(plan.hosts), "partial": 1, "failed": 0}[hosts.ends]
        return [HostOutcome(h, "changed" if n < good else "failed") for n, h in enumerate(plan.hosts)]


class KilledError(Exception):
    """The runner died in the middle of a run, and could not write any more."""


def digest(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class ExampleCourt:
    """The court, its people and all services.

    Args:
        people: Name → offices held definitively from the first day; each gets a key of its own name.
    """

    def __init__(self, people, preset="banding", zone=Zone.JAKARTA):
        self.clock, self.ledger, self.hosts = FakeClock(), MemoryLedger(), Hosts()
        self._serve()
        founders = [Founder(n, tuple(o), TestKey(n).public) for n, o in people.items()]
        today = self.clock.time.astimezone(zone.tz).date()
        sop = SHORT_SOPS[preset]
        _, names = found_court(
            self.books,
            origin=ORIGIN,
            name="Pengadilan Contoh",
            place="Kota Contoh",
            zone=zone,
            sop=sop,
            founders=founders,
            today=today,
        )
        self.id = {name: person for person, name in names.items()}
        self.key = {name: TestKey(name) for name in people}

    def _serve(self):
        self.books = Books(self.ledger, self.clock, FakeLogSigner(), ())
        self.acts = Acts(self.books, FakeOutbox())
        self.content, self.engine = FakeContent(self.hosts), FakeEngine(self.hosts, self.ledger)
        self.applying = Applying(self.acts, self.content, self.engine, FakeLocks(), lambda books: self.ledger.wrong)

    def copy(self):
        """Give a court with the same past and a future of its own."""
        twin = object.__new__(ExampleCourt)
        twin.clock = FakeClock()
        twin.clock.__dict__.update(self.clock.__dict__)
        twin.ledger, twin.hosts = MemoryLedger(self.ledger), Hosts()
        twin.hosts.__dict__.update({k: v.copy() if hasattr(v, "copy") else v for k, v in self.hosts.__dict__.items()})
        twin.id, twin.key = dict(self.id), dict(self.key)
        twin._serve()
        return twin

    def court(self):
        """Give a court of its own, folded afresh, that tests may bend."""
        return fold(self.ledger.kept)
