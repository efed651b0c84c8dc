"""sopti's own backup: saved, read back, recorded; and then its own record saved as well.

The rule this module keeps: what is recorded as backed up was read back from the repository first; and the newest
snapshot holds the record of itself, so that a copy put back right away lacks nothing that left this machine.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sopti_runner.domain.check import Check
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.errors import N_, IntegrityError, PartialError
from sopti_runner.ports import Progress
from sopti_runner.ports.backup import BackupRepository, Saved, Staged, StateCopier
from sopti_runner.services.books import Books

BACKED_UP = "backup.made"
PARTS = 7
"""Each day another seventh of the repository's data is read: all of it within a week."""

OVERDUE = timedelta(hours=26)
"""A daily backup that is older is late; after ``LOST`` the machine's loss would cost too much to call it a note."""
LOST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup.

    Attributes:
        id: Id of its event, and a tag of its snapshots.
        snapshot: The newest snapshot, which holds that event.
        size: Number of events that it was read back with.
        total_bytes: What the snapshot holds.
        added_bytes: What was new to the repository.
        unprotected: A line for each sink that did not take the checkpoint.
    """

    id: str
    snapshot: str
    size: int
    total_bytes: int
    added_bytes: int
    unprotected: tuple[str, ...] = ()


def back_up(books: Books, state: StateCopier, repository: BackupRepository, progress: Progress) -> Backup:
    """Save sopti's state, read it back, record it, save the record, and forget old snapshots.

    Raises:
        IntegrityError: This ledger is an old copy or another history, which must not replace good backups; or what was
            saved reads back otherwise.
        ExecutionError: The repository can't be used.
        PartialError: Something could not be read; nothing is recorded.
    """
    books.require_current()
    at = books.now()
    ident = books.new_id(at)
    progress(repository.address, N_("saving"))
    saved, staged = _save(books, state, repository, ident, progress)
    progress(repository.address, N_("reading back"))
    part = at.time.timetuple().tm_yday % PARTS + 1
    repository.check(part, PARTS)
    data = {
        "repository": hashlib.sha256(repository.address.encode()).hexdigest()[:16],
        "snapshot": saved.snapshot,
        "size": staged.size,
        "root": staged.root.hex(),
        "bytes": saved.total_bytes,
        "part": [part, PARTS],
    }
    court = books.tell([Draft(ident, BACKED_UP, books.store.log, SYSTEM, data)])
    _note, unprotected = books.checkpoint()
    progress(repository.address, N_("saving the record of it"))
    last, _staged = _save(books, state, repository, ident, progress)
    repository.tidy()
    added = saved.added_bytes + last.added_bytes
    return Backup(ident, last.snapshot, court.size, last.total_bytes, added, unprotected)


def _save(
    books: Books, state: StateCopier, repository: BackupRepository, ident: str, progress: Progress
) -> tuple[Saved, Staged]:
    """Save everything as one snapshot, and compare its ledger, read from the repository, with the copy."""
    notes = books.store.checkpoints()
    facts = {
        "backup": ident,
        "log": books.store.log,
        "vkey": books.signer.vkey,
        "made_at": books.now().time.isoformat(timespec="seconds"),
        "checkpoint": notes[-1][1] if notes else "",
    }
    with state.staged(facts) as staged:
        try:
            saved = repository.save(staged.paths, [ident], progress)
        except PartialError:  # a run ended meanwhile and took its folder away: once more
            saved = repository.save(staged.paths, [ident], progress)
        found = repository.read_back(saved.snapshot, staged.ledger)
        if found != staged.digest:
            raise IntegrityError(
                N_("The backup does not read back as it was written"),
                on=repository.address,
                expected=staged.digest,
                found=found,
                next="docs/runbooks/backup-damaged.md",
            )
    return saved, staged


def last_backup(books: Books) -> tuple[datetime, int] | None:
    """Give when the newest recorded backup was made (aware UTC) and the number of events in it, or None."""
    made = [(event.time, event.seq + 1) for event in books.store.events(types=[BACKED_UP])]
    return made[-1] if made else None


def backup_check(books: Books, repository: str) -> Check:
    """Judge the age of the newest backup.

    Args:
        books: The court's books.
        repository: Its address in the settings, or empty.
    """
    name = N_("Backup of sopti")
    if not repository:
        return Check(
            name,
            "warning",
            N_("no repository is set: with this machine the ledger would be gone"),
            N_("set backup_repository in /etc/sopti/sopti.toml, then: sopti self backup --new-repository"),
        )
    made = last_backup(books)
    if made is None:
        return Check(name, "warning", N_("never made"), "sopti self backup --new-repository")
    age = books.now().time - made[0]
    fields = {"hours": int(age.total_seconds() // 3600), "events": books.store.head().size - made[1]}
    verdict = "ok" if age <= OVERDUE else "warning" if age <= LOST else "fault"
    found = N_("{hours} hours old; {events} events since")
    return Check(name, verdict, found, "" if verdict == "ok" else "sopti self backup", fields)
