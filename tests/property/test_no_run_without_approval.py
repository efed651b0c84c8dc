"""No run without a valid approval, and no valid approval refused: thousands of random histories, two opinions each.

The counts come from SOPTI_SOAK; a failing seed is printed with the fewest moves that still fail and can be played
again with ``python -m tests.property.play SEED 1``.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from sopti_runner.domain import gate, time_rules
from sopti_runner.domain.authority import judge
from sopti_runner.domain.gate import Permit, Refusal, decide
from sopti_runner.domain.office import Appointment, Key
from sopti_runner.domain.policy import Policy
from sopti_runner.domain.request import ActName, State
from sopti_runner.domain.standing import start_words
from sopti_runner.services import acts, applying, books, planning
from tests.property import play, traps
from tests.unit.domain import memory_ledger

SOAK = os.environ.get("SOPTI_SOAK") == "1"
SEQUENCES, LENGTH = (20_000, 24) if SOAK else (1_500, 16)
WORKERS = 2
HUNT = 60  # sequences a removed rule may survive


@pytest.mark.timeout(3600)
def test_runs_start_exactly_when_the_model_finds_a_valid_approval(record_property):
    share = SEQUENCES // WORKERS
    command = [sys.executable, "-m", "tests.property.play"]
    workers = [
        subprocess.Popen([*command, str(n * share), str(share), str(LENGTH)], stdout=subprocess.PIPE, text=True)
        for n in range(WORKERS)
    ]
    outputs = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * WORKERS, "\n".join(outputs)
    done = [json.loads(output) for output in outputs]
    for key in ("sequences", "moves", "starts"):
        record_property(key, sum(part.get(key, 0) for part in done))
    assert sum(part["sequences"] for part in done) == SEQUENCES
    assert sum(part["starts"] for part in done) > SEQUENCES // 4, "too few runs to say anything"


REMOVED = {
    "advice and approval name this plan": ({"plan_differs"}, traps.other_plan),
    "approval begins": ({"approval_too_early"}, traps.beginning),
    "approval expires": ({"approval_expired"}, traps.expiry),
    "approval is used once": ({"approval_used", "wrong_state"}, traps.used_up),
    "approver differs from adviser": ({"approver_is_adviser"}, traps.waiver),
    "approver differs from executor": ({"executor_is_approver"}, traps.executor),
    "approver differs from planner": ({"approver_is_executor"}, traps.planner),
    "approver differs from requester": ({"approver_is_requester"}, traps.waiver),
    "attester is in office": ({"attester_no_office"}, traps.attested),
    "clock is believed": ({"clock_back", "clock_jump", "clock_pause"}, traps.clock),
    "decree counts on that day": ({"decree_not_in_force"}, traps.emergency),
    "decree counts until it is ended": ({"decree_ended"}, traps.decree_over),
    "decree names the change model": ({"model_not_allowed"}, traps.emergency),
    "decree names the hosts": ({"host_not_allowed"}, traps.emergency),
    "decree is not the executor's own": ({"executor_confirmed_decree"}, traps.own_decree),
    "executor is in office": ({"executor_no_office"}, traps.acting_operator),
    "hosts are as planned": ({"drift"}, traps.inputs),
    "hosts are those of the plan": ({"hosts_differ", "start_differs"}, traps.other_plan),
    "inputs are as sealed": ({"input_changed"}, traps.inputs),
    "key is enrolled": ({"key_unknown"}, traps.signer),
    "key is not retired": ({"key_retired"}, traps.stolen_key),
    "key of the approval is not stolen": ({"key_compromised"}, traps.stolen_key),
    "key belongs to one person": ({"key_taken"}, traps.new_key),
    "no request goes back in state": ({"wrong_state"}, traps.no_plan),
    "nobody confirms for themselves": ({"own_benefit"}, traps.own_rules),
    "nobody confirms their own proposal": ({"own_proposal"}, traps.own_rules),
    "nobody signs for others": ({"signer_differs"}, traps.signer),
    "nonce is new": ({"statement_replayed"}, traps.replay),
    "office is the step's": ({"wrong_office"}, traps.office_moved),
    "one signature confirms one proposal": ({"one_proposal"}, traps.own_rules),
    "paper is accepted by policy": ({"paper_not_accepted"}, traps.paper),
    "paper has a second person": ({"second_person_needed"}, traps.paper),
    "paper has a recorder in office": ({"recorder_missing"}, traps.paper),
    "person is in office": ({"not_in_office"}, traps.appointed),
    "plan under a decree is fresh": ({"plan_stale"}, traps.decree_over),
    "plan has no failed task": ({"plan_failed"}, traps.failed_plan),
    "policy is the one in force": ({"statement_differs"}, traps.withheld),
    "proposal is confirmed once": ({"no_such_proposal"}, traps.own_rules),
    "sealed copy is intact": ({"copy_tampered"}, traps.inputs),
    "signature is good": ({"signature_bad"}, traps.signer),
    "signature is needed": ({"signature_needed"}, traps.attested),
    "technical change needs a plan": ({"technical_change"}, traps.no_plan),
    "validity is bounded": ({"validity_wrong"}, traps.validity),
    "voucher for paper does not execute": ({"executor_vouched"}, traps.paper),
    "who acted does not ratify": ({"ratifier_acted"}, traps.own_answer),
    "waiver lasts until the run": ({"waiver_ended"}, traps.waiver),
}
"""Rule → codes of the reasons that keep it, in every layer that keeps it, and the trap that leads to its edge."""

BENT = {
    "approval is used once": lambda m: m.setattr(memory_ledger, "claims_of", lambda data: ()),
    "appointment has a first day": (
        lambda m: m.setattr(Appointment, "in_force", lambda self, now, today: not self.last or today <= self.last),
        traps.appointed,
    ),
    "appointment has a last day": (
        lambda m: m.setattr(Appointment, "in_force", lambda self, now, today: self.first <= today),
        traps.appointed,
    ),
    "equal plan is kept only where the request stands on it": (
        lambda m: m.setattr(planning, "ON_PLAN", frozenset(State)),
        traps.round_again,
    ),
    "plan is new after a change": (
        lambda m: m.setattr(planning, "plan_digest", lambda plan: b"0" * 32),
        traps.replan,
    ),
    "refused clock is not believed": (
        lambda m: [m.setattr(module, "believed", lambda last, now, days: now) for module in (gate, books)],
        traps.clock,
    ),
    "run starts through the gate only": (lambda m: m.setattr(acts, "ActName", AnyActNameStarts()), traps.by_hand),
    "set-back clock is seen": (lambda m: m.setattr(time_rules, "LAG", timedelta(days=999)), traps.frozen_clock),
    "stolen key stays stolen": (
        lambda m: m.setattr(Key, "retire", lambda self, seq: replace(self, retired=seq)),
        traps.stolen_key,
    ),
    "waiver has a last day": (
        lambda m: m.setattr(Policy, "waived", lambda self, kind, today: kind in self.waivers),
        traps.waiver,
    ),
}
"""Rule → how it is bent where no reason stands for it, and the trap; or what else keeps a rule of ``REMOVED``."""

RULES = sorted(REMOVED.keys() | BENT.keys())


def trap(rule):
    return (REMOVED.get(rule) or BENT[rule])[1]


class AnyActNameStarts:
    """``ActName`` without START, so that a comparison with it never holds."""

    START = None

    def __getattr__(self, name):
        return getattr(ActName, name)

    def __call__(self, value):
        return ActName(value)


def remove(patch, rule):
    """Take one rule out of the domain: its reasons are never given, or the function that keeps it is bent."""
    codes = REMOVED.get(rule, [()])[0]

    def kept(reasons):
        return tuple(r for r in reasons if r.code not in codes)

    def loose_decide(given, evidence, now):
        decision = decide(given, evidence, now)
        left = kept(decision.reasons) if isinstance(decision, Refusal) else ()
        start = start_words(given.request, given.approval)
        permitted = start.get("approval") or start.get("decree")
        return Refusal(left) if left or not permitted else Permit(permitted, start["plan"], tuple(start["hosts"]))

    for module in (acts, applying):
        patch.setattr(module, "judge", lambda court, act, now: kept(judge(court, act, now)))
    patch.setattr(applying, "decide", loose_decide)
    patch.setattr(
        books.Books, "clock_reasons", lambda self, court, at, old=books.Books.clock_reasons: kept(old(self, court, at))
    )
    bend = BENT.get(rule, [lambda patch: None])
    (bend if callable(bend) else bend[0])(patch)


def noticed(seed, lead):
    """Tell whether a sequence disagrees; a ledger that can no longer be folded is noticed, too."""
    try:
        return play.play(seed, traps=[lead])[2] is not None
    except KeyError:
        return True


@pytest.mark.parametrize("rule", RULES)
def test_property_catches_each_removed_rule(rule, monkeypatch):
    remove(monkeypatch, rule)
    assert any(noticed(seed, trap(rule)) for seed in range(HUNT)), f"nothing noticed that this rule is gone: {rule}"
