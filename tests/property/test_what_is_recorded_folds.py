"""Whatever words an act carries, it is refused in words or recorded so that the ledger can be folded ever after."""

import os
import random
from dataclasses import replace

import pytest

from sopti_runner.domain.authority_audit import AuthorityAudit
from sopti_runner.domain.court import fold
from sopti_runner.domain.statement import Proof, ProofKind, parse_statement
from sopti_runner.errors import RefusedError, UsageError
from tests.unit.domain.desk import NEED_REASON, WAY, Desk

TRIES = 200 if os.environ.get("SOPTI_SOAK") == "1" else 40
ODD = [
    None,
    "",
    "x",
    "p-1",
    0,
    1,
    -1,
    2**53 - 1,
    True,
    [],
    ["web1"],
    [1],
    [[]],
    {},
    {"a": 1},
    "2026-11-23",
    "none",
    "9" * 4000,
]
KEYS = [
    "decree",
    "done_at",
    "evidence",
    "plan",
    "hosts",
    "counts",
    "requester",
    "recorder",
    "waived",
    "number",
    "due",
    "priority",
    "approval",
    "kind",
]
BEFORE = {act: WAY[n - 1][0] if n else "register" for n, (act, _) in enumerate(WAY)} | {
    **{"revoke": "approve", "start": "approve", "resubmit": "return", "triage": "register", "register": "register"},
    **dict.fromkeys(("return", "reject", "withdraw"), "consider"),
    **dict.fromkeys(("ratify", "refuse"), "emergency"),
}
WHO = {act: who for act, who in WAY if act != "apply"} | {
    **{"revoke": "sec", "reject": "sec", "return": "sec", "withdraw": "op", "register": "op", "resubmit": "op"},
    **{"triage": "op", "propose": "kabag", "declare": "op", "record": "op", "ratify": "sec", "refuse": "sec"},
}
CASES = sorted(WHO.keys() - {"resubmit"})


@pytest.mark.parametrize("act", CASES)
def test_act_with_odd_words_is_refused_or_folds(act):
    source, base = random.Random(act), Desk()
    decree = base.decree()
    request = begun(base, act, decree)
    recorded = 0
    for _ in range(TRIES):
        desk = twin(base)
        waiting = desk.waiting(act, WHO[act], request, **said(desk, act, source, decree))
        statement = spoilt(parse_statement(waiting.statement), source)
        raw = statement.encode()
        key = desk.key[WHO[act]]
        proof = Proof(ProofKind.SIGNATURE, desk.id[WHO[act]], key.fingerprint, key.sign(raw))
        try:
            desk.acts.record(replace(waiting, statement=raw), proof)
            recorded += 1
        except (RefusedError, UsageError):
            pass
        court = fold(desk.ledger.kept)
        audit = AuthorityAudit()
        assert [d for event in desk.ledger.kept for d in audit.see(event)] == []
        waits = [p for p in court.proposals.values() if not p.confirmed]
        if waits:
            desk.do("confirm", "sec", waits[0].id)
            fold(desk.ledger.kept)
    assert recorded or act in NEED_REASON or act in ("plan", "start"), "words too odd to say anything"


def begun(base, act, decree):
    """Give a request on which the act may follow; none for an act that begins something."""
    if act in ("propose", "declare", "record"):
        return ""
    return base.emergency("apply", decree) if BEFORE[act] == "emergency" else base.request(BEFORE[act])


def said(desk, act, source, decree):
    if act == "propose":
        return proposal(source)
    return {"declare": {"decree": decree}, "record": {"done_at": desk.clock.time.isoformat()}}.get(act, {})


def twin(base):
    desk = object.__new__(Desk)
    desk.__dict__.update(base.copy().__dict__)
    return desk


def proposal(source):
    kind = source.choice(
        ["appoint", "policy", "step", "end_appointment", "retire_key", "calendar_override", "clock", "end_decree"]
    )
    content = {
        "appoint": {"person": "p-1", "office": "operator", "status": "plh", "first": "2026-11-23", "last": ""},
        "policy": {"policy": {"paper": False}},
        "step": {"step": "B8", "office": "chair"},
        "end_appointment": {"appointment": "a", "last": "2026-11-23"},
        "retire_key": {"fingerprint": f"SHA256:{'x' * 43}", "compromised_from": 3},
        "calendar_override": {"date": "2026-11-23", "working": False, "legal_number": "SK 1"},
        "clock": {},
        "end_decree": {"decree": "a"},
    }[kind]
    if content and source.random() < 0.6:
        content = {**content, source.choice(list(content)): source.choice(ODD)}
    return {"kind": kind, "content": content}


def spoilt(statement, source):
    """Replace or add a word of the act's data, or leave it as it is."""
    if source.random() < 0.2:
        return statement
    key = source.choice([*statement.data, *KEYS])
    return replace(statement, data={**statement.data, key: source.choice(ODD)})
