"""``sopti apply``: carry out exactly what was approved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sopti_runner.cli import output
from sopti_runner.cli.language import _
from sopti_runner.cli.options import Json, Key, Number
from sopti_runner.cli.session import house
from sopti_runner.errors import N_, ExecutionError, PartialError, StoppedError

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.domain.run import Run

HELP = N_(
    "Carry out an approved plan: the gate decides, the hosts are compared, then exactly that plan runs, once (B9).\n\n"
    "Example: sopti apply REG-2026-0001"
)

HOST_WORDS = {
    "changed": N_("changed as planned"),
    "unchanged": N_("nothing had to change"),
    "failed": N_("failed"),
    "unreachable": N_("could not be reached"),
    "not_started": N_("not started"),
    "unknown": N_("unknown: partly applied, perhaps"),
}


def apply(number: Number, key: Key = "", as_json: Json = False) -> None:
    """Apply a request's approved plan."""
    here = house()
    signer = here.signer(key)
    with output.working(
        _("Applying {number}: the gate decides, then exactly what was approved runs", number=number)
    ) as progress:
        run = here.applying.apply(number, signer, progress)
    say_run(here, number, run)


def say_run(here: House, number: str, run: Run, also: Mapping[str, Any] | None = None) -> None:
    """Say what a run left on each host, and what of the plan did not begin there.

    Args:
        here: This machine's house.
        number: Registration number.
        run: Which, ended.
        also: What programs are told besides.

    Raises:
        StoppedError, PartialError, ExecutionError: It did not leave every host as planned.
    """
    from sopti_runner.services.running import tell_run

    hosts = dict(run.hosts or {})
    output.table([_("Host"), _("Outcome")], [(h, _(HOST_WORDS[o])) for h, o in sorted(hosts.items())])
    less = {told.host: list(told.missing) for told in tell_run(here.books, run.id).hosts if told.missing}
    for host, tasks in less.items():
        said = N_("{host}: approved, and not begun: {tasks}")
        output.say(_(said, host=host, tasks=", ".join(map(output.one_line, tasks))))
    output.data({"run": run.id, "outcome": run.outcome, "hosts": hosts, "not_begun": less, **(also or {})})
    output.say(_("Trace: sopti trace {number}", number=number))
    if run.stopped:
        raise StoppedError(
            N_("The run was interrupted; the request needs a fresh plan"),
            on=number,
            found=_bad(hosts),
            next=f"sopti plan {number} PLAYBOOK",
        )
    if run.outcome == "partial":
        raise PartialError(
            N_("Some hosts did not get the change"), on=number, found=_bad(hosts), next=f"sopti trace {number}"
        )
    if run.outcome != "done":
        raise ExecutionError(
            N_("The run did not do what was approved; the request needs a fresh plan"),
            on=number,
            found=_bad(hosts),
            next=f"sopti plan {number} PLAYBOOK",
        )


def _bad(hosts: dict[str, str]) -> str:
    return ", ".join(f"{h}: {o}" for h, o in sorted(hosts.items()) if o not in ("changed", "unchanged"))
