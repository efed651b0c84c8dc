"""Verifying the live ledger, and what an auditor takes along: the same audit that the bundle's verifier runs."""

from __future__ import annotations

from sopti_runner.domain.authority_audit import AuthorityAudit
from sopti_runner.domain.ledger.checkpoint import read_checkpoint
from sopti_runner.domain.ledger.note import parse_vkey
from sopti_runner.domain.ledger.trust import Trust
from sopti_runner.domain.ledger.verification import Defect, Verification
from sopti_runner.domain.ledger.verify import audit
from sopti_runner.domain.sshsig import parse_public_key
from sopti_runner.errors import N_
from sopti_runner.services.books import Books


def verify_ledger(books: Books, trust: Trust | None) -> Verification:
    """Judge the whole ledger: bytes, tree, checkpoints, texts, derived tables, and whether each act was allowed."""
    authority = AuthorityAudit(trust.persons if trust else None)
    store = books.store
    found = audit(store.bodies(), notes=store.checkpoints(), trust=trust, blobs=store.blob, on_event=authority.see)
    what = N_("A table derived from the events differs from them")
    return found.plus(Defect("derived_differs", what, found=line) for line in store.differences())


def trust_of(books: Books) -> Trust:
    """Give what an auditor needs, as this ledger tells it now.

    It is worth something only in the auditor's hands: keys compared with the founding minutes, kept off this machine.
    """
    court = books.court()
    notes = books.store.checkpoints()
    return Trust(
        origin=court.origin,
        log_keys=(parse_vkey(court.vkey),),
        witnesses=tuple(parse_vkey(w) for w in court.witnesses),
        quorum=0,
        persons={p.id: tuple(parse_public_key(k.public) for k in p.keys) for p in court.register.persons.values()},
        known=read_checkpoint(notes[-1][1]) if notes else None,
    )
