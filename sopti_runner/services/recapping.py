"""Recapping: the month's page, from the same folded court and events that trace reads (SOP C9)."""

from __future__ import annotations

from sopti_runner.domain.period import Period
from sopti_runner.errors import N_, UsageError
from sopti_runner.services.books import Books


def period_for(books: Books, text: str) -> Period:
    """Give the period a recap is asked for; UsageError when it is no month or still to come."""
    period = Period.parse(text)
    court = books.court()
    today = court.today(books.now().time)
    if (period.year, period.month) > (today.year, today.month):
        raise UsageError(N_("This month is still to come"), on=text, expected=f"{today.year}-{today.month:02d}")
    return period
