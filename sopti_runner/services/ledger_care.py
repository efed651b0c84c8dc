"""Care of the ledger: erasing a text that two officials agreed to erase, and proving that an event is in it."""

from __future__ import annotations

from itertools import islice

from sopti_runner.domain.governance import Proposal
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.ledger.merkle import Tree
from sopti_runner.domain.ledger.proof import EventProof
from sopti_runner.errors import N_, NotFoundError
from sopti_runner.services.books import Books


def unfinished_erasures(books: Books) -> tuple[Proposal, ...]:
    """Give the confirmed erasures whose text is still here: sopti ended in between, or a backup brought it back."""
    confirmed = (p for p in books.court().proposals.values() if p.kind == "erase" and p.confirmed)
    return tuple(p for p in confirmed if books.store.blob(_digest(p)) is not None)


def carry_out_erasures(books: Books) -> int:
    """Record, then erase, each text whose erasure two officials agreed to; gives how many. Run it again at any time."""
    waiting = unfinished_erasures(books)
    for proposal in waiting:
        if not any(books.store.events(types=["blob.erased"], subject=proposal.id)):
            data = {"digests": [_digest(proposal).hex()]}
            books.tell([Draft(books.new_id(books.now()), "blob.erased", proposal.id, SYSTEM, data)])
        books.store.erase(_digest(proposal))
    return len(waiting)


def _digest(proposal: Proposal) -> bytes:
    return bytes.fromhex(proposal.data["digest"])


def event_proof(books: Books, seq: int) -> EventProof:
    """Give the proof that an event is in the ledger, under the newest signed checkpoint.

    Raises:
        NotFoundError: The ledger has no such event, or no checkpoint covers it yet.
    """
    store = books.store
    size, note = max(store.checkpoints(), default=(0, ""))
    if not 0 <= seq < store.head().size:
        raise NotFoundError(N_("The ledger has no such event"), on=str(seq), expected=f"0-{store.head().size - 1}")
    if seq >= size:
        raise NotFoundError(
            N_("No checkpoint covers this event yet"), on=str(seq), found=str(size), next="sopti ledger checkpoint"
        )
    path = Tree(islice(store.leaves(), size)).inclusion(seq)
    return EventProof(next(store.events(seq)).body, seq, tuple(path), note)
