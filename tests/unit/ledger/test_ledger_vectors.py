"""The vectors in tests/vectors/ledger.json: what is made today is what was published, and holds by plain means."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
from pathlib import Path

import pytest
from pymerkle import InmemoryTree

from sopti_runner.domain.ledger.checkpoint import open_checkpoint
from sopti_runner.domain.ledger.event import parse
from sopti_runner.domain.ledger.merkle import verify_consistency, verify_inclusion
from sopti_runner.domain.ledger.note import parse_vkey
from sopti_runner.domain.ledger.trust import Trust
from sopti_runner.domain.ledger.verify import audit
from sopti_runner.domain.ledger.witness import WitnessState, judge_checkpoint, parse_request
from tests.vectors.ledger_vectors import build

FILE = Path(__file__).parents[2] / "vectors" / "ledger.json"


@pytest.fixture(scope="module")
def vectors():
    return json.loads(FILE.read_text(encoding="utf-8"))


def test_vectors_made_today_are_the_published_ones(vectors):
    assert build() == vectors


def test_leaves_and_blobs_by_plain_hashing(vectors):
    prev = "00" * 32
    for seq, event in enumerate(vectors["events"]):
        body = bytes.fromhex(event["body"])
        assert hashlib.sha256(b"\0" + body).hexdigest() == event["leaf"]
        value = json.loads(body)
        assert (value["seq"], value["prev"], body.decode()) == (seq, prev, event["text"])
        prev = event["leaf"]
    for blob in vectors["blobs"]:
        raw = bytes.fromhex(blob["salt"]) + bytes.fromhex(blob["content"])
        assert hashlib.sha256(raw).hexdigest() == blob["digest"]


def test_roots_by_an_independent_tree(vectors):
    oracle = InmemoryTree(algorithm="sha256")
    for event, root in zip(vectors["events"], vectors["roots"][1:], strict=True):
        oracle.append_entry(bytes.fromhex(event["body"]))
        assert oracle.get_root().hex() == root


def test_proofs_hold(vectors):
    roots = [bytes.fromhex(root) for root in vectors["roots"]]
    leaves = [bytes.fromhex(event["leaf"]) for event in vectors["events"]]
    for row in vectors["inclusion"]:
        proof = [bytes.fromhex(step) for step in row["proof"]]
        assert verify_inclusion(leaves[row["index"]], row["index"], row["size"], proof, roots[row["size"]])
    for row in vectors["consistency"]:
        proof = [bytes.fromhex(step) for step in row["proof"]]
        assert verify_consistency(row["old"], row["new"], roots[row["old"]], roots[row["new"]], proof)


def test_checkpoint_opens_and_the_log_is_verified(vectors):
    log, witness = parse_vkey(vectors["log"]["vkey"]), parse_vkey(vectors["witness"]["vkey"])
    checkpoint, signatures = open_checkpoint(vectors["checkpoint"]["note"], [log, witness])
    assert base64.b64encode(checkpoint.root).decode() == vectors["checkpoint"]["root_base64"]
    assert [signature.key for signature in signatures] == [log, witness]
    found = audit(
        [bytes.fromhex(event["body"]) for event in vectors["events"]],
        notes=[(7, vectors["checkpoint"]["note"])],
        trust=Trust(vectors["origin"], (log,), (witness,), 1),
    )
    assert (found.verdict, found.protected) == ("verified", 7)


def test_witness_accepts_the_request(vectors):
    state = WitnessState(3, bytes.fromhex(vectors["roots"][3]))
    request = parse_request(vectors["add_checkpoint"])
    keys = [parse_vkey(vectors["log"]["vkey"])]
    assert judge_checkpoint(state, request, origin=vectors["origin"], keys=keys)[0].accepted


def test_each_body_is_read_as_an_event(vectors):
    types = [parse(bytes.fromhex(event["body"]), seq=seq).type for seq, event in enumerate(vectors["events"])]
    assert types[0] == "court.created"
    assert len(set(types)) == 7


def test_format_page_quotes_these_vectors(vectors):
    page = (Path(__file__).parents[3] / "docs" / "ledger-format.md").read_text(encoding="utf-8")
    event, checkpoint = vectors["events"][2], vectors["checkpoint"]
    quoted = [event["text"], event["leaf"], checkpoint["note"], vectors["log"]["vkey"], vectors["witness"]["vkey"]]
    quoted += [vectors["roots"][size] for size in (0, 1, 2, 7)] + [vectors["blobs"][0]["digest"]]
    assert [text for text in quoted if text not in page] == []


def test_format_page_names_every_defect():
    root = Path(__file__).parents[3]
    page = (root / "docs" / "ledger-format.md").read_text(encoding="utf-8")
    sources = [root / "sopti_runner" / "domain" / "ledger" / name for name in ("verify.py", "vouching.py")]
    codes = {
        node.args[0].value
        for source in sources
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("Defect", "_defect")
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(codes) > 8
    assert [code for code in sorted(codes) if f"`{code}`" not in page] == []
