"""Putting sopti's own state back on an empty machine, and agreeing to go on with it.

The rule this module keeps: a copy that was put back is compared with the newest checkpoint that left the machine before
anything is written into it, by two persons; without any such checkpoint there is nothing to compare with: no way on.
"""

from __future__ import annotations

from sopti_runner.domain import restoration
from sopti_runner.domain.court import Court
from sopti_runner.domain.ledger.checkpoint import Checkpoint, open_checkpoint
from sopti_runner.domain.ledger.note import NoteError, parse_vkey
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.words import Words
from sopti_runner.errors import N_, NotFoundError, RefusedError, UsageError
from sopti_runner.ports import Progress, Waiting
from sopti_runner.ports.backup import BackupRepository, PutBack, Snapshot, StateReturn
from sopti_runner.services.acts import Acts
from sopti_runner.services.books import Books
from sopti_runner.services.governing import propose
from sopti_runner.services.outside import newest_sent


def put_back(
    repository: BackupRepository, place: StateReturn, beginning: str, progress: Progress
) -> tuple[Snapshot, PutBack]:
    """Fetch a snapshot and put it in its place.

    Args:
        repository: Where it is kept.
        place: The empty machine's state folder.
        beginning: The snapshot's id or the beginning of it; empty for the newest.
        progress: Told what is done.

    Raises:
        UsageError: The machine is not empty.
        NotFoundError: There is no such snapshot.
        IntegrityError: The snapshot is damaged; nothing was put in place.
    """
    with place.room() as room:
        progress(repository.address, N_("looking for the snapshot"))
        found = [one for one in repository.snapshots() if one.id.startswith(beginning)]
        if not found or (beginning and len(found) != 1):
            raise NotFoundError(
                N_("No single snapshot of sopti has this id"),
                on=beginning or repository.address,
                expected=N_("the beginning of one snapshot's id, or nothing for the newest"),
                found=str(len(found)),
                next="sopti self restore --help",
            )
        progress(repository.address, N_("fetching and comparing"))
        repository.fetch(found[-1].id, room)
        return found[-1], place.put(room)


def resume(acts: Acts, *, person: str, words: Words, note: str = "", accept_loss: bool = False) -> Waiting:
    """Make the statement that proposes to go on with a copy that was put back; another person confirms it.

    Args:
        acts: The court's acts.
        person: Who proposes.
        words: The proposer's language.
        note: A checkpoint brought from elsewhere (a recap, a witness), besides those on the shares.
        accept_loss: Go on although later events were seen elsewhere: they are lost for good.

    Raises:
        UsageError: Nothing waits for this, or the note is no checkpoint of this ledger.
        RefusedError: There is nothing to compare with, or the copy is older than what left the machine.
    """
    books = acts.books
    court = books.court()
    if not books.outside_reasons(court):
        raise UsageError(
            N_("This ledger was not put back from a copy; there is nothing to go on with"),
            on=court.origin,
            next="sopti doctor",
        )
    end = court.restorations.ends(court.size)
    seen = _newest(books, court, note)
    lost = seen.size - end
    if lost > 0 and not accept_loss:
        reason = Reason(
            "copy_behind",
            N_("A checkpoint over {seen} events left the machine; this copy ends after {size}: {lost} are missing"),
            {"seen": seen.size, "size": end, "lost": lost},
        )
        raise RefusedError(
            N_("This copy is older than what left the machine"),
            on=court.origin,
            next=N_("put the newest copy back instead; only when there is none: sopti self resume --accept-loss"),
            reasons=(reason,),
        )
    content = {"size": end, "seen_size": seen.size, "seen_root": seen.root.hex()}
    reasons = books.restoration_reasons(court, content)
    if reasons:
        raise RefusedError(
            N_("This copy does not belong to what left the machine"),
            on=court.origin,
            next=restoration.RUNBOOK,
            reasons=reasons,
        )
    return propose(acts, restoration.KIND, content, person=person, words=words)


def _newest(books: Books, court: Court, note: str) -> Checkpoint:
    """Give the newest checkpoint that somebody outside has, as far as it can be seen from here."""
    found = [one for one in (newest_sent(books.sinks, court), _brought(court, note)) if one]
    if not found:
        reason = Reason("nothing_to_compare", N_("No checkpoint from outside can be seen"))
        raise RefusedError(
            N_("There is nothing to compare this copy with"),
            on=court.origin,
            expected=N_("the share with the checkpoints, or the newest one from a recap or a witness"),
            next=N_("mount the share, or bring the checkpoint: sopti self resume --checkpoint FILE"),
            reasons=(reason,),
        )
    return max(found, key=lambda one: one.size)


def _brought(court: Court, note: str) -> Checkpoint | None:
    if not note:
        return None
    try:
        brought = open_checkpoint(note, [parse_vkey(court.vkey)])[0]
        if brought.origin != court.origin:
            raise NoteError(f"it speaks of {brought.origin}")
    except NoteError as error:
        raise UsageError(
            N_("This is no checkpoint of this ledger"),
            on="--checkpoint",
            expected=N_("a note signed by the ledger's own key, as shares and recaps keep it"),
            found=str(error),
            next="sopti self resume --help",
        ) from error
    return brought
