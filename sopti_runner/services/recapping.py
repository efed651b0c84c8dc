"""Recapping: the month on one page, counted from the events that trace reads (SOP C9)."""

from __future__ import annotations

from sopti_runner.domain.period import Period
from sopti_runner.domain.recap import Around, RecapPage
from sopti_runner.domain.recap_tally import recap_of
from sopti_runner.errors import N_, UsageError
from sopti_runner.services.books import Books


def recap_month(books: Books, text: str, *, verified: bool | None = None) -> RecapPage:
    """Give the recap page of a month.

    Args:
        books: The court's books.
        text: ``YYYY-MM``.
        verified: What a verification just said of the ledger, or None when there was none.

    Raises:
        UsageError: It is no month, or it is still to come.
    """
    period, court, at = Period.parse(text), books.court(), books.now()
    today = court.today(at.time)
    if (period.year, period.month) > (today.year, today.month):
        raise UsageError(N_("This month is still to come"), on=text, expected=f"{today.year}-{today.month:02d}")
    notes = books.store.checkpoints()
    events, seconds = books.exposure(court)
    around = Around(
        letterhead=tuple(books.text(court.name).split("\n")),
        place=books.text(court.place),
        checkpoint=notes[-1][1] if notes else "",
        exposure_events=events,
        exposure_seconds=seconds,
        verified=verified,
    )
    return recap_of(books.store.events(), period, at.time, around)
