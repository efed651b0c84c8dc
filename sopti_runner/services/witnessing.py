"""Witnessing: a higher court cosigns checkpoints and so sees to it that there is one history (C2SP tlog-witness).

The exchange is by files, because the witness need not be on any network: request → cosigned note → accepted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sopti_runner.domain.ledger.checkpoint import read_checkpoint
from sopti_runner.domain.ledger.event import SYSTEM, Draft, Event
from sopti_runner.domain.ledger.merkle import Tree
from sopti_runner.domain.ledger.note import NoteError, VerifierKey, merge_notes, open_note, parse_vkey, split_note
from sopti_runner.domain.ledger.witness import AddCheckpoint, judge_checkpoint, parse_request
from sopti_runner.domain.reason import Reason
from sopti_runner.errors import N_, RefusedError, UsageError
from sopti_runner.ports import Cosigner, WitnessMemory
from sopti_runner.services.books import Books


def ask_witness(books: Books, old: int | None = None) -> str:
    """Give the request for a witness over the newest checkpoint.

    Args:
        books: The court's books.
        old: Size the witness remembers; None for the largest one that any witness of this court cosigned.

    Raises:
        UsageError: The witness would remember more than the ledger has.
    """
    note, _failed = books.checkpoint()
    size = read_checkpoint(note).size
    known = [parse_vkey(w) for w in books.court().witnesses]
    since = max(_cosigned(books, known), default=0) if old is None else old
    if not 0 <= since <= size:
        raise UsageError(N_("The witness can't remember more than the ledger has"), on=str(since), expected=f"0-{size}")
    proof = Tree(books.store.leaves()).consistency(since, size) if 0 < since < size else []
    return str(AddCheckpoint(since, tuple(proof), note))


def _cosigned(books: Books, known: Sequence[VerifierKey]) -> list[int]:
    sizes = []
    for size, note in books.store.checkpoints():
        try:
            open_note(note, known)
        except NoteError:
            continue
        sizes.append(size)
    return sizes


def cosign(request: str, *, vkey: str, memory: WitnessMemory, key: Cosigner, now: datetime) -> str:
    """As the witness: judge a request by what is remembered, and give the cosigned note.

    Args:
        request: The request's text.
        vkey: The log's verifier key, from the witness's own copy.
        memory: What this witness remembers.
        key: The witness's key.
        now: Time of the cosignature, aware UTC.

    Raises:
        RefusedError: Not signed by the log, or a rollback, or another history.
        UsageError: The request can't be read.
    """
    log_key = parse_vkey(vkey)
    try:
        asked = parse_request(request)
    except NoteError as error:
        raise UsageError(N_("The request can't be read"), found=str(error), next="sopti ledger ask-witness") from error
    verdict = memory.decide(
        log_key.name, lambda state: judge_checkpoint(state, asked, origin=log_key.name, keys=[log_key])
    )
    if not verdict.accepted:
        raise RefusedError(
            N_("The witness does not cosign"),
            on=log_key.name,
            found=verdict.reason,
            next=f"sopti ledger ask-witness FILE --old {verdict.remembered}",
            reasons=(Reason(f"witness_{verdict.status}", N_("{why}"), {"why": verdict.reason}),),
        )
    text = split_note(asked.note).text
    return merge_notes(asked.note, f"{text}\n{key.cosign(text, now)}")


def accept_cosigned(books: Books, note: str) -> Event:
    """Keep a cosigned note and record it.

    Raises:
        UsageError: It is not this ledger's checkpoint, or no witness of this court cosigned it.
    """
    court = books.court()
    try:
        checkpoint = read_checkpoint(note)
        _text, signatures = open_note(note, [parse_vkey(w) for w in court.witnesses])
    except NoteError as error:
        raise UsageError(
            N_("The cosigned note can't be accepted"), found=str(error), next="sopti office witness VKEY"
        ) from error
    kept = dict(books.store.checkpoints()).get(checkpoint.size)
    if kept is None or split_note(kept).text != split_note(note).text:
        raise UsageError(
            N_("This is no checkpoint of this ledger"), on=str(checkpoint.size), next="sopti ledger verify"
        )
    books.store.save_checkpoint(checkpoint.size, merge_notes(kept, note))
    names = sorted(s.key.name for s in signatures)
    lines = [line for line in split_note(note).lines if line.split(" ")[1] in names]
    digests = sorted(hashlib.sha256(line.encode()).hexdigest() for line in lines)
    data = {"size": checkpoint.size, "witnesses": names, "lines": digests}
    draft = Draft(books.new_id(books.now()), "witness.cosigned", court.origin, SYSTEM, data)
    return books.settle(lambda _court, _at: [draft])[1][0]
