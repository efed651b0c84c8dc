"""Governing: changes of the court's own rules, proposed by one person and confirmed by another official."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sopti_runner.domain.court import Court
from sopti_runner.domain.governance import CONFIRM, PROPOSE, Proposal, check_proposal
from sopti_runner.domain.words import Words
from sopti_runner.errors import N_, NotFoundError, UsageError
from sopti_runner.ports import Waiting
from sopti_runner.services.acts import Acts
from sopti_runner.services.proposal_text import Told, confirming_text, proposing_text, told


def propose(
    acts: Acts,
    kind: str,
    content: Mapping[str, Any],
    *,
    person: str,
    words: Words,
    texts: Mapping[str, str | bytes] | None = None,
) -> Waiting:
    """Make the statement of a proposal; UsageError when its data can't be.

    Args:
        acts: The court's acts.
        kind: One of ``governance.KINDS``.
        content: The proposal's data.
        person: Who proposes.
        words: The proposer's language: the statement binds what is read in it.
        texts: What must not stand in an event: a name, a reason.
    """
    court = acts.books.court()
    steps = tuple(a.id for a in court.sop.activities) if court.sop else ()
    check_proposal(kind, content, court.offices, steps)
    if kind == "retire_key":
        _require_known(court, content)
    shown_texts = {name: text for name, text in (texts or {}).items() if isinstance(text, str)}
    shown = proposing_text(Told(acts.books, court, words, kind, content, shown_texts))
    data = {"kind": kind, "content": dict(content)}
    return acts.prepare(PROPOSE, person=person, subjects=[], data=data, texts=texts, display=shown)


def confirm(acts: Acts, beginning: str, *, person: str, words: Words) -> tuple[Waiting, Proposal]:
    """Make the statement that confirms a proposal.

    Args:
        acts: The court's acts.
        beginning: Its id, or a beginning that fits only one that waits.
        person: Who confirms.
        words: The language in which that person reads what they sign.

    Raises:
        NotFoundError: No single waiting proposal fits.
    """
    court = acts.books.court()
    found = [p for p in court.proposals.values() if not p.confirmed and p.id.startswith(beginning)]
    if len(found) != 1:
        raise NotFoundError(
            N_("No single proposal waits under this name"),
            on=beginning,
            found=str(len(found)),
            next="sopti office proposals",
        )
    proposal = found[0]
    shown = confirming_text(told(acts.books, court, proposal, words), proposal)
    return acts.prepare(CONFIRM, person=person, subjects=[proposal.id], data={}, display=shown), proposal


def _require_known(court: Court, content: Mapping[str, Any]) -> None:
    """Refuse to retire a key that nobody has, or from an event that is still to come: a slip."""
    fingerprint, start = content["fingerprint"], content["compromised_from"]
    if court.register.owner(fingerprint) is None:
        raise NotFoundError(N_("Nobody has this key"), on=fingerprint, next="sopti office list")
    if start is not None and start >= court.size:
        raise UsageError(
            N_("{option} has a value that can't be"),
            on="--compromised-from",
            expected=f"0-{court.size - 1}",
            found=str(start),
            option="--compromised-from",
        )
