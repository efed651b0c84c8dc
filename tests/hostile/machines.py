"""Playbooks and hosts that exist only here: they implement the ports ``Content`` and ``Engine``, and touch nothing."""

import hashlib
from datetime import timedelta

from sopti_runner.domain.change import ChangeModel, ChangeType, Risk, Variable, Wording
from sopti_runner.domain.plan import ObjectState, PlanRecord, RecordClass
from sopti_runner.ports import HostOutcome, Sealed, TaskOutcome
from tests.fakes import plan_of

HOSTS = ("db1", "web1", "web2")
TASKS = 9
PLAYBOOK = "configure-contoh"


def digest(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class Content:
    """One playbook whose closure is one version number.

    Args:
        plant: Gives a text that must not be found in any event.
    """

    def __init__(self, plant):
        self.plant, self.version = plant, 0

    def change_model(self, playbook, sealed_id=""):
        def word(what):
            return Wording(self.plant(f"{what}-id"), self.plant(f"{what}-en"))

        given = {"greeting": Variable("greeting", "str", word("about"))}
        words = [word(what) for what in ("purpose", "effect", "worst-case", "backout")]
        kinds = (ChangeType.NORMAL, ChangeType.EMERGENCY)
        return ChangeModel(playbook, *words, kinds, Risk.LOW, ("all",), given, (word("blind-spot"),))

    def seal(self, playbook, *, limit, variables):
        files = {"roles/contoh/tasks/main.yml": digest("content", self.version)}
        hosts = tuple(sorted(limit))
        name = digest(playbook, files, hosts, dict(variables))
        return Sealed(name, files, digest("inventory", hosts), hosts, {h: f"SHA256:{h}" for h in hosts}, {"sopti": "0"})

    def compare(self, sealed_id, playbook, *, limit, variables):
        same = self.seal(playbook, limit=limit, variables=variables).id == sealed_id
        return () if same else ("roles/contoh/tasks/main.yml",)

    def altered(self, sealed_id):
        return ()


class Engine:
    """Three hosts, each with one file a task; a run writes the version of the content into them.

    Args:
        content: What is run.
        clock: When.
        plant: Gives a text that must not be found in any event.

    Attributes:
        state: Host → what its files hold.
        unreachable: Hosts that the next run does not reach.
    """

    def __init__(self, content, clock, plant):
        self.content, self.clock, self.plant = content, clock, plant
        self.state, self.unreachable = dict.fromkeys(HOSTS, 0), frozenset()

    def plan(self, sealed, playbook, variables, tags, progress):
        records = [self._record(host, n) for host in sealed.hosts for n in range(TASKS)]
        return plan_of(sealed, playbook, variables, tags, records)

    def _record(self, host, n):
        seen = ObjectState(_file(n), self._now(host, n), self.plant("seen"))
        task, texts = _task(n), {"diff": self.plant("diff"), "name": self.plant("task-name")}
        kind = RecordClass.CHANGE
        return PlanRecord(host, n, task, module="copy", item="", args=digest(n), kind=kind, objects=(seen,), **texts)

    def _now(self, host, n):
        return digest(host, n, self.state[host])

    def drift(self, plan, sealed):
        found = [(r.host, o.object, o.before, self._now(r.host, r.ordinal)) for r in plan.records for o in r.objects]
        return tuple(row for row in found if row[2] != row[3])

    def observe(self, plan, sealed, hosts):
        return {h: {_file(n): ObjectState(_file(n), self._now(h, n)) for n in range(TASKS)} for h in hosts}

    def apply(self, plan, sealed, run_id, on_task, progress):
        outcomes = []
        for host in plan.hosts:
            if host in self.unreachable:
                outcomes.append(HostOutcome(host, "unreachable", self.plant("reason")))
                continue
            self.state[host] = 10 + self.content.version
            for n in range(TASKS):
                on_task(self._outcome(host, n))
            outcomes.append(HostOutcome(host, "changed"))
        return outcomes

    def _outcome(self, host, n):
        started = self.clock.now().time
        self.clock.move(seconds=1)
        shown = (host, n, _task(n), "copy", "", digest(n), "changed", RecordClass.CHANGE)
        after = (digest("before", host, n), digest("after", host, n), (_file(n),))
        return TaskOutcome(*shown, *after, started, started + timedelta(seconds=1))

    containment = "pid_namespace"

    def stop(self, run_id):
        """Nothing lasts here."""

    def recall(self, hosts, run_id, on_task):
        return [HostOutcome(host, "unknown") for host in hosts]


def _file(n):
    return f"file:/etc/contoh.d/{n}"


def _task(n):
    return f"roles/contoh/tasks/main.yml:{n + 1}"
