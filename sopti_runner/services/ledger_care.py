"""Care of the ledger: erasing a text that two officials agreed to erase, and proving that an event is in it."""

from __future__ import annotations

from sopti_runner.domain.governance import Proposal
from sopti_runner.domain.ledger.event import SYSTEM, Draft, Event
from sopti_runner.domain.ledger.merkle import Tree
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


def inclusion_proof(books: Books, seq: int) -> tuple[Event, int, list[bytes]]:
    """Give an event, the size it is proven in, and its inclusion proof (RFC 9162 section 2.1.3).

    Raises:
        NotFoundError: The ledger has no such event.
    """
    tree = Tree(books.store.leaves())
    if not 0 <= seq < tree.size:
        raise NotFoundError(N_("The ledger has no such event"), on=str(seq), expected=f"0-{tree.size - 1}")
    return next(books.store.events(seq)), tree.size, tree.inclusion(seq)
