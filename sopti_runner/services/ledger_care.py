"""Care of the ledger: erasing a text that two officials agreed to erase, and proving that an event is in it."""

from __future__ import annotations

from sopti_runner.domain.governance import Proposal
from sopti_runner.domain.ledger.event import SYSTEM, Draft, Event
from sopti_runner.domain.ledger.merkle import Tree
from sopti_runner.errors import N_, NotFoundError
from sopti_runner.services.books import Books


def erase_confirmed(books: Books, proposal: Proposal) -> None:
    """Record the erasure that a confirmed proposal names, then erase the text; nothing when it is gone already."""
    digest = bytes.fromhex(proposal.data["digest"])
    if books.store.blob(digest) is None:
        return
    data = {"digests": [digest.hex()]}
    books.tell([Draft(books.new_id(books.now()), "blob.erased", proposal.id, SYSTEM, data)])
    books.store.erase(digest)


def inclusion_proof(books: Books, seq: int) -> tuple[Event, int, list[bytes]]:
    """Give an event, the size it is proven in, and its inclusion proof (RFC 9162 section 2.1.3).

    Raises:
        NotFoundError: The ledger has no such event.
    """
    tree = Tree(books.store.leaves())
    if not 0 <= seq < tree.size:
        raise NotFoundError(N_("The ledger has no such event"), on=str(seq), expected=f"0-{tree.size - 1}")
    return next(books.store.events(seq)), tree.size, tree.inclusion(seq)
