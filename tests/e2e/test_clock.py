"""A clock that was set: everything is refused and recorded, until two officials say that it is right."""

from datetime import timedelta
from functools import cached_property

import pytest

from sopti_runner.adapters.clock_system import SystemClock
from sopti_runner.bootstrap import House
from sopti_runner.domain.time_rules import Instant
from sopti_runner.errors import RefusedError
from sopti_runner.services import governing
from sopti_runner.settings import Settings
from tests.e2e.desk import Desk


class SetClock:
    """The machine's clock, its wall hands moved."""

    def __init__(self, moved: timedelta) -> None:
        self._real, self.moved = SystemClock(), moved

    def now(self) -> Instant:
        real = self._real.now()
        return Instant(real.time + self.moved, real.boot, real.mono)


class HouseAt(House):
    """A house whose machine shows another time."""

    moved = timedelta()

    @cached_property
    def clock(self) -> SetClock:
        return SetClock(self.moved)


def house_at(desk: Desk, **moved: float) -> HouseAt:
    environment = desk.environment()
    house = HouseAt(Settings.load(environment, lambda _name: b""), environment, "en")
    house.moved = timedelta(**moved)
    return house


def register(house: House, person: str, key: str):
    data = {"kind": "service_request", "category": "computer", "urgency": "medium", "personal_data": "no"}
    texts = {"description": "Printer rusak", "unit": "PTSP"}
    waiting = house.acts.prepare("register", person=person, subjects=[], data=data, texts=texts)
    return house.acts.sign(waiting, house.signer(key))


def owner(house: House, desk: Desk, who: str) -> str:
    return house.books.court().register.owner(house.signer(str(desk.key(who))).fingerprint).id


@pytest.mark.parametrize(("moved", "reason"), [({}, "clock_back"), ({"days": 3}, "clock_jump")], ids=["back", "ahead"])
def test_clock_that_was_set_refuses_until_two_officials_correct_it(desk: Desk, moved, reason):
    house, key = house_at(desk, **moved), str(desk.key("budi"))
    budi, sari = owner(house, desk, "budi"), owner(house, desk, "sari")
    if reason == "clock_back":  # it went three hours ahead first, which nobody can tell from a pause
        house.clock.moved = timedelta(hours=3)
        register(house, budi, key)
        house.clock.moved = timedelta()
    before = desk.counts()
    with pytest.raises(RefusedError) as refused:
        register(house, budi, key)
    assert [r.code for r in refused.value.reasons] == [reason]
    assert desk.counts() - before == {"gate.refused": 1}
    assert desk.refusals()[-1] == [reason]
    assert [c.verdict for c in house.checks() if c.name == "Clock"] == ["fault"]

    with pytest.raises(RefusedError):  # refused once does not make it true
        register(house, budi, key)
    house.acts.sign(governing.propose(house.acts, "clock", {}, person=budi, words=house.words), house.signer(key))
    with pytest.raises(RefusedError):  # one signature is not enough
        register(house, budi, key)
    proposal = next(p.id for p in house.books.court().proposals.values() if not p.confirmed)
    waiting, _proposal = governing.confirm(house.acts, proposal, person=sari, words=house.words)
    house.acts.sign(waiting, house.signer(str(desk.key("sari"))))
    assert register(house, budi, key)[0].type == "request.registered"
    assert [c.verdict for c in house.checks() if c.name == "Clock"] == ["ok"]


def test_clock_corrected_through_the_command_line_needs_another_official(desk: Desk):
    proposal = desk.value("ledger", "clock-correct")["proposal"]
    said = desk.do("office", "confirm", proposal, "--json", who="budi", code=10)
    assert [r["code"] for r in said.error["reasons"]] == ["own_proposal"]
    desk.do("office", "confirm", proposal, who="sari")
    assert desk.counts()["clock.corrected"] == 1


def test_small_step_back_is_no_trouble(desk: Desk):
    house = house_at(desk, seconds=-3)
    before = desk.events()[-1].time
    event = register(house, owner(house, desk, "budi"), str(desk.key("budi")))[0]
    assert event.time >= before
