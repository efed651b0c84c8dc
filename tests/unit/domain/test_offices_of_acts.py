"""Each act's office in both presets, from the SOP's rows, and nobody else's."""

import pytest

from sopti_runner.domain.authority import offices_for
from sopti_runner.domain.request import ActName
from tests.unit.domain.desk import Desk

OP, HEAD, KABAG, SEC = "operator", "section_head", "division_head", "secretary"
BANDING = {
    "register": {OP},
    "dispose": {SEC},
    "examine": {HEAD},
    "classify": {OP},
    "verify": {HEAD},
    "prioritise": {HEAD},
    "plan": {OP},
    "consider": {KABAG},
    "approve": {SEC},
    "revoke": {SEC},
    "start": {OP},
    "cancel": {OP},
    "return": {SEC, HEAD, KABAG},
    "resubmit": {OP},
    "reject": {SEC},
    "withdraw": {OP},
    "triage": {OP},
    "grant": {SEC},
    "fulfil": {OP},
    "close": {OP},
    "declare": {OP},
    "record": {OP, HEAD},
    "ratify": {SEC},
    "refuse": {SEC},
}
FIRST_INSTANCE = {act: {HEAD if o == KABAG else o for o in offices} for act, offices in BANDING.items()}
DESKS = {"banding": Desk("banding"), "tingkat_pertama": Desk("tingkat_pertama")}
CASES = [(p, a) for p in DESKS for a in ActName]


@pytest.mark.parametrize(("preset", "act"), CASES)
def test_act_belongs_to_the_offices_of_its_step(preset, act):
    expected = {"banding": BANDING, "tingkat_pertama": FIRST_INSTANCE}[preset][act.value]
    assert set(offices_for(DESKS[preset].court(), act)) == expected


@pytest.mark.parametrize(("preset", "act"), CASES)
def test_act_by_holder_of_another_office_is_refused_and_says_whose_it_is(preset, act):
    desk, court = DESKS[preset], DESKS[preset].court()
    allowed = {"banding": BANDING, "tingkat_pertama": FIRST_INSTANCE}[preset][act.value]
    for office in court.offices:
        holder = next(n for n, o in desk_people(desk).items() if o == [office])
        codes = desk.judged(act.value, holder, "none", office=office)
        assert ("wrong_office" in codes) == (office not in allowed)
        assert "not_in_office" not in codes


def desk_people(desk):
    from tests.unit.domain.desk import PEOPLE

    return {name: offices for name, offices in PEOPLE.items() if name in desk.id}


def test_step_given_to_another_office_moves_the_act():
    desk = Desk()
    desk.rule("step", step="B8", office="chair")
    court = desk.court()
    assert offices_for(court, ActName.APPROVE) == ("chair",)
    assert court.sop.executor("B8").confirmed
    request = desk.request("consider")
    assert "wrong_office" in desk.judged("approve", "sec", request, office="secretary")
    assert desk.judged("approve", "chair", request) == []
