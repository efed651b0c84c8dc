"""Cheating with new events: whoever holds the log's key on this machine writes past the services, which then sign.

Each forgery is a function from the true court to what a reader is shown. Nobody here has an official's key, except
where the forgery says that a person colludes.
"""

import hashlib
from dataclasses import replace
from datetime import timedelta

from sopti_runner.domain.authority import Act
from sopti_runner.domain.derived import derived
from sopti_runner.domain.emergency_rules import ratify_by
from sopti_runner.domain.ledger.event import Actor, Draft
from sopti_runner.domain.statement import Proof, ProofKind, parse_statement
from sopti_runner.domain.time_rules import Instant
from tests.hostile.attacks import a_text
from tests.hostile.copies import Copy
from tests.hostile.machines import HOSTS, PLAYBOOK


def written(twin, drafts, at=None):
    """Write past the services, sign, and hand out."""
    twin.store.append(drafts, at or twin.clock.now())
    return Copy.of(twin.store).signed_by(twin.log_key)


def own_cosignature(scene):
    """The log's holder tells of a witness that never saw anything."""
    twin = scene.house.twin(scene.folder)
    told = {"size": len(scene.copy.bodies), "witnesses": ["x"], "lines": [hashlib.sha256(b"x").hexdigest()]}
    return written(twin, [twin.fact("witness.cosigned", **told)])


def text_erased_alone(scene):
    """Gone, with an event that says so, but no two officials agreed."""
    twin, digest = scene.house.twin(scene.folder), a_text(scene)
    twin.store.erase(digest)
    return written(twin, [twin.fact("blob.erased", "none", digests=[digest.hex()])])


def prepared(scene, *, approved=False):
    """Give a court with one request that waits for its approval, or has it; made once, then copied."""
    bases, name = scene.house.bases, "approved" if approved else "considered"
    if name not in bases:
        bases[name] = brought_to(scene.house.twin(scene.house.folder / name), approved=approved)
    base, request = bases[name]
    return base.twin(scene.folder), request


def brought_to(twin, *, approved):
    """Bring a new request to its approval, or past it."""
    twin.content.version += 1
    request = twin.register()
    twin.to_priority(request)
    twin.plan(request)
    twin.advise(request)
    if approved:
        twin.approve(request)
    twin.clock.move(minutes=3)
    return twin, request


def drafted(twin, waiting, proof, type_, *, actor=None, subject="", **said):
    """Give the event of an act as ``services.acts`` writes it, judged by nobody."""
    statement = parse_statement(waiting.statement)
    subject = subject or statement.subjects[0]
    capacity = twin.books.court().capacity(statement.person, statement.office, twin.clock.time)
    actor = actor or Actor(statement.person, capacity.capacity if capacity else "", proof.key)
    data = {**statement.data, "statement": waiting.statement.decode(), "proof": proof.to_data()}
    data |= {"nonce": statement.nonce, **said}
    ident = subject if type_ == "governance.proposed" else twin.books.new_id(twin.clock.now())
    return Draft(ident, type_, subject, actor, data, waiting.blobs)


def signature(twin, who, waiting, *, by="", key=""):
    """Give a proof that ``who`` signed; ``key`` really did, and ``by``'s key is named."""
    named = twin.key[by or who]
    return Proof(ProofKind.SIGNATURE, twin.id[who], named.fingerprint, twin.key[key or who].sign(waiting.statement))


def approval(twin, request):
    return twin.approving.prepare(request, person=twin.id["sec"], days=5)[0]


def approval_signed_by(key, named="sec"):
    """An approval in the official's name, signed by another key than theirs."""

    def attack(scene):
        twin, request = prepared(scene)
        waiting = approval(twin, request)
        proof = signature(twin, "sec", waiting, by=named, key=key)
        return written(twin, [drafted(twin, waiting, proof, "request.approved", waived=[])])

    return attack


def approval_edited(scene):
    """The official signed for five days; the event says fourteen."""
    twin, request = prepared(scene)
    waiting = approval(twin, request)
    longer = (twin.clock.time + timedelta(days=14)).isoformat()
    proof = signature(twin, "sec", waiting)
    return written(twin, [drafted(twin, waiting, proof, "request.approved", waived=[], expires=longer)])


def approval_attested(scene):
    """An operator attests what only the official's own signature gives."""
    twin, request = prepared(scene)
    waiting = approval(twin, request)
    attester = twin.key["op"]
    proof = Proof(ProofKind.ATTESTED, twin.id["op"], attester.fingerprint, attester.sign(waiting.statement))
    return written(twin, [drafted(twin, waiting, proof, "request.approved", waived=[])])


def approval_replayed(scene):
    """A genuine approval of long ago, written once more."""
    twin, _request = prepared(scene)
    old = next(twin.store.events(types=["request.approved"]))
    return written(twin, [Draft(twin.books.new_id(twin.clock.now()), old.type, old.subject, old.actor, old.data)])


def approval_of_another_request(scene):
    """A genuine, unused approval put under a request it does not name."""
    twin, request = prepared(scene, approved=True)
    second = twin.register()
    (genuine,) = twin.store.events(types=["request.approved"], subject=request)
    ident = twin.books.new_id(twin.clock.now())
    return written(twin, [Draft(ident, genuine.type, second, genuine.actor, genuine.data)])


def act_put_under_another_request(scene):
    """A genuine statement, signed for one request and never recorded, written under another one in the same state."""
    twin, request = prepared(scene)
    other = twin.register()
    twin.to_priority(other)
    twin.clock.move(minutes=3)
    waiting = twin.acts.prepare("return", person=twin.id["sec"], subjects=[other], data={}, texts={"reason": "x"})
    proof = signature(twin, "sec", waiting)
    return written(twin, [drafted(twin, waiting, proof, "request.returned", subject=request)])


def approval_by_another(actor):
    """A genuine approval whose event names another person, or another capacity."""

    def attack(scene):
        twin, request = prepared(scene)
        waiting = approval(twin, request)
        proof = signature(twin, "sec", waiting)
        says = Actor(twin.id["sec"], "secretary:definitive", proof.key)
        event = drafted(twin, waiting, proof, "request.approved", actor=actor(twin, says), waived=[])
        return written(twin, [event])

    return attack


def another_person(twin, says):
    return replace(says, person=twin.id["chair"])


def another_capacity(twin, says):
    return replace(says, capacity="secretary:plt")


def another_credential(twin, says):
    return replace(says, credential="paper")


def act_hung_on_a_list(scene):
    """One genuine signature grants two requests; the second event is made a rejection that nobody signed."""
    twin = scene.house.twin(scene.folder)
    requests = [twin.register(category="computer") for _ in range(2)]
    for request in requests:
        twin.act("triage", "op", request, category="computer", impact="single", urgency="low")
    granted = twin.acts.prepare("grant", person=twin.id["sec"], subjects=requests, data={})
    proof = signature(twin, "sec", granted)
    said = parse_statement(granted.statement)
    rejected = twin.acts.prepare("reject", person=twin.id["sec"], subjects=requests[1:], data={}, texts={"reason": "x"})
    unsigned = replace(parse_statement(rejected.statement), nonce=said.nonce, subjects=tuple(requests)).encode()
    first = drafted(twin, granted, proof, "request.granted", waived=[])
    second = drafted(twin, replace(rejected, statement=unsigned), proof, "request.rejected")
    return written(twin, [first, second])


def text_doubled(scene):
    """A genuine act; its event carries a second text under the same name."""
    twin, request = prepared(scene)
    waiting = twin.acts.prepare("return", person=twin.id["sec"], subjects=[request], data={}, texts={"reason": "x"})
    proof = signature(twin, "sec", waiting)
    event = drafted(twin, waiting, proof, "request.returned")
    return written(twin, [replace(event, blobs=(twin.books.blob("reason", "y"), *event.blobs))])


def claim_added(scene):
    """A lawful act that also takes an approval away."""
    twin, request = prepared(scene)
    waiting = twin.acts.prepare("return", person=twin.id["sec"], subjects=[request], data={}, texts={"reason": "x"})
    proof = signature(twin, "sec", waiting)
    return written(twin, [drafted(twin, waiting, proof, "request.returned", claims=[["approval", "x"]])])


def rule_called_a_clock_correction(scene):
    """A confirmed rule is recorded as a correction of the clock, which may step back."""
    twin = scene.house.twin(scene.folder)
    content = {"step": "B2", "office": "chair"}
    rule(twin, "step", content, by="kabag", confirmed_by="chair", type_="clock.corrected")
    return Copy.of(twin.store).signed_by(twin.log_key)


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


def key_stolen(scene):
    """Somebody at the secretary's desk signs with the secretary's own key."""
    twin, _request = prepared(scene, approved=True)
    return Copy.of(twin.store).signed_by(twin.log_key)


def never_written(scene):
    """Somebody was refused and nothing was recorded; here nothing at all is in the log of what happened."""
    twin = scene.house.twin(scene.folder)
    twin.clock.move(hours=1)
    twin.register()
    return Copy.of(twin.store).signed_by(twin.log_key)


def clock_a_little_wrong(scene):
    """The machine's clock lies by four minutes and writes on."""
    twin = scene.house.twin(scene.folder)
    twin.clock.time += timedelta(minutes=4)
    twin.register()
    return Copy.of(twin.store).signed_by(twin.log_key)


def clock_set_back(scene, *, corrected=False):
    """An honest writer past the rules (an older program): two hours before the last event; perhaps put right after."""
    twin = scene.house.twin(scene.folder)
    now = twin.clock.now()
    at = Instant(now.time - timedelta(hours=2), now.boot, now.mono + 1)
    twin.store.append([twin.fact("read.finished", kind="plan", hosts=[], outcome="ok")], at)
    if corrected:
        twin.rule("clock", {})
    return Copy.of(twin.store).signed_by(twin.log_key)


# --- the court's own rules --------------------------------------------------------------------------------------------


def rule(twin, kind, content, *, by, confirmed_by, key="", confirm_key="", type_="governance.confirmed"):
    """Write a proposal and its confirmation past the services."""
    waiting = twin.acts.prepare("propose", person=twin.id[by], subjects=[], data={"kind": kind, "content": content})
    proof = signature(twin, by, waiting, key=key)
    (event,) = twin.store.append([drafted(twin, waiting, proof, "governance.proposed")], twin.clock.now())
    twin.clock.move(seconds=5)
    waiting = twin.acts.prepare("confirm", person=twin.id[confirmed_by], subjects=[event.id], data={})
    proof = signature(twin, confirmed_by, waiting, key=confirm_key)
    twin.store.append([drafted(twin, waiting, proof, type_)], twin.clock.now())
    twin.clock.move(seconds=5)
    return event.id


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
