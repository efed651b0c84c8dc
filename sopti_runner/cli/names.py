"""How ids are read to people: acts, proofs, offices and persons in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from sopti_runner.cli.language import _
from sopti_runner.domain.act_words import ACT_WORDS
from sopti_runner.errors import N_, SoptiError

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.domain.court import Court
    from sopti_runner.domain.reason import Reason
    from sopti_runner.domain.request import Request

COMMANDS: Mapping[str, str] = {
    "plan": "plan {request} PLAYBOOK",
    "consider": "consider {request} --advice approve",
    "approve": "approve {request}",
    "grant": "approve {request}",
    "start": "apply {request}",
    "cancel": "run cancel {request}",
    "ratify": "emergency ratify {request}",
    "refuse": "emergency refuse {request} --reason TEXT",
    "classify": "request classify {request} --change-type normal",
    "prioritise": "request prioritise {request}",
    "fulfil": "request fulfil {request} --result TEXT",
}
"""Act → the words of its command, where they are not ``request ACT NUMBER``."""

PROOFS: Mapping[str, str] = {"signature": N_("own signature"), "attested": N_("attested"), "paper": N_("on paper")}


def act_words(act: str) -> str:
    """Give what people read for an act; an unknown one stays as it is."""
    return _(ACT_WORDS.get(act, act))


def proof_words(proof: str) -> str:
    """Give what people read for a proof; nothing for what the machine recorded."""
    return _(PROOFS.get(proof, proof))


def command_for(act: str, number: str) -> str:
    """Give the command that does an act."""
    return "sopti " + COMMANDS.get(act, f"request {act} {{request}}").format(request=number)


def command_on(act: str, request: Request) -> str:
    """Give the command that does an act on a request: a plan of work by hand is carried out by a person."""
    from sopti_runner.domain.hand_work import OPEN, PLAYBOOK

    if act == "start" and request.plan and request.plan.playbook == PLAYBOOK:
        return f"{OPEN} {request.number} --host {request.plan.hosts[0]}"
    return command_for(act, request.number)


class Names:
    """Names of offices and persons as the ledger tells them.

    Args:
        here: The house.
        court: The court when it was read already.
    """

    def __init__(self, here: House, court: Court | None = None) -> None:
        self._here, self._given = here, court

    @cached_property
    def court(self) -> Court:
        """The court."""
        return self._given or self._here.books.court()

    def office(self, office: str) -> str:
        """``Sekretaris`` for ``secretary``."""
        sop = self.court.sop
        titles = {r.id: r.title for r in sop.preset.roles} if sop else {}
        return getattr(titles[office], self._here.lang) if office in titles else office

    def offices(self, offices: str) -> str:
        """The same for ids parted by commas."""
        return ", ".join(self.office(part.strip()) for part in offices.split(","))

    def capacity(self, capacity: str) -> str:
        """``Plh. Sekretaris`` for ``secretary:plh``."""
        office, _colon, status = capacity.partition(":")
        prefix = "" if status in ("", "definitive") else f"{status.capitalize()}. "
        return prefix + self.office(office)

    def person(self, person: str) -> str:
        """A person's name, or the id when there is none."""
        return self._here.books.name(self.court, person)

    def reason(self, reason: Reason) -> str:
        """A reason with the ids in it read to people; with the ids themselves when the ledger can't be read."""
        from sopti_runner.domain.request import STATE_WORDS, State

        read: Mapping[str, Callable[[str], str]] = {
            "state": lambda state: _(STATE_WORDS[State(state)]),
            "act": act_words,
            "office": self.offices,
            "offices": self.offices,
            "person": self.person,
            "why": _,
            "expected": _,
            "found": _,
        }
        fields = {k: read[k](str(v)) if k in read and v else v for k, v in reason.fields.items()}
        return _(reason.text, **fields)


def reason_text(names: Names | None, reason: Reason) -> str:
    """Give a reason of a refusal with who may act instead, as people read it."""
    try:
        if names is not None:
            return f"{names.reason(reason)} [{reason.code}]{_instead(names.offices(', '.join(reason.who)))}"
    except (SoptiError, ValueError, KeyError):
        pass
    return f"{_(reason.text, **reason.fields)} [{reason.code}]{_instead(', '.join(reason.who))}"


def _instead(offices: str) -> str:
    return _(" (may act instead: {offices})", offices=offices) if offices else ""
