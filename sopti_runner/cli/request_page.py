"""One request as a page: what is asked, where it stands, each step's deadline, who did what, and what comes next."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from sopti_runner.cli import output
from sopti_runner.cli.language import _, current
from sopti_runner.cli.names import Names, act_words, command_on, proof_words

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.domain.court import Court
    from sopti_runner.domain.request import Request

SIDEWAYS = frozenset({"return", "reject", "withdraw", "revoke", "refuse", "cancel"})
"""Acts that lead away from the SOP's way."""


def show(here: House, ident: str) -> None:
    """Print a request by number or id; NotFoundError when there is none."""
    from sopti_runner.domain.request import STATE_WORDS, may_follow
    from sopti_runner.services.planning import find
    from sopti_runner.services.signatories import requester

    court = here.books.court()
    request, today = find(court, ident), court.today(here.books.now().time)
    names, open_ = Names(here, court), bool(may_follow(request.state))
    late = overdue(court, request, today)
    output.say(output.one_line(f"{request.number}: {here.books.text(request.texts.get('description'))}"))
    day = _day(court, request, today) if open_ else ""
    output.say("  " + _("State: {state}", state=_(STATE_WORDS[request.state])) + day)
    asker = requester(here.books, court, request)
    unit = here.books.text(request.texts.get("unit"))
    output.say("  " + output.one_line(_("Requester: {who}", who=", ".join(dict.fromkeys((asker, unit))))))
    for act in ways(request):
        output.say("  " + _("Next: {act} – {offices}", act=act_words(act), offices=names.offices(_holders(court, act))))
        output.say(f"    {command_on(act, request)}")
    if not open_:
        output.say("  " + _("Next: nothing; it is over"))
    output.table(
        [_("Step"), _("When"), _("Who"), _("Capacity"), _("Proof")],
        [
            (
                act_words(s.act),
                here.words.moment(s.at, court.zone),
                names.person(s.person) if s.person != "system" else "sopti",
                names.capacity(s.capacity),
                proof_words(s.proof),
            )
            for s in request.steps
        ],
    )
    if open_:
        _deadlines(here, court, request, late)
    _end(court, request, today)


def say_recorded(here: House, ident: str) -> None:
    """Say in two lines where an act has brought a request; the whole page is ``show``."""
    court = here.books.court()
    request = court.requests[ident]
    say_state(request)
    _end(court, request, court.today(here.books.now().time))


def say_state(request: Request) -> None:
    """Say where a request stands after an act, and the commands that carry it on."""
    from sopti_runner.domain.request import STATE_WORDS

    output.say(_("Recorded: {number} is now {state}.", number=request.number, state=_(STATE_WORDS[request.state])))
    say_next(request)


def _end(court: Court, request: Request, today: date) -> None:
    """Say what the calendar doubts today, and give the page as data."""
    doubts = [_(d.text, year=d.year, next=d.next) for d in court.calendar.doubts(today, today)]
    for doubt in doubts:
        output.say(doubt)
    output.data(_data(request, overdue(court, request, today), doubts))


def say_next(request: Request) -> None:
    """Say the commands that carry a request on."""
    for act in ways(request):
        output.say(_("Next: {command}", command=command_on(act, request)))


def ways(request: Request) -> list[str]:
    """Give the acts that carry a request on, without those that lead away, and those of its own kind only."""
    from sopti_runner.domain.request import ActName, State, may_follow

    if request.state is State.PLANNED and request.plan and request.plan.unapprovable:
        return [ActName.PLAN.value]
    planless = {ActName.GRANT, ActName.TRIAGE}
    unwanted = {ActName.PLAN} if not request.technical else planless if request.change_type else set()
    acts = [a for a in may_follow(request.state) if a.value not in SIDEWAYS and a not in unwanted]
    return [a.value for a in acts if a is not ActName.PLAN or acts == [a]]  # planning anew is no way on


def overdue(court: Court, request: Request, today: date) -> list[str]:
    """Give the SOP steps that are late, in order."""
    from sopti_runner.domain.lateness import late

    return [step for step, _days in late(request, court.calendar, today)]


def _holders(court: Court, act: str) -> str:
    from sopti_runner.domain.authority import offices_for
    from sopti_runner.domain.request import ActName

    return ", ".join(offices_for(court, ActName(act)))


def _day(court: Court, request: Request, today: date) -> str:
    """``, day 3 of 5``: the SOP's own count, in working days from the first."""
    last = court.sop.activity("B9").day if court.sop else None
    if not request.due or not last:
        return ""
    first = date.fromisoformat(request.due["B1"])
    if today < first:
        return ""
    day = court.calendar.working_days_late(first, today) + 1
    return _(" (day {day} of {days})", day=day, days=last)


def _deadlines(here: House, court: Court, request: Request, late: list[str]) -> None:
    from sopti_runner.domain.lateness import pending

    to_come = pending(request)
    rows = []
    for step, due in request.due.items():
        activity = court.sop.activity(step) if court.sop else None
        title = getattr(activity.title, here.lang) if activity else ""
        number = activity.day if activity else None
        when = here.words.day(date.fromisoformat(due))
        status = _("overdue") if step in late else _("still to come") if step in to_come else _passed(request, step)
        rows.append((step, title, _("day {day}: {when}", day=number, when=when), status))
    output.table([_("SOP"), _("Activity"), _("Due"), _("Status")], rows)


def _passed(request: Request, step: str) -> str:
    """Say how a step is behind a request: done, done at once with others, or not needed at all."""
    from sopti_runner.domain.lateness import EMERGENCY, TRIAGED
    from sopti_runner.domain.request import RULES, ActName

    acts = {s.act for s in request.steps}
    if any(RULES[ActName(act)].on_time == step for act in acts if act in set(ActName)):
        return _("done")
    if request.emergency and step in EMERGENCY:
        return _("not before an emergency act")
    if step == "B7" and not request.technical:
        return _("not needed: no technical change")
    return _("by triage") if ActName.TRIAGE in acts and step in TRIAGED else _("done")


def _emergency(request: Request) -> dict[str, Any] | None:
    """Give what a program needs of an emergency: the decree, until when it must be answered for, and the answer."""
    told = request.emergency
    if told is None:
        return None
    due = told.due.isoformat() if told.due else None
    return {"decree": told.decree or None, "ratify_by": due, "verdict": told.verdict.value, "days_late": told.late}


def _data(request: Request, late: list[str], warnings: list[str]) -> dict[str, Any]:
    from sopti_runner.domain.request import may_follow

    return {
        "request": request.number,
        "id": request.id,
        "state": request.state.value,
        "next": [a.value for a in may_follow(request.state)],
        "due": dict(request.due),
        "overdue": late,
        "plan": request.plan.digest if request.plan else None,
        "approval": request.approval or None,
        "emergency": _emergency(request),
        "steps": [
            {"act": s.act, "at": s.at.isoformat(), "person": s.person, "capacity": s.capacity, "proof": s.proof}
            for s in request.steps
        ],
        "warnings": warnings,
        "language": current(),
    }
