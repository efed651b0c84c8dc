"""What a decree forbids, and who may answer for an emergency act: the same reasons for judge, gate and audit.

The rule this module keeps:

- An act by a decree needs one in force on that day that names its change model, its hosts and the executor's office;
  a plan made under it grows stale after the hours it gives.
- Whoever confirmed a decree never acts by it; whoever acted never ratifies: persons are compared, never accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sopti_runner.domain.calendar import ONE_DAY
from sopti_runner.domain.court import Court
from sopti_runner.domain.emergency import Decree
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.request import ActName, PlanRef, Request
from sopti_runner.errors import N_

if TYPE_CHECKING:
    from sopti_runner.domain.authority import Act


def decree_in_force(court: Court, when: datetime, playbook: str = "", offices: Iterable[str] = ()) -> Decree | None:
    """Give the decree that counts at ``when`` (aware UTC): the newest that fits a change model and offices best."""
    found = [d for d in court.decrees.values() if d.in_force(court.today(when))]
    named = [d for d in found if playbook in d.models]
    held = [d for d in named if set(offices) & set(d.offices)]
    return next(reversed(held or named or found), None)


def not_in_force(court: Court, decree: str, now: datetime) -> Iterator[Reason]:
    """Give why nobody may act by a decree now."""
    known = court.decrees.get(decree)
    if known is None:
        yield Reason("no_decree", N_("Emergency changes are off: no decree that allows them is registered"), {}, ())
    elif known.ended:
        yield Reason("decree_ended", N_("The decree was ended before its last day"))
    elif not known.in_force(court.today(now)):
        fields = {"first": known.first.isoformat(), "last": known.last.isoformat()}
        yield Reason("decree_not_in_force", N_("The decree counts from {first} to {last}, not today"), fields)


def beyond(court: Court, decree: str, person: str, playbook: str, hosts: Iterable[str]) -> Iterator[Reason]:
    """Give what a decree does not allow; nothing for one that is not there, which ``not_in_force`` says."""
    known = court.decrees.get(decree)
    if known is None:
        return
    if playbook not in known.models:
        fields = {"model": playbook, "models": ", ".join(known.models)}
        yield Reason("model_not_allowed", N_("The decree does not allow {model}; it allows: {models}"), fields)
    for host in sorted(set(hosts) - set(known.hosts)) if known.hosts else ():
        yield Reason("host_not_allowed", N_("The decree does not allow changes of {host}"), {"host": host})
    if known.confirmed_by == person:
        yield Reason("executor_confirmed_decree", N_("Who confirmed the decree never acts by it"), who=known.offices)


def may_not_start(court: Court, request: Request, person: str, now: datetime) -> Iterator[Reason]:
    """Give why a declared emergency may not be run by its decree now."""
    yield from not_in_force(court, request.by_decree, now)
    plan = request.plan
    if plan is None:
        yield Reason("no_plan", N_("Request {request} has no plan"), {"request": request.number})
        return
    yield from beyond(court, request.by_decree, person, plan.playbook, plan.hosts)
    yield from _stale(court.decrees.get(request.by_decree), plan, now)


def _stale(decree: Decree | None, plan: PlanRef, now: datetime) -> Iterator[Reason]:
    if decree and now - plan.at > timedelta(hours=decree.hours):
        yield Reason(
            "plan_stale", N_("The plan is older than the {hours} hours that the decree gives"), {"hours": decree.hours}
        )


def decree_of(court: Court, act: Act) -> str:
    """Give the decree that an act rests on: the one it declares, or the one of its declared request; else empty."""
    if act.name == ActName.DECLARE:
        return str(act.data.get("decree", ""))
    return next((court.requests[s].by_decree for s in act.subjects if s in court.requests), "")


def declared(court: Court, act: Act, now: datetime) -> Iterator[Reason]:
    """Give why an emergency may not be declared now."""
    yield from not_in_force(court, decree_of(court, act), now)


def within_decree(court: Court, act: Act, request: Request, now: datetime) -> Iterator[Reason]:
    """Give why a declared emergency may not be planned so; nothing for a request that goes the SOP's way."""
    if not request.by_decree:
        return
    hosts = act.data.get("hosts")
    names = [str(host) for host in hosts] if isinstance(hosts, list) else []
    yield from not_in_force(court, request.by_decree, now)
    yield from beyond(court, request.by_decree, act.person, str(act.data.get("playbook")), names)


def answerable(court: Court, act: Act, request: Request, now: datetime) -> Iterator[Reason]:
    """Give why a person may not ratify an emergency act nor refuse to."""
    done = request.emergency
    if done is None or not done.waits:
        yield Reason("nothing_to_ratify", N_("Request {request} has nothing to ratify"), {"request": request.number})
    elif act.person in done.persons or (request.plan and request.plan.by == act.person):
        yield Reason(
            "ratifier_acted",
            N_("Who declared, did or recorded an emergency act can't answer for it"),
            who=(court.executor("B8"),),
        )


def ratify_by(court: Court, done_at: datetime) -> date:
    """Give the last day for a ratification: one working day after the act, in the court's zone and calendar."""
    return court.calendar.next_working_day(court.today(done_at) + ONE_DAY)


def days_late(court: Court, request: Request, now: datetime) -> int:
    """Give by how many working days an answer given now is late; 0 in time."""
    due = request.emergency.due if request.emergency else None
    return court.calendar.working_days_late(due, court.today(now)) if due else 0
