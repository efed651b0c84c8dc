"""What the words of an act may and must be, whoever does it: free words are texts, never data.

The rule this module keeps: an act says what acts of its kind say and no more. Names, places and reasons are texts, and
can be erased; what the ledger adds (statement, proof, nonce, claims, dates) is the ledger's alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from sopti_runner.domain import governance
from sopti_runner.domain.emergency import check_record
from sopti_runner.domain.plan import RecordClass
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.request import ACT_NAMES, ALSO_SAID, CHOICES, RULES, WORDS_NEEDED, ActName
from sopti_runner.domain.statement import ProofKind, parse_texts
from sopti_runner.errors import N_, UsageError

if TYPE_CHECKING:
    from sopti_runner.domain.authority import Act
    from sopti_runner.domain.court import Court


def unknown_words(court: Court, act: Act) -> Iterable[Reason]:
    """Give each word that an act of this kind does not say, and a requester who is nobody enrolled."""
    known = {"kind", "content"} if act.name == governance.PROPOSE else set()
    if act.name in ACT_NAMES:
        known = {*CHOICES.get(ActName(act.name), ()), *ALSO_SAID.get(ActName(act.name), ())}
    if act.proof.kind is ProofKind.PAPER:
        known.add("recorder")
    for key in sorted(set(act.data) - known):
        yield Reason("word_unknown", N_("An act of this kind doesn't say {key}"), {"key": key})
    asks = act.data.get("requester")
    if "requester" in act.data and not (isinstance(asks, str) and asks in court.register.persons):
        yield Reason("requester_unknown", N_("The requester is not an enrolled person; a name is given as a text"))


def missing_words(act: Act, name: ActName) -> Iterable[Reason]:
    """Give each choice that is none of the allowed ones, and each text that is missing."""
    for key, allowed in CHOICES.get(name, {}).items():
        if act.data.get(key) not in allowed:
            yield Reason(
                "value_not_allowed", N_("{key} must be one of: {allowed}"), {"key": key, "allowed": ", ".join(allowed)}
            )
    texts = parse_texts(act.raw)
    for key in texts_needed(name):
        if key not in texts:
            yield Reason("text_missing", N_("This act needs a text: {key}"), {"key": key})


def texts_needed(name: str) -> tuple[str, ...]:
    """Give the texts that an act can't do without; that they say something is for whoever holds them to see."""
    if name not in ACT_NAMES:
        return ()
    act = ActName(name)
    return WORDS_NEEDED.get(act, ()) + (("reason",) if RULES[act].reason else ())


def malformed_plan(act: Act) -> Iterable[Reason]:
    """A plan's act names what the fold will read; that it is the stored plan's is checked wherever that is opened."""
    data, hosts, counts = act.data, act.data.get("hosts"), act.data.get("counts")
    formed = (
        all(isinstance(data.get(key), str) and data[key] for key in ("plan", "playbook", "sealed"))
        and isinstance(hosts, list)
        and bool(hosts)
        and all(isinstance(host, str) and host for host in hosts)
        and isinstance(counts, Mapping)
        and set(counts) == {kind.value for kind in RecordClass}
        and all(type(count) is int and count >= 0 for count in counts.values())
        and "plan" in parse_texts(act.raw)
    )
    if not formed:
        yield Reason("plan_malformed", N_("The act does not describe a plan"))


def malformed_record(court: Court, act: Act, now: datetime) -> Iterable[Reason]:
    """The record of an act by hand says who, when and where; whoever is not enrolled is named in a text."""
    try:
        check_record(act.data, now)
    except (ValueError, TypeError, KeyError, UsageError) as error:
        yield Reason("record_malformed", N_("The record can't be: {why}"), {"why": str(error)})
        return
    acted = act.data["acted"]
    if (acted and acted not in court.register.persons) or (not acted and "acted_by" not in parse_texts(act.raw)):
        yield Reason("acted_unknown", N_("Who did it is an enrolled person, or is named in a text"))
