"""What an auditor brings along: keys, persons and the last checkpoint they saw, from their own copy.

The rule this module keeps: nothing of this is ever read from the ledger or bundle under audit; a file that is not
exactly of this form is refused, because a misread key would vouch for a forger.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sopti_runner.domain.ledger.checkpoint import Checkpoint
from sopti_runner.domain.ledger.merkle import HASH_BYTES
from sopti_runner.domain.ledger.note import COSIGNATURE, ED25519, NoteError, VerifierKey, parse_vkey
from sopti_runner.domain.ledger.strict_json import read_json
from sopti_runner.domain.sshsig import PublicKey, parse_public_key
from sopti_runner.errors import N_, UsageError


@dataclass(frozen=True, slots=True)
class Trust:
    """An auditor's own knowledge of a log.

    Attributes:
        origin: The log's name.
        log_keys: Keys that may sign its checkpoints; at least one.
        witnesses: Keys whose cosignatures count.
        quorum: How many different witnesses must have cosigned a checkpoint for it to count; 0 for none.
        persons: Person id → SSH public keys, from the enrolment minutes.
        known: The last checkpoint the auditor saw (in a recap, in a mail), or None.
    """

    origin: str
    log_keys: tuple[VerifierKey, ...]
    witnesses: tuple[VerifierKey, ...] = ()
    quorum: int = 0
    persons: Mapping[str, tuple[PublicKey, ...]] = field(default_factory=dict)
    known: Checkpoint | None = None


_KEYS = {"v", "origin", "log_keys", "witnesses", "quorum", "persons", "checkpoint"}
_REQUIRED = {"v", "origin", "log_keys"}


def parse_trust(text: bytes, *, on: str = "") -> Trust:
    """Give the trust of a file: a JSON object as docs/ledger-format.md describes it.

    Args:
        text: The file's bytes; line breaks and indentation are free.
        on: The file's name, for the error.

    Raises:
        UsageError: Not exactly of this form; says what.
    """
    try:
        return _trust(read_json(b" ".join(text.removeprefix(b"\xef\xbb\xbf").splitlines())))
    except (ValueError, UsageError) as error:
        raise UsageError(
            N_("The trust file can't be used: {why}"),
            on=on,
            expected=N_("a JSON object with v, origin, log_keys, and perhaps witnesses, quorum, persons, checkpoint"),
            found=N_("{count} bytes that are something else"),
            next="docs/ledger-format.md",
            why=str(error),
            count=len(text),
        ) from error


def write_trust(trust: Trust) -> str:
    """Give the file's text of a trust, indented, for an auditor to keep and read."""
    value: dict[str, Any] = {
        "v": 1,
        "origin": trust.origin,
        "log_keys": [str(key) for key in trust.log_keys],
        "witnesses": [str(key) for key in trust.witnesses],
        "quorum": trust.quorum,
        "persons": {person: [key.line for key in keys] for person, keys in sorted(trust.persons.items())},
    }
    if trust.known:
        value["checkpoint"] = {"size": trust.known.size, "root": base64.b64encode(trust.known.root).decode()}
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _trust(value: Any) -> Trust:
    if not isinstance(value, dict) or value.keys() - _KEYS or _REQUIRED - value.keys():
        raise ValueError(f"its keys are not {sorted(_REQUIRED)} and some of {sorted(_KEYS - _REQUIRED)}")
    if value["v"] != 1 or not isinstance(value["origin"], str) or not value["origin"]:
        raise ValueError("v is not 1, or origin is not a name")
    origin, quorum = value["origin"], value.get("quorum", 0)
    log_keys = _vkeys(value["log_keys"], ED25519, "log_keys")
    witnesses = _vkeys(value.get("witnesses", []), COSIGNATURE, "witnesses")
    if not log_keys or any(key.name != origin for key in log_keys):
        raise ValueError(f"log_keys are not keys of {origin}")
    if type(quorum) is not int or not 0 <= quorum <= len({key.public for key in witnesses}):
        raise ValueError("quorum is not a number from 0 to the number of witnesses")
    persons = value.get("persons", {})
    if not isinstance(persons, dict):
        raise ValueError("persons is not an object")
    return Trust(
        origin=origin,
        log_keys=log_keys,
        witnesses=witnesses,
        quorum=quorum,
        persons={person: tuple(map(parse_public_key, _texts(keys, person))) for person, keys in persons.items()},
        known=_checkpoint(origin, value.get("checkpoint")),
    )


def _vkeys(value: Any, kind: int, what: str) -> tuple[VerifierKey, ...]:
    keys = tuple(map(parse_vkey, _texts(value, what)))
    if any(key.kind != kind for key in keys):
        raise NoteError(f"{what} holds a key of another type than {kind}")
    return keys


def _texts(value: Any, what: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{what} is not a list of texts")
    return value


def _checkpoint(origin: str, value: Any) -> Checkpoint | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value.keys() != {"size", "root"} or type(value["size"]) is not int:
        raise ValueError("checkpoint is not an object of size and root")
    root = base64.b64decode(value["root"], validate=True) if isinstance(value["root"], str) else b""
    if len(root) != HASH_BYTES or value["size"] < 0:
        raise ValueError("the checkpoint's root is not base64 of 32 bytes")
    return Checkpoint(origin, value["size"], root)
