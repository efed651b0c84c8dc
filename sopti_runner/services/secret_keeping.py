"""Keeping secrets: each change of one is recorded before it is made, by a keyed digest and never by its value.

The name stands in a text of its own, which two officials can have erased: somebody may type a password in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sopti_runner.domain.ledger.event import SYSTEM, Draft, Event
from sopti_runner.ports.secrets import SecretDigest, Secrets
from sopti_runner.services.books import Books

SET, REMOVED = "secret.set", "secret.removed"


class Recorded(StrEnum):
    """What the ledger knows of the value that runs are given now."""

    SAME = "same"
    OTHER = "other"
    OTHER_KEY = "other_key"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """A secret as it may be shown.

    Attributes:
        at: When it was last set by sopti, aware UTC; None when the ledger does not tell.
    """

    name: str
    recorded: Recorded
    at: datetime | None = None


def keep(books: Books | None, secrets: Secrets, name: str, value: str) -> None:
    """Record that a secret is set, then keep it; without books (no court yet) it is kept all the same.

    Raises:
        UsageError: Name or value can't be a secret's; nothing was recorded.
        LedgerError: It could not be recorded; nothing was kept.
    """
    text = secrets.accepted(name, value)
    if books:
        _tell(books, SET, name, secrets.bound_by(text))
    secrets.put(name, text)


def forget(books: Books | None, secrets: Secrets, name: str) -> None:
    """Record that a secret is removed, then remove it; NotFoundError when there is none."""
    gone = secrets.kept(name)
    if books:
        _tell(books, REMOVED, name, gone)
    secrets.drop(name)


def listed(books: Books | None, secrets: Secrets) -> Sequence[KeptSecret]:
    """Give each secret there is, and whether its value is the one that was last recorded under its name."""
    last = _last(books) if books else {}
    return [_compared(name, secrets.held(name), last.get(name)) for name in secrets.names()]


def _compared(name: str, held: SecretDigest, event: Event | None) -> KeptSecret:
    if event is None or event.type == REMOVED:
        return KeptSecret(name, Recorded.NOTHING)
    if event.data["key"] != held.key:
        return KeptSecret(name, Recorded.OTHER_KEY, event.time)
    same = event.data["digest"] == held.digest
    return KeptSecret(name, Recorded.SAME if same else Recorded.OTHER, event.time)


def _last(books: Books) -> Mapping[str, Event]:
    """Give name → the newest event about a secret of this name; one whose name was erased is nobody's."""
    return {books.text(event.blobs[0]): event for event in books.store.events(types=[SET, REMOVED])}


def _tell(books: Books, kind: str, name: str, value: SecretDigest) -> None:
    data = {"digest": value.digest, "key": value.key}
    books.tell([Draft(books.new_id(books.now()), kind, books.store.log, SYSTEM, data, [books.blob("name", name)])])
