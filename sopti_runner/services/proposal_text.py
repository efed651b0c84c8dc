"""What a proposal says, in the words of whoever confirms it: one text for the list, the exported page and signing.

The first line is one sentence that can be read alone; further lines are what it speaks of. The page that is signed
adds who proposed it and, for the expert, the data as the ledger keeps them; its digest is bound by the signature.
Longer than other modules: a sentence for each kind of proposal, to be read beside each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sopti_runner.domain.court import Court
from sopti_runner.domain.governance import Proposal
from sopti_runner.domain.holiday import CalendarYear, DayKind
from sopti_runner.domain.office import Status
from sopti_runner.domain.plain import one_line
from sopti_runner.domain.policy import policy_from
from sopti_runner.domain.policy_text import policy_changes
from sopti_runner.domain.words import Words, pick
from sopti_runner.errors import N_, IntegrityError, SoptiError
from sopti_runner.services.books import Books
from sopti_runner.services.signatories import title

_STATUS = {Status.DEFINITIVE: N_("definitive"), Status.PLH: "Plh.", Status.PLT: "Plt."}
_TEXTS = {
    "name": N_("the name"),
    "description": N_("the description"),
    "basis": N_("the reason for the request"),
    "unit": N_("the unit"),
    "requester": N_("the requester's name"),
    "reason": N_("the reason"),
    "examination": N_("the note of the examination"),
    "advice_note": N_("the note of the advice"),
    "result": N_("the result"),
    "plan": N_("the plan"),
    "scan": N_("the scan"),
    "order": N_("the number of the order"),
    "decree": N_("the text of the decree"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a proposal's sentence is made from.

    Attributes:
        kind: One of ``governance.KINDS``.
        data: Its content, checked by ``check_proposal``.
        texts: What does not stand in the event: a name, the number of an order, a reason.
    """

    books: Books
    court: Court
    words: Words
    kind: str
    data: Mapping[str, Any]
    texts: Mapping[str, str]

    def person(self, person: str) -> str:
        """``Dewi Contoh (p-46fe34c8)``; the pseudonym alone when there is no name."""
        name = one_line(self.books.name(self.court, person))
        return name if name == person else f"{name} ({person})"

    def office(self, office: str) -> str:
        """The office's title in the reader's language."""
        return pick(self.words, title(self.court, office))

    def day(self, text: str) -> str:
        """``23 November 2026`` for ``2026-11-23``."""
        return self.words.day(date.fromisoformat(text))


def told(books: Books, court: Court, proposal: Proposal, words: Words) -> Told:
    """Give what a proposal of the ledger says; texts that were erased are left out."""
    texts = {name: text for name, ref in proposal.texts.items() if (text := books.text(ref)) != "–"}
    return Told(books, court, words, proposal.kind, proposal.data, texts)


UNREADABLE = N_("This proposal can't be read; do not confirm it")


def proposal_lines(what: Told) -> list[str]:
    """Give the proposal's sentence, and under it what it speaks of, one thing a line; or that it can't be read."""
    try:
        return _lines(what)
    except IntegrityError:
        return [what.words(UNREADABLE)]


def _lines(what: Told) -> list[str]:
    """Give the same; IntegrityError for what sopti never wrote, so that nobody is asked to sign a page without it."""
    try:
        return [one_line(line) for line in _KINDS[what.kind](what)]
    except (KeyError, ValueError, TypeError, AttributeError, SoptiError) as error:
        raise IntegrityError(UNREADABLE, on=what.kind, found=repr(error), next="sopti ledger verify") from error


def proposing_text(what: Told) -> str:
    """Give the page that a proposer signs."""
    return _page(_indented(_lines(what)), what, what.words("You propose:"))


def confirming_text(what: Told, proposal: Proposal) -> str:
    """Give the page that a confirming official signs."""
    words, zone = what.words, what.court.zone
    by = words(
        "Proposed by {person}, {moment}",
        person=what.person(proposal.person),
        moment=words.moment(proposal.at, zone),
    )
    lines = [*_indented(_lines(what)), "", by, words("Proposal: {proposal}", proposal=proposal.id)]
    return _page(lines, what, words("You confirm:"))


def _page(lines: list[str], what: Told, first: str) -> str:
    data = json.dumps({"kind": what.kind, "content": what.data}, ensure_ascii=False, sort_keys=True)
    appendix = what.words("Appendix for the expert, the data as the ledger keeps them:")
    return "\n".join([first, "", *lines, "", appendix, data, ""])


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" if n == 0 else f"    {line}" for n, line in enumerate(lines)]


def _enrol(what: Told) -> list[str]:
    return [
        what.words(
            "Enrol {name} ({person}) with the key {key}",
            name=what.texts.get("name", "–"),
            person=what.data["person"],
            key=what.data["key"]["fingerprint"],
        )
    ]


def _key(what: Told) -> list[str]:
    person, key = what.person(what.data["person"]), what.data["key"]["fingerprint"]
    return [what.words("Accept one more key of {person}: {key}", person=person, key=key)]


def _retire_key(what: Told) -> list[str]:
    key, stolen = what.data["fingerprint"], what.data["compromised_from"]
    owner = what.court.register.owner(key)
    person = what.person(owner.id) if owner else what.words("nobody known")
    line = what.words("Retire the key {key} of {person}: it no longer counts", key=key, person=person)
    if stolen is None:
        return [line]
    return [
        line,
        what.words("What it signed from event {event} on no longer counts either: it was stolen", event=stolen),
    ]


def _appoint(what: Told) -> list[str]:
    data, last = what.data, what.data["last"]
    line = what.words(
        N_("Appoint {person} as {office} ({status}) from {first} to {last}")
        if last
        else N_("Appoint {person} as {office} ({status}) from {first}"),
        person=what.person(data["person"]),
        office=what.office(data["office"]),
        status=what.words(_STATUS[Status(data["status"])]),
        first=what.day(data["first"]),
        **({"last": what.day(last)} if last else {}),
    )
    return [line, *([what.words("By order {order}", order=what.texts["order"])] if what.texts.get("order") else [])]


def _end_appointment(what: Told) -> list[str]:
    held, last = what.court.register.appointments.get(what.data["appointment"]), what.day(what.data["last"])
    if held is None:
        return [what.words("End an appointment that does not exist ({id})", id=what.data["appointment"])]
    person, office = what.person(held.person), what.office(held.office)
    return [
        what.words(
            "End the appointment of {person} as {office}: last day {last}", person=person, office=office, last=last
        )
    ]


def _policy(what: Told) -> list[str]:
    changes = policy_changes(what.court.policy, policy_from(what.data["policy"]), what.words)
    return [what.words("Change the court's policy:"), *(changes or [what.words("nothing: the policy is so already")])]


def _calendar(what: Told) -> list[str]:
    words, year = what.words, CalendarYear.from_data(what.data["year"])
    leave = [h for h in year.days if h.kind is DayKind.JOINT_LEAVE]
    line = words(
        "Adopt the calendar of {year}: {holidays} holidays and {leave} days of joint leave",
        year=year.year,
        holidays=len(year.days) - len(leave),
        leave=len(leave),
    )
    notes = [words("Source: {source} {version}", source=year.source, version=year.version)]
    if not year.joint_leave_known:
        notes.append(words("Warning: the joint leave of {year} is not known yet.", year=year.year))
    if year.year in what.court.years:
        notes.append(words("It replaces the calendar of this year that was adopted before"))
    return [line, *notes, *(f"{words.weekday(h.day)}, {words.day(h.day)}: {h.label}" for h in year.days)]


def _calendar_override(what: Told) -> list[str]:
    day = date.fromisoformat(what.data["date"])
    line = what.words(
        N_("Make {weekday}, {day} a working day, by {number}")
        if what.data["working"]
        else N_("Make {weekday}, {day} a holiday, by {number}"),
        weekday=what.words.weekday(day),
        day=what.words.day(day),
        number=what.data["legal_number"],
    )
    reason = what.texts.get("reason")
    return [line, *([what.words("Reason: {reason}", reason=reason)] if reason else [])]


def _step(what: Told) -> list[str]:
    step, sop = what.data["step"], what.court.sop
    activity = pick(what.words, sop.activity(step).title) if sop else ""
    office = what.office(what.data["office"])
    return [what.words("{office} carries out SOP step {step}: {activity}", office=office, step=step, activity=activity)]


def _witness(what: Told) -> list[str]:
    name, vkey = what.data["vkey"].split("+")[0], what.data["vkey"]
    return [what.words("Accept {name} as a witness of this ledger, with the key {vkey}", name=name, vkey=vkey)]


def _clock(what: Told) -> list[str]:
    now = what.words.moment(what.books.now().time, what.court.zone)
    return [what.words("Declare that this machine's clock is right; it shows {moment}", moment=now)]


def _decree(what: Told) -> list[str]:
    data, words = what.data, what.words
    line = words(
        "Register a decree that allows emergency changes from {first} to {last}",
        first=what.day(data["first"]),
        last=what.day(data["last"]),
    )
    number = what.texts.get("number")
    return [
        line,
        *([words("Number of the decree: {number}", number=number)] if number else []),
        words("Allowed acts: {models}", models=", ".join(data["models"])),
        words("By: {offices}", offices=", ".join(map(what.office, data["offices"]))),
        words("On: {hosts}", hosts=", ".join(data["hosts"]) or words("every host that the acts allow")),
        words("A plan made under it may wait {hours} hours for its run", hours=data["hours"]),
        words("These acts run without an approval and must be ratified within one working day"),
    ]


def _end_decree(what: Told) -> list[str]:
    held = what.court.decrees.get(what.data["decree"])
    if held is None:
        return [what.words("End a decree that does not exist ({id})", id=what.data["decree"])]
    models = ", ".join(held.models)
    return [what.words("End the decree that allows {models} as emergency changes ({id})", models=models, id=held.id)]


def _erase(what: Told) -> list[str]:
    digest = what.data["digest"]
    named = _named(what, digest) or what.words("a text that no request or person of this court names")
    return [
        what.words("Erase for good: {text}", text=named),
        what.words("Its digest stays in the ledger: {digest}", digest=digest),
    ]


def _restore(what: Told) -> list[str]:
    words, size, seen = what.words, what.data["size"], what.data["seen_size"]
    lines = [
        words("Go on with the copy of {size} events that was put back", size=size),
        words("The newest checkpoint seen elsewhere covers {seen} events", seen=seen),
        words("Every open plan and approval is void; runs that were going on count as interrupted"),
    ]
    if seen <= size:
        return [*lines[:2], words("No event is known to be missing"), lines[2]]
    return [
        words(
            "Go on with an old copy of {size} events: {lost} later ones are LOST FOR GOOD", size=size, lost=seen - size
        ),
        *lines[1:],
        words("Every later recap and verification will say so"),
    ]


def _named(what: Told, digest: str) -> str:
    """Say which text a digest means, without its words: they are about to be erased."""
    for person in what.court.register.persons.values():
        if person.name and person.name.digest.hex() == digest:
            return what.words("the name of {person}", person=what.person(person.id))
    for request in what.court.requests.values():
        for name, ref in request.texts.items():
            if ref.digest.hex() == digest:
                return what.words(
                    "{text} of request {request}", text=what.words(_TEXTS.get(name, name)), request=request.number
                )
    for proposal in what.court.proposals.values():
        for name, ref in proposal.texts.items():
            if ref.digest.hex() == digest:
                return what.words(
                    "{text} of proposal {proposal}", text=what.words(_TEXTS.get(name, name)), proposal=proposal.id
                )
    return ""


_KINDS: Mapping[str, Callable[[Told], list[str]]] = {
    "enrol": _enrol,
    "key": _key,
    "retire_key": _retire_key,
    "appoint": _appoint,
    "end_appointment": _end_appointment,
    "policy": _policy,
    "calendar": _calendar,
    "calendar_override": _calendar_override,
    "step": _step,
    "witness": _witness,
    "clock": _clock,
    "erase": _erase,
    "decree": _decree,
    "end_decree": _end_decree,
    "restore": _restore,
}
"""Kind → its lines."""
