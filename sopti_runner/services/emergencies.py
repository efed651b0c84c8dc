"""Emergencies: declare, plan and run at once by a decree; record what was done by hand; answer for it afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sopti_runner.domain.authority import no_office
from sopti_runner.domain.change import ChangeType
from sopti_runner.domain.court import Court
from sopti_runner.domain.emergency_rules import beyond, decree_in_force, not_in_force
from sopti_runner.domain.ledger.event import SYSTEM
from sopti_runner.domain.minutes import HOST_WORDS
from sopti_runner.domain.plain import bare_name, one_line
from sopti_runner.domain.request import ActName, Request
from sopti_runner.domain.run import Run
from sopti_runner.domain.variables import check_variables
from sopti_runner.domain.words import Words, pick
from sopti_runner.errors import N_, ContentError, NotFoundError, SoptiError, UsageError
from sopti_runner.ports import Content, Progress, StatementSigner, Waiting
from sopti_runner.services.acts import Acts, OnPaper
from sopti_runner.services.applying import Applying
from sopti_runner.services.planning import find, make_plan


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done at once.

    Attributes:
        playbook: The change model's name.
        hosts: Names of hosts and groups; empty for all groups of the change model.
        variables: As given.
        seen: What was seen, in the executor's words.
        category: ``request.CATEGORIES`` word.
        personal_data: ``request.PERSONAL_DATA`` word; "yes" starts the 3 x 24 hours of UU 27/2022.
    """

    playbook: str
    hosts: Sequence[str]
    variables: Mapping[str, Any]
    seen: str
    category: str = "security"
    personal_data: str = "unknown"


class Emergencies:
    """Emergency changes of this court.

    Args:
        acts: The court's acts.
        content: Playbooks with their change models.
        applying: The gate and the run.
        words: Language in which officials read.
    """

    def __init__(self, acts: Acts, content: Content, applying: Applying, words: Words) -> None:
        self.acts, self.books, self.content, self.applying = acts, acts.books, content, applying
        self.words = words

    def declare(self, wanted: Wanted, signer: StatementSigner) -> Request:
        """Register the emergency under the decree that allows it, signed by the executor.

        Raises:
            RefusedError: No decree in force allows this to this person; recorded.
            ContentError, VariableError: Content, host or variable can't be used; nothing was recorded.
        """
        model = self.content.change_model(wanted.playbook)
        if ChangeType.EMERGENCY not in model.change_types:
            raise ContentError(
                N_("The playbook is not for changes of this kind"),
                on=wanted.playbook,
                expected=", ".join(model.change_types),
                found=ChangeType.EMERGENCY.value,
                next="sopti emergency list",
            )
        checked = check_variables(model, wanted.variables)
        person = self.acts.owner(signer.fingerprint)
        self._decree(person, wanted)
        sealed = self.content.seal(wanted.playbook, limit=wanted.hosts, variables=checked)
        decree = self._decree(person, wanted, sealed.hosts)
        data = {"decree": decree, "category": wanted.category, "personal_data": wanted.personal_data}
        shown = f"{wanted.playbook}: {pick(self.words, model.purpose)}\n{one_line(wanted.seen)}\n"
        waiting = self.acts.prepare(
            ActName.DECLARE,
            person=person,
            subjects=[],
            data=data,
            texts={"description": wanted.seen},
            display=shown,
        )
        event = self.acts.sign(waiting, signer)[0]
        return self.books.court().requests[event.subject]

    def carry_out(self, request: Request, wanted: Wanted, signer: StatementSigner, progress: Progress) -> Run:
        """Plan a declared emergency on its hosts and run exactly that plan, at once.

        Raises:
            RefusedError: The decree does not allow it, or the gate said no; recorded, no host was changed.
            ExecutionError, DeviceError: The play could not run in check mode; recorded.
            UsageError: The request is no declared emergency whose run is still to come; nothing was changed.
        """
        if not request.by_decree:
            raise UsageError(
                N_("This request is no emergency whose run is still to come"),
                on=request.number,
                next=f"sopti request show {request.number}",
            )
        make_plan(
            self.acts,
            self.content,
            self.applying.engine,
            signer,
            number=request.id,
            playbook=wanted.playbook,
            limit=wanted.hosts,
            variables=wanted.variables,
            tags=(),
            progress=progress,
        )
        return self.applying.apply(request.id, signer, progress)

    def record(self, data: Mapping[str, Any], texts: Mapping[str, str], signer: StatementSigner) -> Request:
        """Record what was done by hand; it waits for ratification from when it was done.

        Args:
            data: The act's own words: ``acted``, ``done_at``, ``hosts``, ``evidence``, ``category``, ``personal_data``.
            texts: ``description``, and ``acted_by`` for somebody who is not enrolled.
            signer: Whoever records.

        Raises:
            UsageError: ``acted_by`` is the name of an enrolled person, who could then ratify the act.
        """
        self._require_stranger(texts.get("acted_by", ""))
        person = self.acts.owner(signer.fingerprint)
        waiting = self.acts.prepare(ActName.RECORD, person=person, subjects=[], data=data, texts=texts)
        return self.books.court().requests[self.acts.sign(waiting, signer)[0].subject]

    def _require_stranger(self, named: str) -> None:
        """Refuse the name of an enrolled person, however it is spelt, as that of somebody who is not enrolled."""
        court = self.books.court()
        for person in court.register.persons if named else ():
            if bare_name(named) in (bare_name(person), bare_name(self.books.name(court, person))):
                raise UsageError(
                    N_("This is the name of an enrolled person, who must be named as that person"),
                    on="--who",
                    found=named,
                    next=f"sopti emergency record --who {person}",
                )

    def answer(
        self, act: ActName, number: str, *, person: str, texts: Mapping[str, str], paper: OnPaper | None = None
    ) -> Waiting:
        """Make the statement that ratifies an emergency act, or refuses to, over the page that tells what was done.

        Args:
            act: ``RATIFY`` or ``REFUSE``.
            number: The request.
            person: The official.
            texts: ``reason`` of a refusal, ``note`` of a ratification.
            paper: When the page was signed by hand.
        """
        court = self.books.court()
        request = find(court, number)
        shown = self.page(request)
        return self.acts.prepare(
            act, person=person, subjects=[request.id], data={}, texts=texts, display=shown, paper=paper
        )

    def page(self, request: Request) -> str:
        """Give what an official reads before answering for an emergency act; NotFoundError when none was done."""
        court, words, act = self.books.court(), self.words, request.emergency
        if act is None or act.done_at is None or act.due is None:
            raise NotFoundError(
                N_("There is nothing to answer for"), on=request.number, next=f"sopti request show {request.number}"
            )
        people = ", ".join(self.books.name(court, person) for person in act.persons)
        rows = [
            (words("Request"), request.number),
            (words("What was seen or done"), one_line(self.books.text(request.texts.get("description")))),
            (words("Done by"), people),
            (words("Done"), words.moment(act.done_at, court.zone)),
            *self._rests_on(court, request),
            *self._outcome(court, request),
            (words("To be ratified by"), words.day(act.due)),
        ]
        return "\n".join(
            [words("EMERGENCY CHANGE, FOR RATIFICATION AFTERWARDS"), "", *(f"{k}: {v}" for k, v in rows), ""]
        )

    def _rests_on(self, court: Court, request: Request) -> list[tuple[str, str]]:
        words, act = self.words, request.emergency
        decree = court.decrees.get(act.decree) if act else None
        if decree is None:
            return [(words("Decree"), words("none was in force"))]
        return [(words("Decree"), f"{words.day(decree.first)} - {words.day(decree.last)} ({decree.id})")]

    def _outcome(self, court: Court, request: Request) -> list[tuple[str, str]]:
        """Give what the run did, or what the record says of hosts and evidence."""
        words, plan = self.words, request.plan
        runs = [r for r in court.runs.values() if r.request == request.id]
        if not runs or plan is None:
            event = next(self.books.store.events(request.steps[0].seq, subject=request.id))
            evidence = event.data.get("evidence") or words("none kept")
            return [
                (words("By hand, on"), ", ".join(event.data.get("hosts", []))),
                (words("SHA-256 of the evidence"), evidence),
            ]
        change = plan.playbook
        with suppress(SoptiError):
            change += f" - {pick(words, self.content.change_model(plan.playbook, plan.sealed).purpose)}"
        hosts = ", ".join(f"{h} {words(HOST_WORDS.get(o, o))}" for h, o in sorted((runs[-1].hosts or {}).items()))
        return [(words("Change"), change), (words("Hosts"), hosts), (words("Plan"), plan.digest)]

    def _decree(self, person: str, wanted: Wanted, hosts: Sequence[str] = ()) -> str:
        """Give the decree that allows what is wanted on these hosts, or refuse before a request is made for it."""
        books = self.books
        court, at = books.court(), books.now()
        moment = books.believed(court, at).time
        offices = court.register.offices_of(person, moment, court.today(moment))
        decree = decree_in_force(court, moment, wanted.playbook, offices)
        ident = decree.id if decree else max(court.decrees, default="")
        reasons = [*not_in_force(court, ident, moment)]
        if decree:
            reasons += beyond(court, ident, person, wanted.playbook, hosts)
            reasons += no_office(court, person, ActName.DECLARE, moment, ident)
        if reasons:
            data = {"act": ActName.DECLARE.value, "named": person}
            books.refuse(
                "",
                SYSTEM,
                reasons,
                N_("This is not allowed as an emergency change"),
                data,
                next_="sopti emergency list",
            )
        return ident
