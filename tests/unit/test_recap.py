"""What a month's events count for: built from events, checked against what was put in."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from sopti_runner.adapters import sop_data
from sopti_runner.adapters.holidays_package import proposal
from sopti_runner.domain.derived import FLOW
from sopti_runner.domain.ledger.event import SYSTEM, Actor, BlobRef, Event
from sopti_runner.domain.period import Period, Zone
from sopti_runner.domain.policy import Policy
from sopti_runner.domain.recap import Around
from sopti_runner.domain.recap_judgement import StatusWord, points_of, status_of
from sopti_runner.domain.recap_tally import recap_of

NOVEMBER = Period(2026, 11)
NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)
OPERATOR = Actor("p-operator", "operator:definitive", "SHA256:x")


class Log:
    """Events in order, made by hand."""

    def __init__(self, zone=Zone.JAKARTA):
        self.events = []
        genesis = {"vkey": "v", "zone": zone.value, "sop": sop_data.load("banding").to_data(), "persons": []}
        self.add(
            "court.created", "court", datetime(2026, 1, 2, 3, tzinfo=UTC), genesis | {"policy": Policy().to_data()}
        )
        for year in (2026, 2027):
            at = datetime(2026, 1, 2, 4, tzinfo=UTC)
            content = {"year": proposal(year).to_data()}
            adopted = self.add("governance.proposed", f"c{year}", at, {"kind": "calendar", "content": content})
            self.add("governance.confirmed", adopted, at, {})

    def add(self, kind, subject, at, data=None, actor=OPERATOR, blobs=()):
        seq = len(self.events)
        ident = f"e{seq}"
        event = Event("log", seq, b"", ident, at, "b", seq, kind, subject, actor, data or {}, tuple(blobs), b"", b"")
        self.events.append(event)
        return ident

    def request(self, number, at, due="2026-11-27"):
        year = at.astimezone(Zone.JAKARTA.tz).year
        data = {"number": number, "year": year, "kind": "service_request", "category": "network"}
        data["due"] = dict.fromkeys(FLOW, due)
        return self.add("request.registered", f"r{number}", at, data)

    def act(self, number, name, at, data=None, actor=OPERATOR):
        return self.add(f"request.{name}", f"r{number}", at, data, actor)

    def approved(self, number, at, **data):
        for name in ("disposed", "examined", "classified", "verified", "prioritised"):
            self.act(number, name, at, {"change_type": "normal"} if name == "classified" else {})
        plan = {"plan": "p", "playbook": "x", "sealed": "s", "hosts": ["a", "b"], "counts": {"failed": 0}}
        self.add("request.planned", f"r{number}", at, plan, blobs=[BlobRef("plan", b"d", 1)])
        self.act(number, "considered", at, {"plan": "p", "advice": "approve"})
        until = (at + timedelta(days=7)).isoformat()
        window = {
            "not_before": at.isoformat(),
            "expires": until,
            "plan": "p",
            "hosts": ["a", "b"],
            "proof": {"key": "k"},
        }
        return self.act(number, "approved", at, window | data)

    def run(self, number, at, outcome, hosts, **data):
        approval = self.approved(number, at, **data)
        started = {"approval": approval, "plan": "p", "hosts": list(hosts)}
        run = self.add("run.started", f"r{number}", at, started)
        for host, left in hosts.items():
            for ordinal in range(3):
                kind = "changed" if left == "changed" and ordinal else "ok"
                self.add("task.finished", f"r{number}", at, {"run": run, "host": host, "kind": kind}, SYSTEM)
        self.add("run.finished", f"r{number}", at, {"run": run, "outcome": outcome, "hosts": hosts}, SYSTEM)

    def page(self, period=NOVEMBER, now=NOW, around=None):
        return recap_of(self.events, period, now, around or Around())


def day(number, hour=3, month=11):
    return datetime(2026, month, number, hour, tzinfo=UTC)


def test_month_without_events_is_all_zero_and_still_needs_attention():
    page = Log().page()
    assert (page.received.value, page.finished.value, page.open.value, page.refusals.value) == (0, 0, 0, 0)
    assert status_of(page) is StatusWord.ATTENTION
    assert [m.received for m in page.history] == [0] * 6


def test_requests_are_counted_in_the_month_of_the_courts_zone():
    log = Log(Zone.JAYAPURA)
    log.request(1, datetime(2026, 11, 30, 14, 59, tzinfo=UTC))
    log.request(2, datetime(2026, 11, 30, 15, 0, tzinfo=UTC))
    assert log.page().received.events == (5,)
    assert log.page(Period(2026, 12)).received.events == (6,)


def test_request_finished_in_time_and_late_are_told_apart():
    log = Log()
    for number, done in ((1, day(26)), (2, day(28))):
        log.request(number, day(23))
        log.run(number, done, "done", {"a": "changed", "b": "unchanged"})
    page = log.page()
    assert (page.finished.value, page.on_time.value) == (2, 1)
    assert log.events[page.on_time.events[0]].subject == "r1"


def test_finished_on_the_due_day_late_at_night_is_in_time_by_the_courts_clock():
    log = Log()
    log.request(1, day(23))
    log.run(1, datetime(2026, 11, 27, 16, 59, tzinfo=UTC), "done", {"a": "changed"})
    log.request(2, day(23))
    log.run(2, datetime(2026, 11, 27, 17, 1, tzinfo=UTC), "done", {"a": "changed"})
    assert log.page().on_time.value == 1


def test_hosts_tell_changed_tasks_and_how_runs_ended():
    log = Log()
    log.request(1, day(23))
    log.run(1, day(24), "partial", {"a": "changed", "b": "unreachable"})
    page = log.page()
    rows = {row.host: (row.tasks_changed.value, row.good.value, row.failed.value) for row in page.hosts}
    assert rows == {"a": (2, 1, 0), "b": (0, 0, 1)}
    assert page.unreached == ("b",)
    assert (page.runs_good.value, page.runs_bad.value) == (0, 1)


def test_partial_change_that_nothing_followed_is_critical():
    log = Log()
    log.request(1, day(23))
    log.run(1, day(24), "interrupted", {"a": "unknown"})
    assert log.page().unsettled == ("REG-2026-0001",)
    assert status_of(log.page()) is StatusWord.CRITICAL


def test_ledger_that_does_not_verify_is_critical_and_comes_first():
    page = Log().page(around=Around(verified=False))
    assert status_of(page) is StatusWord.CRITICAL
    assert points_of(page)[0].critical


def test_what_is_not_measured_is_listed_and_a_month_without_a_restore_drill_is_never_safe():
    page = replace(Log().page(), unconfirmed=())
    assert [point.what.partition(";")[0] for point in points_of(page)] == ["No restore drill is recorded"]
    assert status_of(page) is StatusWord.ATTENTION
    assert [text.partition(":")[0] for text in page.not_checked][:2] == [
        "Backups and restore drills (D7)",
        "Availability of the main services",
    ]


def test_interrupted_run_needs_attention_even_when_a_good_run_followed():
    log = Log()
    log.request(1, day(23))
    log.run(1, day(24), "interrupted", {"a": "unknown"})
    seq = log.events[-1].seq
    log.run(1, day(25), "done", {"a": "changed"})
    page = log.page()
    assert (page.unsettled, page.unclear.events, page.unclear_requests) == ((), (seq,), ("REG-2026-0001",))
    assert any(p.what.startswith("Runs that were interrupted") for p in points_of(page))


def test_run_without_a_recorded_end_needs_attention():
    log = Log()
    log.request(1, day(23))
    approval = log.approved(1, day(24))
    log.add("run.started", "r1", day(24), {"approval": approval, "plan": "p", "hosts": ["a"]})
    assert log.page().unclear.events == (log.events[-1].seq,)


def test_month_that_goes_on_names_the_last_day_counted_by_the_courts_clock():
    log = Log(Zone.JAYAPURA)
    during = log.page(now=datetime(2026, 11, 21, 15, 30, tzinfo=UTC))
    assert during.counted_to == date(2026, 11, 22)
    assert json.loads(during.encode())["counted_to"] == "2026-11-22"
    assert log.page(now=datetime(2026, 11, 30, 14, 59, tzinfo=UTC)).counted_to == date(2026, 11, 30)
    assert log.page(now=datetime(2026, 11, 30, 15, 0, tzinfo=UTC)).counted_to is None


def test_attempt_that_was_refused_is_no_attested_or_paper_act():
    log = Log()
    log.request(1, day(23))
    for kind in ("attested", "paper"):
        log.add("gate.refused", "r1", day(24), {"reasons": ["wrong_state"]}, Actor("p-x", "secretary:plh", kind))
    page = log.page()
    assert (page.attested.value, page.paper.value, page.refusals.value) == (0, 0, 2)


def test_refusals_are_counted_once_and_named_by_every_reason():
    log = Log()
    log.add("gate.refused", "r1", day(5), {"reasons": ["drift", "drift", "approval_expired"]})
    log.add("gate.refused", "r1", day(6), {"reasons": ["drift"]})
    page = log.page()
    assert page.refusals.value == 2
    assert {code: f.value for code, f in page.refusals_by_reason.items()} == {"approval_expired": 1, "drift": 2}


def test_attested_paper_and_waived_acts_are_counted():
    log = Log()
    log.request(1, day(23))
    log.act(1, "disposed", day(23), {}, Actor("p-x", "secretary:plh", "attested"))
    log.act(1, "rejected", day(24), {}, Actor("p-x", "secretary:plh", "paper"))
    log.request(2, day(23))
    log.approved(2, day(24), waived=["adviser_approves"])
    page = log.page()
    assert (page.attested.value, page.paper.value, page.waivers.value) == (1, 1, 1)


def test_request_waiting_past_its_time_is_overdue_by_its_first_step():
    log = Log()
    log.request(1, day(2), "2026-11-04")
    log.act(1, "disposed", day(2))
    late = log.page().overdue
    assert [(o.number, o.step, o.due, o.days) for o in late] == [("REG-2026-0001", "B3", date(2026, 11, 4), 18)]


@pytest.mark.parametrize("ended", ["rejected", "withdrawn", "returned"])
def test_request_that_waits_for_nobody_here_is_not_overdue(ended):
    log = Log()
    log.request(1, day(2), "2026-11-04")
    log.act(1, ended, day(3))
    assert log.page().overdue == ()


def test_resubmitted_request_starts_its_steps_again():
    log = Log()
    log.request(1, day(2), "2026-11-04")
    log.act(1, "disposed", day(2))
    log.act(1, "returned", day(3))
    log.act(1, "resubmitted", day(9), {"due": dict.fromkeys(FLOW, "2026-11-27")})
    assert [(o.step, o.days) for o in log.page().overdue] == [("B2", 1)]


def test_request_without_technical_change_waits_for_approval_and_work_only():
    log = Log()
    log.request(1, day(2), "2026-11-04")
    log.act(1, "triaged", day(2), {"change_type": "none"})
    assert [o.step for o in log.page().overdue] == ["B8"]
    log.act(1, "granted", day(5))
    log.act(1, "fulfilled", day(5))
    assert log.page().overdue == ()
    assert log.page().finished.value == 1


def test_recap_made_later_shows_the_month_as_it_ended():
    log = Log()
    log.request(1, day(23))
    then = log.page()
    log.act(1, "withdrawn", day(3, month=12))
    log.request(2, day(4, month=12))
    now = log.page(now=datetime(2027, 2, 1, tzinfo=UTC))
    assert then.open_by_state == now.open_by_state
    assert then.received == now.received
    assert now.last_seq == 5


def test_earlier_month_stands_beside_the_figures():
    log = Log()
    log.request(1, day(5, month=10))
    log.run(1, day(6, month=10), "done", {"a": "changed"})
    log.request(2, day(23))
    page = log.page()
    assert (page.before["received"], page.before["finished"], page.received.value) == (1, 1, 1)
    assert [(m.received, m.finished) for m in page.history[-2:]] == [(1, 1), (1, 0)]


def test_every_figure_names_events_of_its_period():
    log = Log()
    log.request(1, day(5, month=10))
    log.request(2, day(23))
    log.run(2, day(24), "done", {"a": "changed"})
    log.add("gate.refused", "r1", day(25), {"reasons": ["drift"]})
    page = log.page()
    figures = [page.received, page.finished, page.runs_good, page.refusals, *(r.tasks_changed for r in page.hosts)]
    start, end = NOVEMBER.bounds(Zone.JAKARTA)
    for figure in figures:
        assert figure.value == len(figure.events) > 0
        assert all(start <= log.events[seq].time < end for seq in figure.events)


def test_data_file_is_canonical_json_without_floats():
    raw = Log().page().encode()
    assert not [n for n in _numbers(json.loads(raw)) if isinstance(n, float)]
    assert Log().page().encode() == raw


def test_next_dates_are_working_days():
    page = Log().page()
    assert page.next_close == date(2026, 12, 30)
    assert page.next_working_day == date(2026, 12, 2)
    assert page.warnings == ()


def test_year_not_adopted_is_a_point():
    log = Log()
    log.events = [e for e in log.events if e.subject != "c2027" and e.subject != "e3"]
    page = log.page(Period(2026, 12), datetime(2026, 12, 31, tzinfo=UTC))
    assert [w.year for w in page.warnings] == [2027]
    assert any("calendar" in p.what for p in points_of(page))


def _numbers(value):
    if isinstance(value, dict):
        return [n for v in value.values() for n in _numbers(v)]
    if isinstance(value, list):
        return [n for v in value for n in _numbers(v)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []
