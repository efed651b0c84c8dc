"""Care of the ledger: erasing a text by two signatures, proofs, and rebuilding what is derived."""

from __future__ import annotations

from sopti_runner.domain.governance import Proposal
from sopti_runner.domain.ledger.event import SYSTEM, Draft, Event
from sopti_runner.domain.ledger.merkle import Tree
from sopti_runner.errors import N_, NotFoundError
from sopti_runner.services.books import Books


def erase_confirmed(books: Books, proposal: Proposal) -> Event:
    """Erase the blob that a confirmed proposal names, and record it; the tree stays as it is."""
    digest = str(proposal.data["digest"])
    draft = Draft(books.new_id(books.now()), "blob.erased", proposal.id, SYSTEM, {"digests": [digest]})
    event = books.settle(lambda _court, _at: [draft])[1][0]
    books.store.erase(bytes.fromhex(digest))
    return event


def inclusion_proof(books: Books, seq: int) -> tuple[Event, int, list[bytes]]:
    """Give an event, the size it is proven in, and its inclusion proof (RFC 9162 section 2.1.3).

    Raises:
        NotFoundError: The ledger has no such event.
    """
    events = list(books.store.events())
    if not 0 <= seq < len(events):
        raise NotFoundError(N_("The ledger has no such event"), on=str(seq), expected=f"0-{len(events) - 1}")
    return events[seq], len(events), Tree(e.leaf for e in events).inclusion(seq)
