"""Cheating with runs: started without authority, by a decree that gives none, or ended as they did not end."""

from datetime import timedelta

from sopti_runner.domain.authority import Act
from sopti_runner.domain.derived import derived
from sopti_runner.domain.emergency_rules import ratify_by
from sopti_runner.domain.statement import parse_statement
from tests.hostile.machines import HOSTS, PLAYBOOK
from tests.hostile.past_the_services import drafted, prepared, signature, written


def start(twin, request, who="op", **said):
    """Give the event of a run's start, signed by a colluding operator."""
    court = twin.books.court()
    known = court.requests[request]
    data = {"approval": known.approval, "plan": known.plan.digest, "hosts": list(known.plan.hosts), **said}
    waiting = twin.acts.prepare("start", person=twin.id[who], subjects=[request], data=data)
    return waiting, signature(twin, who, waiting)


def started_without_approval(scene):
    twin, request = prepared(scene)
    waiting, proof = start(twin, request)
    return written(twin, [drafted(twin, waiting, proof, "run.started", claims=[["approval", "none"]])])


def started_twice(scene):
    """A second run on an approval that was used; the store's claim is left out, for it would refuse."""
    twin, request = prepared(scene, approved=True)
    used = twin.books.court().requests[request].approval
    twin.apply(request)
    waiting, proof = start(twin, request, approval=used)
    return written(twin, [drafted(twin, waiting, proof, "run.started")])


def started_on_other_hosts(scene):
    """The operator signs for the hosts that were approved; the event names others."""
    twin, request = prepared(scene, approved=True)
    waiting, proof = start(twin, request)
    claims = [["approval", twin.books.court().requests[request].approval]]
    return written(twin, [drafted(twin, waiting, proof, "run.started", claims=claims, hosts=["db1"])])


def started_by_the_approver(scene):
    twin, request = prepared(scene, approved=True)
    waiting, proof = start(twin, request, "sec")
    claims = [["approval", twin.books.court().requests[request].approval]]
    return written(twin, [drafted(twin, waiting, proof, "run.started", claims=claims)])


def decreed(scene):
    """Give a court with a decree that allows the operator everything these tests have, and the decree's id."""
    twin = scene.house.twin(scene.folder)
    today = twin.books.court().today(twin.clock.now().time)
    content = {"models": [PLAYBOOK], "offices": ["operator"], "hosts": [], "hours": 4}
    content |= {"first": today.isoformat(), "last": (today + timedelta(days=9)).isoformat()}
    return twin, twin.rule("decree", content, "decree").id


def declared(twin, decree):
    """Declare an emergency through the services and plan it; gives the request."""
    words = {"decree": decree, "category": "security", "personal_data": "no"}
    request = twin.act("declare", "op", "", "description", **words).subject
    twin.content.version += 1
    twin.plan(request)
    return request


def emergency_start(twin, request):
    """Write the start of a declared emergency past the gate, signed by a colluding operator."""
    plan = twin.books.court().requests[request].plan
    data = {"decree": twin.books.court().requests[request].by_decree, "plan": plan.digest, "hosts": list(plan.hosts)}
    waiting = twin.acts.prepare("start", person=twin.id["op"], subjects=[request], data=data)
    by = ratify_by(twin.books.court(), twin.clock.now().time).isoformat()
    said = {"claims": [["emergency", request]], "ratify_by": by}
    return written(twin, [drafted(twin, waiting, signature(twin, "op", waiting), "run.started", **said)])


def emergency_without_decree(scene):
    """The operator declares an emergency that no decree allows, past the services."""
    twin = scene.house.twin(scene.folder)
    words = {"decree": "none", "category": "security", "personal_data": "no"}
    waiting = twin.acts.prepare(
        "declare", person=twin.id["op"], subjects=[], data=words, texts=twin.texts("description"), office="operator"
    )
    said = parse_statement(waiting.statement)
    proof = signature(twin, "op", waiting)
    act = Act(said.act, said.subjects, said.person, said.office, said.data, waiting.statement, proof)
    follows = derived(twin.books.court(), act, said.subjects[0], twin.clock.now().time)
    return written(twin, [drafted(twin, waiting, proof, "emergency.declared", **follows)])


def emergency_after_the_decree(scene):
    """The decree is ended between plan and run."""
    twin, decree = decreed(scene)
    request = declared(twin, decree)
    twin.rule("end_decree", {"decree": decree})
    twin.clock.move(minutes=3)
    return emergency_start(twin, request)


def emergency_with_a_stale_plan(scene):
    """A plan made by the decree is run after the hours that the decree gives."""
    twin, decree = decreed(scene)
    request = declared(twin, decree)
    twin.clock.move(hours=5)
    return emergency_start(twin, request)


def emergency_answered_by_who_acted(scene):
    """The operator who acted ratifies, called a secretary for it."""
    twin, decree = decreed(scene)
    request = declared(twin, decree)
    twin.apply(request)
    twin.clock.move(minutes=3)
    waiting = twin.acts.prepare("ratify", person=twin.id["op"], subjects=[request], data={}, office="secretary")
    proof = signature(twin, "op", waiting)
    return written(twin, [drafted(twin, waiting, proof, "emergency.ratified", late=0)])


def running(scene):
    """Give a court with a run that goes on, and its id."""
    twin, request = prepared(scene, approved=True)
    waiting, proof = start(twin, request)
    claims = [["approval", twin.books.court().requests[request].approval]]
    (event,) = twin.store.append([drafted(twin, waiting, proof, "run.started", claims=claims)], twin.clock.now())
    twin.clock.move(seconds=9)
    return twin, request, event.id


def ended(twin, request, run, outcome, hosts):
    said = {"run": run, "outcome": outcome, "hosts": hosts, "stopped": False, "tampered": [], "left": {}}
    return twin.fact("run.finished", request, **said)


def end_contradicts_itself(scene):
    """A run is called done although one of its hosts failed."""
    twin, request, run = running(scene)
    hosts = dict.fromkeys(HOSTS, "changed") | {"db1": "failed"}
    return written(twin, [ended(twin, request, run, "done", hosts)])


def end_of_other_hosts(scene):
    twin, request, run = running(scene)
    return written(twin, [ended(twin, request, run, "done", {"web9": "changed"})])


def end_without_hosts(scene):
    """A run ends in words that no run has."""
    twin, request, run = running(scene)
    return written(twin, [twin.fact("run.finished", request, run=run, outcome="done")])


def end_is_a_lie(scene):
    """A failed run is recorded as done from the start, each record in order: nothing was ever written otherwise."""
    twin, request, run = running(scene)
    return written(twin, [ended(twin, request, run, "done", dict.fromkeys(HOSTS, "changed"))])
