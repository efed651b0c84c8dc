"""Statements: one text for each act, read strictly, different in every byte that matters."""

import json
from dataclasses import fields, replace

import pytest

from sopti_runner.domain.statement import (
    Proof,
    ProofKind,
    Statement,
    parse_statement,
    proof_from,
    short_code,
    statement_digest,
)

SAID = Statement(
    log="sopti.contoh.example/ledger",
    act="approve",
    subjects=("r-1",),
    person="p-1",
    office="secretary",
    data={"plan": "a" * 64, "uses": 1, "hosts": ["web1"]},
    texts={"note": "b" * 64},
    head_size=7,
    head_root="c" * 64,
    policy="d" * 64,
    display="e" * 64,
    nonce="f" * 32,
    made_at="2026-11-23T02:00:00+00:00",
)
OTHER = {"subjects": ("r-2",), "data": {"uses": 2}, "texts": {}, "head_size": 8}


def test_statement_read_back_is_the_same():
    assert parse_statement(SAID.encode()) == SAID


@pytest.mark.parametrize("name", [f.name for f in fields(Statement)])
def test_statement_with_another_field_has_other_bytes(name):
    changed = replace(SAID, **{name: OTHER.get(name, "other")})
    assert statement_digest(changed.encode()) != statement_digest(SAID.encode())
    assert parse_statement(changed.encode()) == changed


def spoilt():
    value = json.loads(SAID.encode())
    for key in value:
        yield {k: v for k, v in value.items() if k != key}
    yield {**value, "more": 1}
    yield {**value, "v": 2}
    yield {**value, "kind": "other"}
    yield {**value, "head": 3}
    yield {**value, "head": {"size": "7", "root": "c"}}
    yield {**value, "subjects": [1]}
    yield {**value, "texts": ["a"]}
    yield {**value, "data": 3}
    yield {**value, "log": 5}
    yield [value]


@pytest.mark.parametrize("value", list(spoilt()))
def test_statement_of_another_form_is_refused(value):
    raw = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(ValueError, match=r"\w"):
        parse_statement(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"\xff",
        b"{",
        SAID.encode() + b" ",
        SAID.encode().replace(b":", b": ", 1),
        SAID.encode().replace(b'"v":1', b'"v":1,"v":1'),
        SAID.encode().replace(b'"uses":1', b'"uses":1.5'),
        SAID.encode().replace(b'"uses":1', b'"uses":NaN'),
        SAID.encode().replace(b'"uses":1', b'"uses":99999999999999999999'),
    ],
)
def test_statement_in_other_bytes_is_refused(raw):
    with pytest.raises(ValueError, match=r"\w"):
        parse_statement(raw)


def test_proof_read_back_is_the_same():
    proof = Proof(ProofKind.PAPER, "p-2", "SHA256:x", "armored")
    assert proof_from(proof.to_data()) == proof
    for broken in ({}, {**proof.to_data(), "kind": "word of mouth"}):
        with pytest.raises((ValueError, KeyError)):
            proof_from(broken)


def test_short_code_tells_digests_apart_in_eight_letters():
    codes = {short_code(statement_digest(str(n).encode())) for n in range(2000)}
    assert len(codes) == 2000
    assert all(len(code) == 9 and code[4] == "-" for code in codes)
