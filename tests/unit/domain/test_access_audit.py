"""The audit asks of certificates what they were issued for: only a run that goes on gets those of a run."""

from datetime import timedelta

import pytest

from sopti_runner.domain.authority_audit import AuthorityAudit
from sopti_runner.domain.ids import uuid7
from sopti_runner.domain.ledger.encoding import place
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from tests.unit.domain.desk import Desk

OWN = uuid7(Desk().clock.time, b"own errand")


@pytest.fixture(scope="module")
def told():
    """The events of a court with one run, from its founding to the run's end."""
    desk = Desk()
    request = desk.request("apply")
    return request, list(desk.ledger.kept)


def defects(told, last, **changes):
    """Give what the audit says of certificates that are issued right after the event of type ``last``."""
    request, kept = told
    started = next(n for n, event in enumerate(kept) if event.type == "run.started")
    upto = next(n for n, event in enumerate(kept) if event.type == last and n >= started) + 1
    audit = AuthorityAudit()
    assert [defect for event in kept[:upto] for defect in audit.see(event)] == []
    run, now = kept[started], kept[upto - 1].time
    data = {
        "number": audit.court.requests[request].number,
        "purpose": "run",
        "errand": run.id,
        "key": "SHA256:key",
        "first": now.isoformat(),
        "last": (now + timedelta(hours=1)).isoformat(),
        "certificates": [{"host": "web1", "serial": 1}],
        **changes,
    }
    made = Draft(OWN, "access.certified", request, SYSTEM, data)
    end = kept[upto - 1]
    where = {"log": end.log, "seq": upto, "prev": end.leaf, "time": now, "boot": end.boot, "mono": end.mono}
    return [defect.found.partition(":")[0] for defect in audit.see(place(made, **where))]


def test_certificate_of_a_run_that_goes_on_is_lawful(told):
    assert defects(told, "run.started") == []


def test_certificate_of_a_look_is_lawful_at_any_time(told):
    for last in ("run.started", "run.finished"):
        assert defects(told, last, purpose="read", errand=OWN) == []


@pytest.mark.parametrize(
    ("last", "changes", "code"),
    [
        ("run.finished", {}, "certificate_without_run"),
        ("run.started", {"errand": OWN}, "certificate_without_run"),
        ("run.started", {"certificates": [{"host": "web9", "serial": 1}]}, "certificate_without_run"),
        ("run.started", {"number": "REG-2026-9999"}, "event_differs"),
        ("run.started", {"purpose": "read"}, "event_differs"),
        ("run.started", {"purpose": "session", "person": "somebody-else"}, "event_differs"),
        ("run.finished", {"purpose": "session", "person": "op"}, "certificate_without_run"),
        ("run.started", {"certificates": [{"host": "web1", "serial": 1}] * 2}, "does_not_fold"),
    ],
)
def test_certificate_that_nothing_stands_behind_is_named(told, last, changes, code):
    assert defects(told, last, **changes) == [code]


def sessions(told, **changes):
    """Give what the audit says of work by hand that is recorded in the run, after its person was let in."""
    request, kept = told
    started = next(n for n, event in enumerate(kept) if event.type == "run.started")
    audit = AuthorityAudit()
    for event in kept[: started + 1]:
        audit.see(event)
    run, now = kept[started], kept[started].time
    certified = {
        "number": audit.court.requests[request].number,
        "purpose": "session",
        "errand": run.id,
        "key": "SHA256:key",
        "first": now.isoformat(),
        "last": (now + timedelta(hours=1)).isoformat(),
        "certificates": [{"host": "web1", "serial": 1}],
        "person": run.actor.person,
    }
    recorded = {
        **{"run": run.id, "host": "web1", "person": run.actor.person, "began": now.isoformat()},
        **{"ended": now.isoformat(), "end": "left", "exit": 0, "recording": "", "bytes": 0},
        **{"changed": 0, "unexpected": 0},
        **changes,
    }
    found, before = [], run
    for n, (kind, data) in enumerate({"access.certified": certified, "session.recorded": recorded}.items()):
        made = Draft(uuid7(now, bytes([n]) * 10), kind, request, SYSTEM, data)
        where = {"log": run.log, "seq": started + 1 + n, "prev": before.leaf, "boot": run.boot, "mono": run.mono}
        before = place(made, time=now, **where)
        found += [defect.found.partition(":")[0] for defect in audit.see(before)]
    return found


def test_session_of_a_run_and_its_person_is_lawful(told):
    assert sessions(told) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"run": OWN}, "run_unknown"),
        ({"person": "somebody-else"}, "event_differs"),
        ({"host": "web2"}, "event_differs"),
        ({"end": "vanished"}, "does_not_fold"),
    ],
)
def test_session_that_nobody_was_let_in_for_is_named(told, changes, code):
    assert sessions(told, **changes) == [code]
