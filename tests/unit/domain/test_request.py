"""The request's one table, walked whole, against a second telling of the SOP's steps."""

import itertools
from dataclasses import replace

import pytest

from sopti_runner.domain.request import (
    ACT_OF,
    BEGINS,
    CATEGORIES,
    CHOICES,
    EVENT_OF,
    FINAL,
    ON_PLAN,
    PRIORITY,
    RULES,
    RUN_ENDS,
    STATE_WORDS,
    TRANSITIONS,
    UNRATIFIED_ENDS,
    ActName,
    State,
    may_follow,
)
from tests.property.sop_tables import EMERGENCY_WAY, WAY
from tests.unit.domain.desk import Desk
from tests.unit.domain.example_court import SHORT_SOPS

EXPECTED = {(s, act): to for act, (states, to) in WAY.items() for s in states.split()} | {
    ("approved", "start"): "running",
    ("running", "cancel"): "running",
    **EMERGENCY_WAY,
}
MATRIX = list(itertools.product(State, ActName))


@pytest.mark.parametrize(("state", "act"), MATRIX, ids=lambda v: v.value)
def test_transition_of_state_and_act_is_the_procedures(state, act):
    assert TRANSITIONS.get((state, act)) == EXPECTED.get((state.value, act.value))


@pytest.fixture(scope="module")
def prepared():
    """One prepared statement an act, all about the same request, and the court they are judged in."""
    desk = Desk()
    request = desk.request("approve")
    acts = {}
    for act in ActName:
        if act in BEGINS:
            continue
        who = "sec" if act in (ActName.DISPOSE, ActName.REVOKE, ActName.REJECT, ActName.GRANT) else "op"
        acts[act] = desk.act(desk.waiting(act.value, who, request))
    return desk, request, acts


@pytest.mark.parametrize(("state", "act"), MATRIX, ids=lambda v: v.value)
def test_judge_of_state_and_act_refuses_what_the_table_does_not_have(state, act, prepared):
    if act in BEGINS:
        return
    desk, request, acts = prepared
    refused = "wrong_state" in desk.codes(acts[act], desk.in_state(request, state))
    assert refused == ((state.value, act.value) not in EXPECTED)


def test_state_that_is_final_is_left_by_nothing():
    assert {s for s in State if not may_follow(s)} == FINAL


def test_state_is_reachable_from_registration():
    seen, todo = set(), set(BEGINS.values())
    while todo:
        state = todo.pop()
        seen.add(state)
        todo |= {to for (s, _), to in TRANSITIONS.items() if s is state} - seen
        ends = {*RUN_ENDS.values(), *UNRATIFIED_ENDS.values()}
        todo |= (ends if state is State.RUNNING else set()) - seen
    assert seen == set(State)


def test_act_has_an_event_a_rule_and_words_of_its_own():
    assert set(EVENT_OF) == set(RULES) == set(ActName)
    assert {ACT_OF[event]: event for event in ACT_OF} == dict(EVENT_OF)
    assert set(STATE_WORDS) == set(State)
    assert len(set(STATE_WORDS.values())) == len(State)


@pytest.mark.parametrize("preset", SHORT_SOPS)
def test_rule_names_steps_that_the_procedure_has(preset):
    for rule in RULES.values():
        for step in (*rule.steps, *([rule.on_time] if rule.on_time else [])):
            assert SHORT_SOPS[preset].activity(step).id == step


def test_step_of_the_flow_is_met_by_an_act():
    assert {r.on_time for r in RULES.values() if r.on_time} == {f"B{n}" for n in range(1, 10)}


def test_priority_falls_with_impact_and_urgency():
    assert [PRIORITY[(i, u)] for i in ("wide", "section", "single") for u in ("high", "medium", "low")] == [
        *("P1", "P2", "P3"),
        *("P2", "P3", "P4"),
        *("P3", "P4", "P4"),
    ]


def test_categories_are_the_catalogues_eleven():
    assert len(CATEGORIES) == len(set(CATEGORIES)) == 11
    assert CHOICES[ActName.CLASSIFY]["category"] == CATEGORIES


def test_equal_plan_stands_only_where_a_plan_was_made_for_this_round():
    assert {"planned", "considered", "approved"} == ON_PLAN


def test_request_that_nobody_classified_counts_as_technical():
    desk = Desk()
    ident = desk.request("register")
    request = desk.court().requests[ident]
    assert request.technical
    assert not replace(request, change_type="none").technical
