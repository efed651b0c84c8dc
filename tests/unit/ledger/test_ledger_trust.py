"""The auditor's own file: written and read the same, and refused in any other form."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sopti_runner.domain.ledger.checkpoint import Checkpoint
from sopti_runner.domain.ledger.trust import parse_trust, write_trust
from sopti_runner.domain.sshsig import parse_public_key
from sopti_runner.errors import UsageError
from tests.fakes import ORIGIN, FakeLogKey
from tests.unit.ledger.a_log import KEY, PERSON, TRUST, WITNESS


def test_trust_written_and_read_is_the_same():
    trust = replace(
        TRUST, persons={"p-1": (parse_public_key(PERSON),), "p-2": ()}, known=Checkpoint(ORIGIN, 40, bytes(range(32)))
    )
    assert parse_trust(write_trust(trust).encode()) == trust
    assert parse_trust(b"\xef\xbb\xbf" + write_trust(TRUST).replace("\n", "\r\n").encode()) == TRUST


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"origin": ""},
        {"log_keys": []},
        {"log_keys": [WITNESS.vkey]},
        {"log_keys": [FakeLogKey("other.example/log").vkey]},
        {"log_keys": KEY.vkey},
        {"witnesses": [KEY.vkey]},
        {"quorum": 3},
        {"quorum": -1},
        {"quorum": True},
        {"quorum": "1"},
        {"persons": []},
        {"persons": {"p-1": "key"}},
        {"persons": {"p-1": ["ssh-ed25519 AAAA"]}},
        {"checkpoint": {"size": 1}},
        {"checkpoint": {"size": 1, "root": "AAAA"}},
        {"checkpoint": {"size": -1, "root": "A" * 43 + "="}},
        {"checkpoint": {"size": 1, "root": 7}},
        {"more": 1},
    ],
)
def test_trust_of_another_form_is_refused(change):
    value = json.loads(write_trust(TRUST)) | change
    with pytest.raises(UsageError) as error:
        parse_trust(json.dumps(value).encode(), on="trust.json")
    assert error.value.on == "trust.json"
    assert error.value.fields["why"]


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"v":1,"v":1}', b"\xff", b'{"v":1.0}'])
def test_trust_that_is_no_json_object_is_refused(text):
    with pytest.raises(UsageError):
        parse_trust(text)
