"""Cheating with the court's own rules: keys, appointments, copies that were put back, and the clock."""

from datetime import timedelta

from sopti_runner.domain.ledger.event import Actor
from sopti_runner.domain.time_rules import Instant
from tests.hostile.copies import Copy
from tests.hostile.past_the_services import drafted, prepared, rule, signature


def rule_called_a_clock_correction(scene):
    """A confirmed rule is recorded as a correction of the clock, which may step back."""
    twin = scene.house.twin(scene.folder)
    content = {"step": "B2", "office": "chair"}
    rule(twin, "step", content, by="kabag", confirmed_by="chair", type_="clock.corrected")
    return Copy.of(twin.store).signed_by(twin.log_key)


def key_enrolled_alone(scene):
    """The administrator gives the secretary a key of their own making; both signatures are theirs."""
    twin = scene.house.twin(scene.folder)
    content = {"person": twin.id["sec"], "key": twin.key["stranger"].data()}
    rule(twin, "key", content, by="kabag", confirmed_by="chair", key="stranger", confirm_key="stranger")
    return Copy.of(twin.store).signed_by(twin.log_key)


def key_enrolled_by_one(scene):
    """One colluding official proposes and confirms."""
    twin = scene.house.twin(scene.folder)
    content = {"person": twin.id["sec"], "key": twin.key["stranger"].data()}
    rule(twin, "key", content, by="kabag", confirmed_by="kabag")
    return Copy.of(twin.store).signed_by(twin.log_key)


def key_enrolled_by_two(scene):
    """Two colluding officials give the secretary a key that is not theirs: lawful in form."""
    twin = scene.house.twin(scene.folder)
    content = {"person": twin.id["sec"], "key": twin.key["stranger"].data()}
    rule(twin, "key", content, by="kabag", confirmed_by="chair")
    return Copy.of(twin.store).signed_by(twin.log_key)


def gone_on_alone(scene, *, by="chair", type_="log.restored", cut=0):
    """Somebody goes on with a copy, which voids every open approval."""
    twin = scene.house.twin(scene.folder)
    end = twin.store.head()
    content = {"size": end.size - cut, "seen_size": end.size, "seen_root": end.root.hex()}
    rule(twin, "restore", content, by="kabag", confirmed_by=by, type_=type_)
    return Copy.of(twin.store).signed_by(twin.log_key)


def appointed_backwards(scene):
    """The chair approves as acting secretary; the appointment comes a minute later and names an earlier first day."""
    twin, request = prepared(scene)
    today = twin.clock.time.date()
    waiting = approval_by(twin, request, "chair")
    proof = signature(twin, "chair", waiting)
    actor = Actor(twin.id["chair"], "secretary:plh", proof.key)
    twin.store.append([drafted(twin, waiting, proof, "request.approved", actor=actor, waived=[])], twin.clock.now())
    twin.clock.move(minutes=1)
    first = str(today - timedelta(days=30))
    content = {"person": twin.id["chair"], "office": "secretary", "status": "plh", "first": first, "last": str(today)}
    rule(twin, "appoint", content, by="kabag", confirmed_by="head")
    return Copy.of(twin.store).signed_by(twin.log_key)


def approval_by(twin, request, who):
    plan = twin.books.court().requests[request].plan
    ends = (twin.clock.time + timedelta(days=2)).isoformat()
    says = {"plan": plan.digest, "hosts": list(plan.hosts), "not_before": twin.clock.time.isoformat(), "expires": ends}
    return twin.acts.prepare(
        "approve", person=twin.id[who], subjects=[request], data={**says, "uses": 1}, office="secretary"
    )


def clock_set_back(scene, *, corrected=False):
    """An honest writer past the rules (an older program): two hours before the last event; perhaps put right after."""
    twin = scene.house.twin(scene.folder)
    now = twin.clock.now()
    at = Instant(now.time - timedelta(hours=2), now.boot, now.mono + 1)
    twin.store.append([twin.fact("read.finished", kind="plan", hosts=[], outcome="ok")], at)
    if corrected:
        twin.rule("clock", {})
    return Copy.of(twin.store).signed_by(twin.log_key)
