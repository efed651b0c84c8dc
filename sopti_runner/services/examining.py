"""Examining the installation itself: what an operator must know before trusting it today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from sopti_runner.domain.check import Check
from sopti_runner.domain.restoration import waiting_reason
from sopti_runner.errors import N_, SoptiError
from sopti_runner.services.books import Books
from sopti_runner.services.console import console_check
from sopti_runner.services.ledger_care import unfinished_erasures
from sopti_runner.services.self_backup import backup_check
from sopti_runner.services.self_kit import kit_check


def examine(books: Books, repository: str = "", password_id: str = "") -> list[Check]:
    """Look at the ledger and what it tells, one check a subject; an unreadable ledger ends the list as a fault.

    Args:
        books: The court's books.
        repository: Address of sopti's own backups, or empty.
        password_id: Of their password, or empty when it can't be read here.
    """
    looks: Sequence[Callable[[Books], Check]] = (
        _ledger,
        _clock,
        _protection,
        partial(backup_check, repository=repository),
        partial(kit_check, repository=repository, password_id=password_id),
        _calendar,
        _sop,
        _runs,
        _erasures,
        _access,
        console_check,
        _key,
    )
    found = []
    for look in looks:
        try:
            found.append(look(books))
        except SoptiError as error:
            found.append(Check(N_("Ledger"), "fault", str(error), error.next))
            break
    return found


def _ledger(books: Books) -> Check:
    head, court = books.store.head(), books.court()
    if books.waits(court):
        reason = waiting_reason(head.size)
        return Check(N_("Ledger"), "fault", reason.text, "sopti self resume", reason.fields)
    return Check(N_("Ledger"), "ok", N_("{size} events"), "", {"size": head.size})


def _key(books: Books) -> Check:
    if books.signer.vkey != books.court().vkey:
        return Check(
            N_("Key of the ledger"), "fault", N_("not the key that the ledger names"), "docs/runbooks/machine-lost.md"
        )
    return Check(N_("Key of the ledger"), "ok", N_("the one that the ledger names"))


def _clock(books: Books) -> Check:
    reasons = books.clock_reasons(books.court(), books.now())
    if reasons:
        return Check(N_("Clock"), "fault", reasons[0].text, "sopti ledger clock-correct", reasons[0].fields)
    return Check(N_("Clock"), "ok", N_("agrees with the ledger"))


def _protection(books: Books) -> Check:
    if not books.sinks:
        return Check(
            N_("Checkpoints"),
            "warning",
            N_("no off-box place is set: nobody outside can tell what was not changed"),
            N_("set sinks in /etc/sopti/sopti.toml"),
        )
    court = books.court()
    other = books.outside_reasons(court)
    if other:
        return Check(N_("Checkpoints"), "fault", other[0].text, "docs/runbooks/restore-old-ledger.md", other[0].fields)
    events, seconds = books.exposure(court)
    fields = {"events": events, "minutes": seconds // 60}
    verdict = "warning" if seconds > 2 * 24 * 3600 else "ok"
    return Check(
        N_("Checkpoints"),
        verdict,
        N_("{events} events, {minutes} minutes not yet protected off this machine"),
        "sopti ledger checkpoint" if verdict == "warning" else "",
        fields,
    )


def _calendar(books: Books) -> Check:
    court = books.court()
    today = court.today(books.now().time)
    doubts = court.calendar.doubts(today, today)
    if doubts:
        return Check(
            N_("Calendar"), "warning", doubts[0].text, doubts[0].next, {"year": today.year, "next": doubts[0].next}
        )
    return Check(N_("Calendar"), "ok", N_("the year {year} is adopted"), "", {"year": today.year})


def _sop(books: Books) -> Check:
    court = books.court()
    open_steps = court.sop.unconfirmed if court.sop else ()
    if open_steps:
        return Check(
            N_("SOP"),
            "warning",
            N_("{count} of 29 executors are inferred and not confirmed by the court"),
            "sopti office step STEP OFFICE",
            {"count": len(open_steps)},
        )
    return Check(N_("SOP"), "ok", N_("all executors are confirmed"))


def _access(books: Books) -> Check:
    access = books.court().access
    if not access.in_use:
        return Check(
            N_("Ways into hosts"),
            "warning",
            N_("no certificate authority yet: a standing key opens every host"),
            "sopti access init",
        )
    weaker = access.weaker(access.ways)
    if weaker or not access.ways:
        return Check(
            N_("Ways into hosts"),
            "warning",
            N_("{count} hosts tried, of which a standing key opens {weaker}"),
            "sopti access show",
            {"count": len(access.ways), "weaker": len(weaker)},
        )
    return Check(
        N_("Ways into hosts"), "ok", N_("{count} hosts take certificates alone"), "", {"count": len(access.ways)}
    )


def _runs(books: Books) -> Check:
    running = [r for r in books.court().runs.values() if r.outcome == "running"]
    if running:
        return Check(
            N_("Runs"),
            "warning",
            N_("{count} runs are going on, or ended without saying how"),
            "sopti run list",
            {"count": len(running)},
        )
    return Check(N_("Runs"), "ok", N_("none is going on"))


def _erasures(books: Books) -> Check:
    waiting = unfinished_erasures(books)
    if waiting:
        return Check(
            N_("Erasures"),
            "fault",
            N_("{count} texts that two officials agreed to erase are still here"),
            "sopti ledger checkpoint",
            {"count": len(waiting)},
        )
    return Check(N_("Erasures"), "ok", N_("what was agreed is carried out"))
