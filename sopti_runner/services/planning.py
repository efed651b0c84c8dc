"""Planning: what would happen on the hosts, sealed, so that an official can approve exactly that (SOP: B7's input)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sopti_runner.domain import access, standing
from sopti_runner.domain.authority import no_office, offices_for
from sopti_runner.domain.change import ChangeModel
from sopti_runner.domain.court import Court
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.plan import Plan, RecordClass, decode_plan, encode_plan, plan_digest
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.request import ON_PLAN, ActName, Request
from sopti_runner.domain.variables import check_variables
from sopti_runner.errors import N_, ContentError, IntegrityError, NotFoundError, SoptiError
from sopti_runner.ports import Content, Engine, Progress, Sealed, StatementSigner
from sopti_runner.ports.access import Errand, Escort
from sopti_runner.services.access import on_own_keys
from sopti_runner.services.acts import Acts
from sopti_runner.services.books import Books


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan as recorded.

    Attributes:
        digest: Plan digest, 64 hex digits.
        kept: True when it equals the plan the request stood on already, so that advice and approval stay.
    """

    request: Request
    plan: Plan
    digest: str
    kept: bool


def find(court: Court, number: str) -> Request:
    """Give a request by number or id; NotFoundError otherwise."""
    request = court.find_request(number)
    if request is None:
        raise NotFoundError(N_("There is no such request"), on=number, next="sopti request list")
    return request


def stored_plan(books: Books, request: Request) -> Plan:
    """Read a request's plan back and check it against its digest.

    Raises:
        NotFoundError: The request has no plan.
        IntegrityError: The stored plan is gone, or not the one the ledger tells of: digest, hosts, failed tasks.
    """
    if request.plan is None:
        raise NotFoundError(
            N_("The request has no plan yet"), on=request.number, next=f"sopti plan {request.number} PLAYBOOK"
        )
    blob = books.store.blob(request.plan.blob.digest)
    plan = _read(blob.content) if blob else None
    told = request.plan
    if (
        plan is None
        or plan_digest(plan).hex() != told.digest
        or plan.hosts != told.hosts
        or len(plan.failed) != told.unapprovable
    ):
        raise IntegrityError(
            N_("The stored plan is not the one the ledger names"),
            on=request.number,
            expected=request.plan.digest,
            found=plan_digest(plan).hex() if plan else N_("nothing"),
            next="sopti ledger verify",
        )
    return plan


def _read(content: bytes) -> Plan | None:
    try:
        return decode_plan(content)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def sealed_of(request: Request, plan: Plan) -> Sealed:
    """Give the sealed copy a stored plan was made from."""
    assert request.plan is not None, "a stored plan has a reference"
    return Sealed(request.plan.sealed, plan.snapshot, plan.inventory, plan.hosts, plan.host_keys, plan.engine)


def errand(request: Request, hosts: Sequence[str], run: str = "", plan: Plan | None = None) -> Errand:
    """Give why hosts are reached for a request: a look, or a run of its plan."""
    touched = (state.object for record in plan.records for state in record.objects) if plan and run else ()
    converting = any(name.startswith(f"{access.KIND}:") for name in touched)
    return Errand(request.id, request.number, tuple(hosts), run, converting)


def shuts(plan: Plan) -> tuple[str, ...]:
    """Give the hosts of which a plan may take the standing key away; the way back to one takes none."""
    moving = (RecordClass.CHANGE, RecordClass.OPAQUE)
    ways = {(r.host, each.object) for r in plan.records if r.kind in moving for each in r.objects}
    return tuple(sorted({h for h, name in ways if name.startswith(f"{access.KIND}:") and name != access.BACK}))


def make_plan(
    acts: Acts,
    content: Content,
    engine: Engine,
    signer: StatementSigner,
    *,
    number: str,
    playbook: str,
    limit: Sequence[str],
    variables: Mapping[str, Any],
    tags: Sequence[str],
    progress: Progress,
    escort: Escort = on_own_keys,
) -> Planned:
    """Plan a request on its real hosts and record the plan, signed by whoever will carry it out.

    Raises:
        RefusedError: The request is not at a point where a plan may follow, or the signer may not plan.
        ContentError, VariableError: Playbook, model, inventory or variables can't be used, or the playbook is not for
            changes of this kind; nothing ran.
        ExecutionError, DeviceError: The play could not run in check mode; that is recorded.
    """
    books = acts.books
    court = books.court()
    request = find(court, number)
    owner = court.register.owner(signer.fingerprint)
    _may_plan(books, court, request, signer.fingerprint)
    model = content.change_model(playbook)
    checked = check_variables(model, variables)
    sealed = content.seal(playbook, limit=limit, variables=checked)
    _require_kind(request, content.change_model(playbook, sealed.id))
    try:
        with escort(engine, errand(request, sealed.hosts)) as carrying:
            plan = carrying.plan(sealed, playbook, checked, tags, progress)
    except SoptiError:
        record_read(books, "plan", request, sealed.hosts, "failed")
        raise
    digest = plan_digest(plan).hex()
    record_read(books, "plan", request, sealed.hosts, "ok")
    _require_console(books, request, owner.id if owner else "", plan)
    current = request.plan
    if current and current.digest == digest and current.sealed == sealed.id and request.state in ON_PLAN:
        return Planned(request, plan, digest, kept=True)
    data = {
        "plan": digest,
        "playbook": playbook,
        "sealed": sealed.id,
        "hosts": list(plan.hosts),
        "counts": {kind.value: len(plan.of(kind)) for kind in RecordClass},
    }
    waiting = acts.prepare(
        ActName.PLAN,
        person=owner.id if owner else "",
        subjects=[request.id],
        data=data,
        texts={"plan": encode_plan(plan)},
        display=digest,
    )
    acts.sign(waiting, signer)
    return Planned(books.court().requests[request.id], plan, digest, kept=False)


def _may_plan(books: Books, court: Court, request: Request, fingerprint: str) -> None:
    """Refuse before the long work what would be refused after it."""
    at = books.now()
    owner = court.register.owner(fingerprint)
    key, person = (owner.key(fingerprint), owner.id) if owner else (None, "")
    reasons = [*books.outside_reasons(court), *books.clock_reasons(court, at)]
    reasons += no_office(court, person, ActName.PLAN, books.believed(court, at).time, request.by_decree)
    if key is not None and not key.counts_at(court.size):
        reasons.append(Reason("key_retired", N_("The key {key} no longer counts"), {"key": fingerprint}))
    reasons += [*standing.without_change(request), *standing.out_of_order(request, ActName.PLAN)]
    if reasons:
        data = {"act": ActName.PLAN.value, "named": person}
        books.refuse(request.id, SYSTEM, reasons, N_("This request can't be planned now"), data)


def _require_console(books: Books, request: Request, person: str, plan: Plan) -> None:
    """Refuse a plan that would take the last standing key of a host whose console was not proven."""
    known = books.court().access
    who = offices_for(books.court(), ActName.START)
    reasons = tuple(standing.unproven(known.consoles, known.weaker(shuts(plan)), who))
    if reasons:
        data = {"act": ActName.PLAN.value, "named": person}
        books.refuse(request.id, SYSTEM, reasons, N_("This request can't be planned now"), data)


def _require_kind(request: Request, model: ChangeModel) -> None:
    """Refuse a playbook whose change model does not allow the kind of change that the request was classified as."""
    if request.change_type not in model.change_types:
        raise ContentError(
            N_("The playbook is not for changes of this kind"),
            on=f"{request.number}: {model.playbook}",
            expected=", ".join(model.change_types),
            found=request.change_type,
            next=f"sopti return {request.number} --help",
        )


def record_read(books: Books, kind: str, request: Request, hosts: Sequence[str], outcome: str) -> None:
    """Record that hosts were read: no approval is needed for it, but it is not done in secret."""
    data = {"kind": kind, "hosts": list(hosts), "outcome": outcome}
    books.tell([Draft(books.new_id(books.now()), "read.finished", request.id, SYSTEM, data)])
