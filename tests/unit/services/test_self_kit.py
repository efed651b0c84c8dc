"""The recovery kit: two persons in office hold it, its record betrays nothing, and the doctor says when it is stale."""

import json

import pytest

from sopti_runner.domain.recovery_kit import RecoveryKit
from sopti_runner.errors import ReportError, UsageError
from sopti_runner.services.self_kit import kit_check, make_kit
from tests.unit.services.test_outside import SharedDesk

PASSWORD = "abcd-efgh-jkmn-pqrs-tuvw-xyz2-3456-789a"


@pytest.fixture
def desk():
    return SharedDesk()


def made(desk, *holders, password_id="1" * 16, keep=lambda kit: None):
    return make_kit(
        desk.books,
        [desk.id[name] for name in holders],
        repository="/mnt/cadangan/sopti",
        password=(PASSWORD, password_id),
        release="1.2.3",
        keep=keep,
    )


def check(desk, password_id="1" * 16, repository="/mnt/cadangan/sopti"):
    return kit_check(desk.books, repository, password_id)


def test_kit_is_recorded_with_its_holders_and_without_its_secret(desk):
    kept: list[RecoveryKit] = []
    kit = made(desk, "op", "sec", keep=kept.append)
    assert kept == [kit]
    (event,) = desk.ledger.events(types=["kit.made"])
    assert event.data["holders"] == [desk.id["op"], desk.id["sec"]]
    assert event.data["digest"] == kit.digest
    assert PASSWORD not in json.dumps(dict(event.data))
    assert PASSWORD not in event.body.decode()
    assert check(desk).verdict == "ok"


def test_kit_names_the_newest_checkpoint(desk):
    desk.do("register", "op")
    kit = made(desk, "op", "sec")
    assert kit.checkpoint.splitlines()[1] == str(desk.court().size - 1)


@pytest.mark.parametrize("holders", [("op",), ("op", "op"), ("op", "spare"), ("op", "sec", "head"), ()])
def test_kit_needs_two_persons_in_office(desk, holders):
    with pytest.raises(UsageError):
        made(desk, *holders)
    assert not list(desk.ledger.events(types=["kit.made"]))


def test_kit_that_could_not_be_written_is_not_recorded(desk):
    def fail(kit):
        raise ReportError("no room")

    with pytest.raises(ReportError):
        made(desk, "op", "sec", keep=fail)
    assert not list(desk.ledger.events(types=["kit.made"]))


def test_kits_of_two_passwords_differ_in_their_digest(desk):
    assert made(desk, "op", "sec").digest != made(desk, "op", "sec", password_id="2" * 16).digest


def test_doctor_says_when_there_is_none(desk):
    assert check(desk).verdict == "warning"
    assert check(desk, repository="").verdict == "warning"


def test_doctor_says_when_the_password_changed(desk):
    made(desk, "op", "sec")
    assert check(desk, password_id="2" * 16).verdict == "fault"
    assert check(desk, password_id="").verdict == "ok", "a password that can't be read here is no reason"


def test_doctor_says_when_a_holder_left_office(desk):
    made(desk, "op", "kabag")
    held = next(a for a in desk.court().register.appointments.values() if a.person == desk.id["kabag"])
    today = desk.court().today(desk.clock.time)
    desk.rule("end_appointment", by="op", confirmed_by="sec", appointment=held.id, last=today.isoformat())
    desk.clock.set_wall(days=2)
    found = check(desk)
    assert found.verdict == "warning"
    assert "kabag" in found.fields["names"]
