"""Cheating with what officials did: approvals nobody gave, and genuine signatures put where they do not belong.

Each forgery is a function from the true court to what a reader is shown. Nobody here has an official's key, except
where the forgery says that a person colludes.
"""

from dataclasses import replace
from datetime import timedelta

from sopti_runner.domain.ledger.event import Actor, Draft
from sopti_runner.domain.statement import Proof, ProofKind, parse_statement
from tests.hostile.past_the_services import approval, drafted, prepared, signature, written


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
