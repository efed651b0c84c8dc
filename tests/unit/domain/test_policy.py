"""Policy: what a court may loosen, and what it may not."""

from datetime import date

import pytest

from sopti_runner.domain.policy import ROUTINE, WAIVABLE, Policy, policy_from
from sopti_runner.domain.request import ActName
from sopti_runner.errors import UsageError

CHANGES = {
    "attested": [],
    "paper": False,
    "waivers": {"adviser_approves": "2026-12-31"},
    "validity_days": 3,
    "pause_days": 30,
    "cut_off_hour": 14,
}


def test_policy_read_back_is_the_same():
    policy = policy_from(CHANGES)
    assert policy_from(policy.to_data()) == policy
    assert policy_from({}) == Policy()


@pytest.mark.parametrize("key", CHANGES)
def test_policy_with_another_value_has_another_digest(key):
    assert policy_from({key: CHANGES[key]}).digest != Policy().digest


def test_policy_covers_every_key_that_tests_change():
    assert set(CHANGES) == set(Policy().to_data())


@pytest.mark.parametrize("act", ["approve", "grant", "revoke", "start"])
def test_act_that_permits_something_can_never_be_attested(act):
    assert ActName(act) not in ROUTINE
    with pytest.raises(UsageError):
        policy_from({"attested": [act]})


@pytest.mark.parametrize(
    "data",
    [
        {"unknown": 1},
        {"waivers": {"executor_approves": "2026-12-31"}},
        {"waivers": {"adviser_approves": "soon"}},
        {"waivers": ["adviser_approves"]},
        {"attested": ["sleep"]},
        {"attested": 3},
        {"paper": "no"},
        {"paper": 0},
        {"validity_days": 0},
        {"validity_days": 91},
        {"pause_days": 0},
        {"pause_days": 61},
        {"cut_off_hour": 24},
        {"cut_off_hour": "late"},
        ["paper"],
        None,
    ],
)
def test_policy_that_can_not_be_is_refused(data):
    with pytest.raises(UsageError):
        policy_from(data)


@pytest.mark.parametrize("kind", sorted(WAIVABLE))
def test_waiver_holds_to_its_last_day(kind):
    policy = policy_from({"waivers": {kind: "2026-12-31"}})
    assert policy.waived(kind, date(2026, 12, 31))
    assert not policy.waived(kind, date(2027, 1, 1))
    assert not Policy().waived(kind, date(2026, 1, 1))
    assert [policy.waived(k, date(2026, 1, 1)) for k in sorted(WAIVABLE)].count(True) == 1
