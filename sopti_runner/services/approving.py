"""Approving: the one page an official reads, and the statement that binds exactly what it shows (SOP B8)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sopti_runner.domain.approval_sheet import ApprovalSheet, display_text, standing_steps
from sopti_runner.domain.authority import no_office, offices_for
from sopti_runner.domain.change import ChangeModel, ChangeType, Wording
from sopti_runner.domain.court import Court
from sopti_runner.domain.host_changes import host_changes
from sopti_runner.domain.ledger.event import SYSTEM
from sopti_runner.domain.office import Status
from sopti_runner.domain.plain import one_line
from sopti_runner.domain.plan import Plan
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.request import ActName, PlanRef, Request
from sopti_runner.domain.signatory import Signatory
from sopti_runner.domain.standing import out_of_order
from sopti_runner.domain.words import Words
from sopti_runner.errors import N_, UsageError
from sopti_runner.ports import Content, Waiting
from sopti_runner.services.acts import Acts, OnPaper
from sopti_runner.services.planning import find, stored_plan
from sopti_runner.services.signatories import latest, named, note_of, requester, title

DEFAULT_DAYS = 7
WITHOUT_CHANGE = N_("without a technical change")


class Approving:
    """Make approval sheets and the statements over them.

    Args:
        acts: The court's acts.
        content: Playbooks with their change models.
        words: Language in which officials read.
    """

    def __init__(self, acts: Acts, content: Content, words: Words) -> None:
        self.acts, self.books, self.content, self.words = acts, acts.books, content, words

    def sheet(
        self, number: str, *, person: str = "", days: int = DEFAULT_DAYS, not_before: datetime | None = None
    ) -> ApprovalSheet:
        """Give the Lembar Persetujuan of a planned request.

        Args:
            number: The request.
            person: The official who will decide, or empty when not known yet.
            days: How long the approval would stay usable, from ``not_before``.
            not_before: From when it would count, aware UTC; now when None.
        """
        books, court, now = self.books, self.books.court(), self.books.now().time
        request = find(court, number)
        plan = stored_plan(books, request)
        assert request.plan is not None, "a stored plan has a reference"
        model = self.content.change_model(plan.playbook, request.plan.sealed)
        opens = not_before or now.replace(microsecond=0)
        office = _office(court, ActName.APPROVE, person, now)
        held = court.capacity(person, office, now)
        recorded = named(books, court, request, standing_steps(request))
        adviser = latest(recorded, "B7")
        return ApprovalSheet(
            letterhead=tuple(books.text(court.name).split("\n")),
            place=books.text(court.place),
            zone=court.zone,
            number=request.number,
            requester=requester(books, court, request),
            unit=books.text(request.texts.get("unit")),
            asked=books.text(request.texts.get("description")),
            why=books.text(request.texts.get("basis")) if "basis" in request.texts else "",
            playbook=plan.playbook,
            change_type=ChangeType(request.change_type or "normal"),
            purpose=model.purpose,
            effect=model.effect,
            worst_case=model.worst_case,
            backout=model.backout,
            risk=model.risk,
            settings=_settings(model, plan),
            hosts=host_changes(plan),
            weaker=court.access.weaker(plan.hosts),
            blind_spots=model.unpredictable,
            advice=request.advice if adviser else "",
            advice_note=note_of(books, request, ActName.CONSIDER, "advice_note") if adviser else "",
            adviser=adviser,
            not_before=opens,
            expires=opens + timedelta(days=days),
            recorded=recorded,
            approver=Signatory(
                books.name(court, person) if person else "",
                title(court, office),
                held.status if held else Status.DEFINITIVE,
            ),
            plan=request.plan.digest,
            made_at=now,
        )

    def prepare(
        self,
        number: str,
        *,
        person: str,
        days: int = DEFAULT_DAYS,
        not_before: datetime | None = None,
        paper: OnPaper | None = None,
    ) -> tuple[Waiting, ApprovalSheet]:
        """Make the statement of an approval over exactly the plan the sheet shows.

        Args:
            number: The request.
            person: The approving official.
            days: How long it stays usable.
            not_before: From when it counts, aware UTC; now when None.
            paper: When the sheet was signed by hand.

        Raises:
            RefusedError: The official may not approve this now, or an input changed since the plan was made; recorded.
        """
        self._require_standing(number, person)
        sheet = self.sheet(number, person=person, days=days, not_before=not_before)
        request = find(self.books.court(), number)
        plan = stored_plan(self.books, request)
        assert request.plan is not None, "a stored plan has a reference"
        self._require_unchanged(request, request.plan, plan)
        data: dict[str, Any] = {
            "plan": sheet.plan,
            "hosts": list(plan.hosts),
            "not_before": sheet.not_before.isoformat(),
            "expires": sheet.expires.isoformat(),
            "uses": 1,
        }
        waiting = self.acts.prepare(
            ActName.APPROVE,
            person=person,
            subjects=[request.id],
            data=data,
            display=display_text(sheet, self.words),
            paper=paper,
        )
        return waiting, sheet

    def _line(self, court: Court, request: Request) -> str:
        """Give a request on one line, whatever its words hold: no text of a requester makes a line of its own."""
        said = (requester(self.books, court, request), self.books.text(request.texts.get("unit")))
        who = ", ".join(dict.fromkeys(filter(None, map(one_line, said))))
        asked = one_line(self.books.text(request.texts.get("description")))
        return f"{request.number}  {asked} ({who}; {self.words(WITHOUT_CHANGE)})"

    def _require_standing(self, number: str, person: str) -> None:
        """Refuse before the sheet is shown what would be refused after it was read."""
        court, now = self.books.court(), self.books.now()
        request = find(court, number)
        why = [
            *no_office(court, person, ActName.APPROVE, self.books.believed(court, now).time),
            *out_of_order(request, ActName.APPROVE),
        ]
        if why:
            data = {"act": ActName.APPROVE.value, "named": person}
            self.books.refuse(request.id, SYSTEM, why, N_("This request can't be approved now"), data)

    def _require_unchanged(self, request: Request, ref: PlanRef, plan: Plan) -> None:
        altered = self.content.compare(ref.sealed, plan.playbook, limit=plan.hosts, variables=plan.variables)
        if altered:
            why = [Reason("input_changed", N_("Changed since it was planned: {name}"), {"name": n}) for n in altered]
            data = {"act": ActName.APPROVE.value, "plan": ref.digest}
            self.books.refuse(
                request.id, SYSTEM, why, N_("Inputs changed since the plan was made; it can't be approved"), data
            )

    def prepare_list(self, numbers: Sequence[str], *, person: str, paper: OnPaper | None = None) -> Waiting:
        """Make one statement that grants a list of requests without a technical change; on paper if it was signed so.

        Raises:
            UsageError: A request needs a plan and can't be granted in a list.
        """
        court = self.books.court()
        requests = [find(court, number) for number in numbers]
        for request in requests:
            if request.technical and not request.change_type:
                raise UsageError(
                    N_("This request is not classified yet; a list takes requests without a technical change"),
                    on=request.number,
                    next=f"sopti request triage {request.number}",
                )
            if request.technical:
                raise UsageError(
                    N_("This request is a technical change; it is approved on its own, with its plan"),
                    on=request.number,
                    next=f"sopti plan {request.number} PLAYBOOK",
                )
        shown = "\n".join([self.words("LIST OF REQUESTS FOR APPROVAL"), *(self._line(court, r) for r in requests), ""])
        return self.acts.prepare(
            ActName.GRANT, person=person, subjects=[r.id for r in requests], data={}, display=shown, paper=paper
        )


def _settings(model: ChangeModel, plan: Plan) -> tuple[tuple[Wording, str], ...]:
    return tuple(
        (v.about, _shown(plan.variables[name])) for name, v in model.variables.items() if name in plan.variables
    )


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_shown(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{k} {_shown(v)}" for k, v in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _office(court: Court, act: ActName, person: str, now: datetime) -> str:
    offices = offices_for(court, act)
    return next((o for o in offices if court.capacity(person, o, now)), offices[0] if offices else "")
