"""Statements: what a person puts their name to, as exact bytes.

The rule this module keeps:

- One form for every act: which act, on what, by whom, in which office, seeing which ledger, policy and text.
- It carries no name and no free text: texts are bound by the digests of their salted blobs.
- Somebody enrolled signs every statement (SSHSIG, namespace ``act@sopti``): the person, or for attested and paper acts
  the one who vouches for it. ``kind`` says which, and a verifier needs nothing else.
- None of this is a certified electronic signature (TTE), and nothing may call it so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import rfc8785

from sopti_runner.domain.ledger.strict_json import read_json

NAMESPACE = "act@sopti"


class ProofKind(StrEnum):
    """How a person's act is known."""

    SIGNATURE = "signature"
    ATTESTED = "attested"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class Proof:
    """Who vouches for a statement.

    Attributes:
        by: Person id of the signer: the actor, the typist (attested), or the second person (paper).
        key: ``SHA256:…`` fingerprint of the signing key.
        armored: The SSHSIG text over the statement's bytes.
    """

    kind: ProofKind
    by: str
    key: str
    armored: str

    def to_data(self) -> dict[str, str]:
        """Give the proof as an event carries it."""
        return {"kind": self.kind.value, "by": self.by, "key": self.key, "armored": self.armored}


def proof_from(data: Mapping[str, Any]) -> Proof:
    """Read a proof from an event; ValueError or KeyError when malformed."""
    return Proof(ProofKind(data["kind"]), str(data["by"]), str(data["key"]), str(data["armored"]))


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed.

    Attributes:
        log: Origin of the court's log: a statement for one court is worth nothing in another.
        act: Name of the act, or ``propose``/``confirm`` for rules of the court.
        subjects: Request ids, or the id of a proposal; more than one when one signature covers a list.
        data: The act's own words: enums, digests, dates, integers.
        texts: Name → digest (hex) of the salted blob.
        head_size: Number of events the signer's sopti saw.
        head_root: Root hash (hex) of these events: every signer is a weak witness.
        policy: Digest (hex) of the policy in force.
        display: SHA-256 (hex) of the UTF-8 text shown before signing.
        nonce: 32 hex digits, never used twice in a log.
        made_at: RFC 3339, UTC.
    """

    log: str
    act: str
    subjects: tuple[str, ...]
    person: str
    office: str
    data: Mapping[str, Any]
    texts: Mapping[str, str]
    head_size: int
    head_root: str
    policy: str
    display: str
    nonce: str
    made_at: str

    def encode(self) -> bytes:
        """Give the exact bytes to sign (RFC 8785)."""
        return rfc8785.dumps(
            {
                "v": 1,
                "kind": "sopti-act",
                "log": self.log,
                "act": self.act,
                "subjects": list(self.subjects),
                "person": self.person,
                "office": self.office,
                "data": dict(self.data),
                "texts": dict(self.texts),
                "head": {"size": self.head_size, "root": self.head_root},
                "policy": self.policy,
                "display": self.display,
                "nonce": self.nonce,
                "made_at": self.made_at,
            }
        )


_KEYS = frozenset(
    [
        "v",
        "kind",
        "log",
        "act",
        "subjects",
        "person",
        "office",
        "data",
        "texts",
        "head",
        "policy",
        "display",
        "nonce",
        "made_at",
    ]
)


def parse_statement(raw: bytes) -> Statement:
    """Read a statement.

    Raises:
        ValueError: It is not exactly one statement of this version; the message says what is wrong.
    """
    try:
        value = read_json(raw)
        if set(value) != _KEYS or value["v"] != 1 or value["kind"] != "sopti-act":
            raise ValueError("not a version 1 statement")
        statement = Statement(
            log=str(value["log"]),
            act=str(value["act"]),
            subjects=tuple(str(s) for s in value["subjects"]),
            person=str(value["person"]),
            office=str(value["office"]),
            data=dict(value["data"]),
            texts={str(k): str(v) for k, v in value["texts"].items()},
            head_size=int(value["head"]["size"]),
            head_root=str(value["head"]["root"]),
            policy=str(value["policy"]),
            display=str(value["display"]),
            nonce=str(value["nonce"]),
            made_at=str(value["made_at"]),
        )
        if statement.encode() != raw:
            raise ValueError("not written as RFC 8785 writes it")
        return statement
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"malformed statement: {error}") from error


def statement_digest(raw: bytes) -> str:
    """SHA-256 (hex) of a statement's exact bytes: the name it is waited for under."""
    return hashlib.sha256(raw).hexdigest()


def short_code(digest_hex: str) -> str:
    """Give eight base32 letters of a digest in two groups, for reading over the telephone."""
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    number = int(digest_hex[:10], 16)
    letters = "".join(alphabet[(number >> shift) & 31] for shift in range(35, -1, -5))
    return f"{letters[:4]}-{letters[4:]}"


def readable_statement(raw: bytes) -> Statement | None:
    """Give a statement, or None when it can't be read (another reason says so)."""
    try:
        return parse_statement(raw)
    except ValueError:
        return None


def parse_texts(raw: bytes) -> Mapping[str, str]:
    """Give the text digests a statement binds; empty when it can't be read."""
    said = readable_statement(raw)
    return said.texts if said else {}
