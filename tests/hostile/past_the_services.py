"""How to write past the services: whoever holds the log's key on this machine adds events, which then are signed."""

from sopti_runner.domain.ledger.event import Actor, Draft
from sopti_runner.domain.statement import Proof, ProofKind, parse_statement
from tests.hostile.copies import Copy


def written(twin, drafts, at=None):
    """Write past the services, sign, and hand out."""
    twin.store.append(drafts, at or twin.clock.now())
    return Copy.of(twin.store).signed_by(twin.log_key)


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
