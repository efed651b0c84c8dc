"""The recovery kit: made, recorded with its two holders, and judged by the doctor ever after."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sopti_runner.domain.check import Check
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.recovery_kit import HOLDERS, MADE, HeldKit, RecoveryKit, held_kit
from sopti_runner.errors import N_, UsageError
from sopti_runner.services.books import Books


def make_kit(
    books: Books,
    holders: Sequence[str],
    *,
    repository: str,
    password: tuple[str, str],
    release: str,
    keep: Callable[[RecoveryKit], None],
) -> RecoveryKit:
    """Make the kit of now, have it kept as a document, and record it.

    Args:
        books: The court's books.
        holders: Ids of the persons who will each hold a sealed copy.
        repository: Where the backups are.
        password: What opens them, and its id.
        release: Version of sopti.
        keep: Makes and keeps the document; nothing is recorded when it fails.

    Raises:
        UsageError: They are not two persons in office.
    """
    court, at = books.require_current(), books.now()
    today = court.today(at.time)
    without = [p for p in holders if not court.register.offices_of(p, at.time, today)]
    if len(set(holders)) != HOLDERS or len(holders) != HOLDERS or without:
        raise UsageError(
            N_("A recovery kit is held by two different persons in office"),
            on=", ".join(books.name(court, p) for p in without or holders),
            expected="--holder A --holder B",
            next="sopti office list",
        )
    note, _unprotected = books.checkpoint()
    authorities = court.access.in_use
    kit = RecoveryKit(
        letterhead=tuple(books.text(court.name).split("\n")),
        holders={person: books.name(court, person) for person in holders},
        repository=repository,
        password=password[0],
        password_id=password[1],
        log=court.origin,
        vkey=court.vkey,
        authority=authorities[0].fingerprint if authorities else "",
        checkpoint=note,
        release=release,
        zone=court.zone,
        made_at=at.time,
    )
    keep(kit)
    books.tell([Draft(books.new_id(at), MADE, court.origin, SYSTEM, kit.record())])
    books.protect()
    return kit


def newest_kit(books: Books) -> HeldKit | None:
    """Give what the ledger tells of the newest kit, or None."""
    made = [held_kit(event) for event in books.store.events(types=[MADE])]
    return made[-1] if made else None


def kit_check(books: Books, repository: str, password_id: str) -> Check:
    """Judge whether the newest kit still serves.

    Args:
        books: The court's books.
        repository: Address of the backups, or empty: without backups there is nothing to recover.
        password_id: Of the password that opens them now, or empty when it can't be read here.
    """
    name, again = N_("Recovery kit"), N_("sopti self kit --holder PERSON --holder PERSON")
    kit = newest_kit(books)
    if not repository:
        return Check(name, "warning", N_("none: nothing is backed up"), "sopti self backup --help")
    if kit is None:
        return Check(name, "warning", N_("never made: without it nobody can open the backups"), again)
    court, at = books.court(), books.now()
    gone = [p for p in kit.holders if not court.register.offices_of(p, at.time, court.today(at.time))]
    if gone:
        names = ", ".join(books.name(court, p) for p in gone)
        return Check(name, "warning", N_("{names} no longer holds an office"), again, {"names": names})
    if password_id and kit.password != password_id:
        return Check(name, "fault", N_("its password is not the one of the backups"), again)
    newest = court.access.in_use
    if newest and kit.authority != newest[0].fingerprint:
        return Check(name, "warning", N_("the certificate authority has changed since"), again)
    held = ", ".join(books.name(court, p) for p in kit.holders)
    return Check(name, "ok", N_("held by {names}"), "", {"names": held})
