"""The ledger's own words (event types, facts, values) and what people read for them."""

from __future__ import annotations

from collections.abc import Mapping

from sopti_runner.cli.language import _
from sopti_runner.errors import N_

EVENTS: Mapping[str, str] = {
    "court.created": N_("court founded"),
    "governance.proposed": N_("proposed"),
    "governance.confirmed": N_("confirmed"),
    "clock.corrected": N_("clock corrected"),
    "log.restored": N_("put back from a backup"),
    "backup.made": N_("backed up"),
    "kit.made": N_("recovery kit made"),
    "secret.set": N_("secret kept"),
    "secret.removed": N_("secret removed"),
    "gate.refused": N_("refused"),
    "read.finished": N_("hosts read"),
    "request.registered": N_("registered"),
    "request.disposed": N_("disposed"),
    "request.examined": N_("examined"),
    "request.classified": N_("classified"),
    "request.verified": N_("verified"),
    "request.prioritised": N_("prioritised"),
    "request.planned": N_("planned"),
    "request.considered": N_("considered"),
    "request.approved": N_("approved"),
    "approval.revoked": N_("approval withdrawn"),
    "run.started": N_("run started"),
    "run.cancelled": N_("run stopped by a person"),
    "run.finished": N_("run ended"),
    "task.finished": N_("task"),
    "request.returned": N_("returned"),
    "request.resubmitted": N_("submitted again"),
    "request.rejected": N_("rejected"),
    "request.withdrawn": N_("withdrawn"),
    "request.triaged": N_("ready for approval"),
    "request.granted": N_("approved, no technical change"),
    "request.fulfilled": N_("work recorded"),
    "request.closed": N_("finished"),
    "emergency.declared": N_("emergency declared"),
    "emergency.recorded": N_("act by hand recorded"),
    "emergency.ratified": N_("ratified"),
    "emergency.refused": N_("ratification refused"),
    "blob.erased": N_("text erased"),
    "authority.made": N_("certificate authority made"),
    "authority.retired": N_("certificate authority retired"),
    "access.certified": N_("certificates issued"),
    "access.checked": N_("way into a host tried"),
    "access.revoked": N_("certificates revoked"),
    "session.recorded": N_("work by hand ended"),
    "access.reconciled": N_("logins of a host held against the ledger"),
    "console.sealed": N_("console of a host sealed"),
    "console.proven": N_("console of a host proven"),
    "console.used": N_("sealed console of a host used"),
}

FACTS: Mapping[str, str] = {
    "letter_urgency": N_("urgency of the letter"),
    "category": N_("category"),
    "change_type": N_("kind of change"),
    "priority": N_("priority"),
    "advice": N_("advice"),
    "playbook": N_("playbook"),
    "plan": N_("plan"),
    "hosts": N_("hosts"),
    "expires": N_("usable until"),
    "run": N_("run"),
    "outcome": N_("outcome"),
    "reasons": N_("reasons"),
    "object": N_("object"),
    "expected": N_("expected"),
    "found": N_("found"),
    "kind": N_("kind"),
    "host": N_("host"),
    "task": N_("task"),
    "waived": N_("waived"),
    "decree": N_("decree"),
    "done_at": N_("done at"),
    "evidence": N_("digest of the evidence"),
    "ratify_by": N_("to be ratified by"),
    "late": N_("working days late"),
    "end": N_("how it ended"),
    "changed": N_("objects changed"),
    "unexpected": N_("of them not expected"),
    "recording": N_("digest of the recording"),
}

VALUES: Mapping[str, str] = {
    "very_urgent": N_("very urgent"),
    "urgent": N_("urgent"),
    "ordinary": N_("ordinary"),
    "secret": N_("secret"),
    "account": N_("account"),
    "network": N_("network"),
    "computer": N_("computer"),
    "case_system": N_("case system"),
    "website": N_("website"),
    "mail": N_("mail"),
    "data": N_("data"),
    "security": N_("security"),
    "software": N_("software"),
    "development": N_("development"),
    "loan": N_("loan"),
    "normal": N_("Planned change"),
    "standard": N_("Routine change"),
    "emergency": N_("Emergency change"),
    "none": N_("No technical change"),
    "approve": N_("Approval is advised"),
    "approve_with_conditions": N_("Approval with conditions is advised"),
    "defer": N_("Deferral is advised"),
    "decline": N_("Approval is not advised"),
    "done": N_("carried out"),
    "partial": N_("partly carried out"),
    "interrupted": N_("interrupted"),
    "changed": N_("changed"),
    "unchanged": N_("nothing had to change"),
    "failed": N_("failed"),
    "unreachable": N_("could not be reached"),
    "not_started": N_("not started"),
    "unknown": N_("not known"),
    "absent": N_("absent"),
    "ok": N_("in order"),
    "skipped": N_("skipped"),
    "drift": N_("changed by hand"),
    "compare": N_("comparison"),
    "trace": N_("trace"),
    "service_request": N_("service request"),
    "incident": N_("incident"),
    "task_not_planned": N_("the plan does not hold this task"),
    "task_other_kind": N_("the task would do something else than planned"),
    "task_other_object": N_("the task would touch something else than planned"),
    "task_other_state": N_("the host is not as it was planned on"),
    "task_other_content": N_("the task would write something else than planned"),
    "task_did_otherwise": N_("the task did something else than planned"),
    "task_file_changed": N_("a sealed file was changed"),
    "task_outside": N_("the task uses a file that was not sealed"),
    "task_elsewhere": N_("the task would act elsewhere than on its host"),
    "task_untold": N_("the task would change something and not tell of it"),
    "task_unseen": N_("the task would start a program that nobody planned"),
    "task_unwatched": N_("the task would not be waited for"),
    "left": N_("the person left"),
    "time": N_("the time was over"),
    "stopped": N_("stopped by a person"),
    "cut": N_("the connection broke off"),
    "unrecorded": N_("it could not be recorded any more"),
}
"""What stands in an event's data as one word."""

WORDS_ONLY = frozenset(
    ("letter_urgency", "category", "change_type", "advice", "outcome", "kind", "hosts", "reasons", "end")
)
"""Facts whose values are words of the ledger; all others are names or digests and stay."""


def event_words(kind: str) -> str:
    """Give what people read for an event type; an unknown one stays as it is."""
    return _(EVENTS.get(kind, kind))


def fact_words(name: str, value: str) -> str:
    """``category: security`` in the reader's language; hosts with their outcomes included."""
    shown = ", ".join(_value(part) for part in value.split(", ")) if name in WORDS_ONLY else value
    return f"{_(FACTS.get(name, name))} {shown}"


def _value(part: str) -> str:
    host, colon, outcome = part.rpartition(": ")
    return f"{host}{colon}{_(VALUES.get(outcome, outcome))}"
