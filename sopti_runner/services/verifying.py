"""Verifying the live ledger, and what an auditor takes along: the same audit that the bundle's verifier runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sopti_runner.domain.authority_audit import AuthorityAudit
from sopti_runner.domain.ledger.checkpoint import read_checkpoint
from sopti_runner.domain.ledger.note import parse_vkey
from sopti_runner.domain.ledger.trust import Trust
from sopti_runner.domain.ledger.verification import Defect, Remark, Verification
from sopti_runner.domain.ledger.verify import audit
from sopti_runner.domain.sshsig import parse_public_key
from sopti_runner.errors import N_, IntegrityError, ReportError, SoptiError
from sopti_runner.ports import LedgerStore
from sopti_runner.services.books import Books
from sopti_runner.services.outside import belonging


def verify_ledger(books: Books, trust: Trust | None) -> Verification:
    """Judge the whole ledger: bytes, tree, checkpoints here and in the sinks, texts, derived tables, and each act.

    What left this machine is held against what is here, so that a history made anew here does not agree with it.
    """
    sent, unread = _sent(books)
    found = _judged(books.store, trust, sent)
    return replace(found, not_detectable=(*found.not_detectable, *unread))


def unsound(books: Books) -> str:
    """Give the first thing that is wrong with what stands here, or empty; what the gate asks before each run.

    Notes kept outside are left to ``outside``: nobody who can write on the share shall be able to stop a court.
    """
    found = _judged(books.store, None, ())
    return str(found.defects[0]) if found.defects else ""


def _judged(store: LedgerStore, trust: Trust | None, sent: Iterable[tuple[int, str]]) -> Verification:
    authority = AuthorityAudit(trust.persons if trust else None)
    notes = {*store.checkpoints(), *sent}
    found = audit(store.bodies(), notes=notes, trust=trust, blobs=store.blob, on_event=authority.see)
    return found.plus(_derived(store))


def _sent(books: Books) -> tuple[list[tuple[int, str]], list[Remark]]:
    """Give the notes that left this machine, and a remark for each place that can't be read now."""
    notes: list[tuple[int, str]] = []
    unread = []
    for sink in books.sinks:
        try:
            for name, end in _names(books):
                notes += [(size, note) for size, note in sink.notes(name) if end is None or size <= end]
        except ReportError as error:
            unread.append(Remark(N_("The checkpoints kept at {place} could not be read"), {"place": error.on}))
    return notes, unread


def _names(books: Books) -> list[tuple[str, int | None]]:
    """Give where notes of this ledger are kept; its own name alone when its events can't be read."""
    try:
        return belonging(books.court())
    except SoptiError:
        return [(books.store.log, None)]


def _derived(store: LedgerStore) -> Iterator[Defect]:
    """Give what is derived from the events and differs; events that can't be read were named by the audit."""
    what = N_("A table derived from the events differs from them")
    try:
        for line in store.differences():
            yield Defect("derived_differs", what, found=line)
    except IntegrityError as error:
        yield Defect("derived_differs", what, found=str(error))


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
