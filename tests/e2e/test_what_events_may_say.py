"""Nothing that somebody types as they like comes to stand in an event for good."""

from __future__ import annotations

import pytest

from tests.e2e.desk import Desk

PLANTED = "PLANTEDNIK3201"


@pytest.mark.parametrize(
    "words",
    [
        ("office", "retire-key", PLANTED),
        ("office", "retire-key", f"SHA256:{'x' * 43}"),
        ("office", "retire-key", "OWN", "--compromised-from", "9007199254740993"),
        ("office", "retire-key", "OWN", "--compromised-from", "100000"),
        ("office", "override-day", "2026-12-01", "--legal-number", f"SK 1\n{PLANTED}"),
        ("office", "override-day", "2026-12-01", "--legal-number", "SK \u202e1"),
        ("office", "override-day", "2026-12-01", "--legal-number", "S" * 200_000),
        ("office", "adopt-calendar", "0"),
        ("office", "adopt-calendar", "99999"),
        ("office", "witness", PLANTED),
    ],
)
def test_proposal_of_something_that_cannot_be_is_a_slip_and_leaves_no_event(desk: Desk, words: tuple[str, ...]) -> None:
    own = desk.value("office", "list")[0]["keys"][0]
    before = desk.fingerprint()
    desk.do(*(own if word == "OWN" else word for word in words), code=2)
    assert desk.fingerprint() == before
