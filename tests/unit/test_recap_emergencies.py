"""Recaps name every emergency act that nobody answered for in time, whatever month it was done in, and for good."""

from datetime import timedelta

import pytest

from sopti_runner.adapters.render.recap import view
from sopti_runner.adapters.words_gettext import GettextWords
from sopti_runner.domain.console import ACCOUNT
from sopti_runner.domain.emergency import Verdict
from sopti_runner.domain.login import Login
from sopti_runner.domain.period import Period
from sopti_runner.domain.recap import Around
from sopti_runner.domain.recap_judgement import points_of
from sopti_runner.domain.recap_tally import recap_of
from sopti_runner.services.console import note_uses
from tests.unit.domain.desk import Desk

NOVEMBER = Period(2026, 11)


@pytest.fixture
def desk():
    return Desk()


def recap(desk, months=0):
    """Give the recap of November, or of a later month, made on the second day of the month after."""
    period = NOVEMBER.back(-months)
    return recap_of(desk.ledger.kept, period, period.bounds(desk.court().zone)[1] + timedelta(days=1), Around())


def told(page):
    return [(u.verdict, u.late) for u in page.unanswered]


def waiting_points(page):
    return [p for p in points_of(page) if "wait for ratification" in p.what]


def test_emergency_that_waits_is_an_exception_and_a_point(desk):
    desk.emergency("apply", desk.decree())
    page = recap(desk)
    assert page.emergencies.value == 1
    assert told(page) == [(Verdict.WAITING, 4)]
    assert len(waiting_points(page)) == 1


def test_emergency_ratified_in_time_is_counted_and_is_no_exception(desk):
    request = desk.emergency("apply", desk.decree())
    desk.do("ratify", "sec", request)
    page = recap(desk)
    assert (page.emergencies.value, page.unanswered, waiting_points(page)) == (1, (), [])
    assert (page.received.value, page.finished.value) == (1, 1)


@pytest.mark.parametrize("months", [0, 1, 6])
def test_late_and_refused_ratifications_stay_in_every_recap(desk, months):
    decree = desk.decree()
    first, second = desk.emergency("apply", decree), desk.emergency("apply", decree)
    desk.clock.run(days=2)
    desk.do("ratify", "sec", first)
    desk.do("refuse", "sec", second)
    page = recap(desk, months)
    assert told(page) == [(Verdict.RATIFIED, 1), (Verdict.REFUSED, 1)]
    assert page.emergencies.value == (0 if months else 2)
    assert waiting_points(page) == []
    exceptions = page.to_data()["emergencies"]["exceptions"]
    assert [(e["number"], e["verdict"], e["days_late"]) for e in exceptions] == [
        ("REG-2026-0001", "ratified", 1),
        ("REG-2026-0002", "refused", 1),
    ]


def test_emergency_still_waiting_at_the_end_of_its_month_is_told_so_also_when_it_was_ratified_later(desk):
    request = desk.emergency("apply", desk.decree(last="2026-12-20"))
    desk.clock.run(days=9)
    desk.do("ratify", "sec", request)
    assert told(recap(desk)) == [(Verdict.WAITING, 4)]
    assert told(recap(desk, 1)) == [(Verdict.RATIFIED, 6)]


def test_act_by_hand_is_counted_and_says_that_no_decree_covered_it(desk):
    done_at = (desk.clock.time - timedelta(hours=1)).isoformat()
    desk.do("record", "op", done_at=done_at)
    page = recap(desk)
    assert (page.emergencies.value, page.received.value, page.finished.value) == (1, 1, 1)
    assert [u.decree for u in page.unanswered] == [False]


def test_partial_emergency_is_unsettled_until_something_follows(desk):
    desk.hosts.ends = "partial"
    desk.emergency("apply", desk.decree())
    assert recap(desk).unsettled == ("REG-2026-0001",)


def test_page_names_the_exceptions_in_words(desk):
    desk.emergency("apply", desk.decree())
    desk.do("record", "op", done_at=(desk.clock.time - timedelta(hours=48)).isoformat())
    lines = view(recap(desk), GettextWords("id"))["exceptions"]
    assert lines[0] == "REG-2026-0001 tanggal 23 November 2026: menunggu persetujuan susulan, terlambat 4 hari kerja"
    assert lines[1].endswith(", tanpa surat keputusan")


def test_use_of_a_sealed_console_is_named_until_somebody_tells_what_it_was_for(desk):
    use = Login(desk.clock.now().time - timedelta(minutes=1), ACCOUNT, "console")
    (noted,) = note_uses(desk.books, "web1", [use])
    page = recap(desk)
    assert told(page) == [(Verdict.WAITING, 4)]
    assert [u.console for u in page.unanswered] == ["web1"]
    assert "web1" in str(waiting_points(page)[0].fields)
    assert "Konsol web1" in str(view(page, GettextWords("id")))
    request = desk.do("record", "op", done_at=noted.at.isoformat(), hosts=["web1"], evidence=noted.digest).subject
    assert [u.number for u in recap(desk).unanswered] == [desk.court().requests[request].number]
