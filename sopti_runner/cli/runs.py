"""``sopti run``: which runs there were, what each left on each host, and stopping one that goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import typer

from sopti_runner.cli import output
from sopti_runner.cli.apply import HOST_WORDS
from sopti_runner.cli.language import _
from sopti_runner.cli.names import Names
from sopti_runner.cli.options import Json, Key, RunNamed
from sopti_runner.cli.session import house
from sopti_runner.errors import N_, StoppedError

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.services.running import HostTold, RunTold

app = typer.Typer(
    help=N_("Runs: what each did, what it did not, and what nobody knows.\n\nExample: sopti run show REG-2026-0001"),
    no_args_is_help=True,
)

OUTCOMES = {
    "running": N_("goes on"),
    "done": N_("done"),
    "partial": N_("partly done"),
    "failed": N_("failed"),
    "interrupted": N_("interrupted"),
}
PATIENCE_S, STEP_S = 60, 0.5
SHOWN = 8
"""So many tasks are named in text; all of them with ``--json``."""


@app.command("list", help=N_("List runs, the newest last.\n\nExample: sopti run list"))
def list_(as_json: Json = False) -> None:
    """List runs."""
    here = house()
    here.bury_dead()
    court = here.books.court()
    runs = list(court.runs.values())
    if not runs:
        output.say(_("Nothing has been carried out yet."))
    else:
        output.table(
            [_("Run"), _("Request"), _("Outcome"), _("Began"), _("Hosts")],
            [
                (
                    r.id,
                    court.requests[r.request].number,
                    _(OUTCOMES[r.outcome]),
                    here.words.moment(r.started_at, court.zone),
                    ", ".join(sorted(r.hosts or {})),
                )
                for r in runs
            ],
        )
    output.data(
        [
            {
                "run": r.id,
                "request": court.requests[r.request].number,
                "outcome": r.outcome,
                "started": r.started_at.isoformat(),
                "ended": r.ended_at.isoformat() if r.ended_at else None,
                "hosts": dict(r.hosts or {}),
            }
            for r in runs
        ]
    )


@app.command(
    "show",
    help=N_(
        "Show what a run did on each host, what it did not, what nobody knows, and what to do next.\n\n"
        "Example: sopti run show REG-2026-0001"
    ),
)
def show(named: RunNamed = "", as_json: Json = False) -> None:
    """Show a run."""
    here = house()
    here.bury_dead()
    _show(here, named)


@app.command(
    "cancel",
    help=N_(
        "Stop a run that goes on: no further task begins; what each host was left with is recorded.\n\n"
        "Example: sopti run cancel REG-2026-0001"
    ),
)
def cancel(named: RunNamed = "", key: Key = "", as_json: Json = False) -> None:
    """Stop a run."""
    from sopti_runner.domain.run import RUNNING
    from sopti_runner.services.running import cancel_run

    here = house()
    signer = here.signer(key)
    here.bury_dead()
    until = time.monotonic() + PATIENCE_S

    def pause() -> bool:
        time.sleep(STEP_S)
        here.bury_dead()  # its runner may have died meanwhile
        return time.monotonic() < until

    run = cancel_run(here.acts, here.engine, named, signer, pause)
    if run.outcome == RUNNING:
        raise StoppedError(
            N_("The run was asked to end and has not ended yet"),
            on=run.id,
            expected=N_("an end within {seconds} seconds"),
            next=f"sopti run show {run.id}",
            seconds=PATIENCE_S,
        )
    _show(here, run.id)


def _show(here: House, named: str) -> None:
    from sopti_runner.services.running import tell_run

    told = tell_run(here.books, named)
    run, names = told.run, Names(here)
    zone = names.court.zone
    outcome = _(OUTCOMES[run.outcome])
    output.say(_("Run {run} of {request}: {outcome}", run=run.id, request=told.request.number, outcome=outcome))
    who = output.one_line(names.person(run.executor))
    output.say("  " + _("Began {when}, by {who}", when=here.words.moment(run.started_at, zone), who=who))
    if run.ended_at:
        output.say("  " + _("Ended {when}", when=here.words.moment(run.ended_at, zone)))
    if run.cancelled_by:
        output.say("  " + _("Stopped by {who}", who=output.one_line(names.person(run.cancelled_by))))
    elif run.stopped:
        output.say("  " + _("Stopped by a signal to the command that carried it out"))
    for host in told.hosts:
        _say_host(host, going_on=run.outcome == "running")
    output.say(_("Next: {command}", command=_next(told)))
    output.data(_data(told))


def _say_host(told: HostTold, *, going_on: bool) -> None:
    outcome = _("goes on") if going_on else _(HOST_WORDS[told.outcome])
    output.say(f"{told.host}: {outcome}")
    if told.reason:
        output.say("  " + output.one_line(_(told.reason)))
    rows = (
        (N_("done: {tasks}"), told.done),
        (N_("failed: {tasks}"), told.failed),
        (N_("nobody knows whether this was finished: {tasks}"), (told.unknown,) if told.unknown else ()),
        (N_("not begun: {tasks}"), told.missing or ()),
    )
    for text, tasks in rows:
        if tasks:
            output.say("  " + _(text, tasks=_listed(tasks)))
    if told.missing is None:
        output.say("  " + _("What else had been planned is not shown: the request now stands on another plan."))


def _listed(tasks: tuple[str, ...]) -> str:
    shown = ", ".join(output.one_line(task) for task in tasks[:SHOWN])
    return shown + (_(" and {count} more", count=len(tasks) - SHOWN) if len(tasks) > SHOWN else "")


def _next(told: RunTold) -> str:
    """Give the command that leads on: nothing of a run that did not end well is ever run again by itself."""
    number, outcome = told.request.number, told.run.outcome
    if outcome == "running":
        return f"sopti run cancel {number}"
    if outcome != "done" and told.request.state.value == "partial":
        return f"sopti plan {number} PLAYBOOK"
    return f"sopti request show {number}"


def _data(told: RunTold) -> dict[str, Any]:
    run = told.run
    return {
        "run": run.id,
        "request": told.request.number,
        "outcome": run.outcome,
        "stopped": run.stopped,
        "cancelled_by": run.cancelled_by,
        "containment": run.containment,
        "next": _next(told),
        "hosts": {
            h.host: {
                "outcome": h.outcome,
                "reason": h.reason,
                "done": list(h.done),
                "failed": list(h.failed),
                "unknown": h.unknown or None,
                "not_begun": None if h.missing is None else list(h.missing),
            }
            for h in told.hosts
        },
    }
