"""``sopti session``: work that must be done by hand, under an approval, at a terminal that is recorded."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sopti_runner.cli import output
from sopti_runner.cli.apply import say_run
from sopti_runner.cli.language import _
from sopti_runner.cli.names import Names
from sopti_runner.cli.options import Json, Key, Number, RunNamed
from sopti_runner.cli.session import house
from sopti_runner.cli.words_of_ledger import VALUES
from sopti_runner.errors import N_, DeviationError

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.services.hand_sessions import SessionTold

app = typer.Typer(
    help=N_(
        "Work that must be done by hand: one person, one host, one approval, recorded.\n\n"
        "Example: sopti session open REG-2026-0001 --host web1"
    ),
    no_args_is_help=True,
)
SHOWN = 40
"""So many changed objects are named in text; all of them with ``--json``."""


@app.command(
    "open",
    help=N_(
        "Open a recorded terminal on a host, for as long as was approved: the gate decides as for any change, and what "
        "changed on the host is listed afterwards.\n\nExample: sopti session open REG-2026-0001 --host web1"
    ),
)
def open_(
    number: Number,
    host: Annotated[str, typer.Option("--host", metavar="HOST", help=N_("The host of the plan."))],
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Let the person at this terminal work on a host."""
    from sopti_runner.bootstrap.work_by_hand import work_by_hand

    here = house()
    run = work_by_hand(here, number, host, key)
    told = here.sessions.tell(run.id)
    _say_changes(told)
    say_run(here, number, run, {"session": _data(told)})


@app.command(
    "show",
    help=N_(
        "Show who worked by hand, when, what changed, and whether the recording is the one that the ledger names.\n\n"
        "Example: sopti session show REG-2026-0001"
    ),
)
def show(named: RunNamed = "", as_json: Json = False) -> None:
    """Show work by hand."""
    here = house()
    here.bury_dead()
    told = here.sessions.tell(named)
    _say(here, told)
    _say_changes(told)
    output.data(_data(told))
    if told.kept is not True:
        raise DeviationError(
            N_("The recording is not the one that the ledger names"),
            on=told.run.id,
            expected=told.session.recording or N_("no recording: it was lost"),
            found=N_("another recording") if told.kept is False else N_("no recording"),
        )


@app.command(
    "replay",
    help=N_(
        "Play a recorded terminal; colours and cursor moves only, nothing that a terminal would answer.\n\n"
        "Example: sopti session replay REG-2026-0001 --speed 4"
    ),
)
def replay(
    named: RunNamed = "",
    speed: Annotated[
        float, typer.Option("--speed", metavar="NUMBER", min=0.1, max=1000.0, help=N_("So many times faster."))
    ] = 1.0,
    max_idle: Annotated[
        float, typer.Option("--max-idle", metavar="NUMBER", min=0.0, help=N_("Longest pause, in seconds."))
    ] = 2.0,
    as_json: Json = False,
) -> None:
    """Play a recording."""
    from sopti_runner.domain.terminal_text import Replay

    here = house()
    told = here.sessions.tell(named)
    pieces, cleaned, before = here.sessions.play(told.session), Replay(), 0.0
    shown = []
    for at, piece in pieces:
        text = cleaned.clean(piece)
        if output.as_json():
            shown.append([at, text])
            continue
        time.sleep(min(max(0.0, at - before) / speed, max_idle))
        before = at
        sys.stdout.write(text)
        sys.stdout.flush()
    output.say()
    output.data({"run": told.run.id, "shown": shown})


def _say(here: House, told: SessionTold) -> None:
    session, names = told.session, Names(here)
    zone = names.court.zone
    who = output.one_line(names.person(session.person))
    output.say(
        _("{who} worked by hand on {host} for {request}", who=who, host=session.host, request=told.request.number)
    )
    began, ended = (here.words.moment(each, zone) for each in (session.began_at, session.ended_at))
    output.say("  " + _("From {began} to {ended}: {end}", began=began, ended=ended, end=_(VALUES[session.end])))
    if session.recording:
        output.say(
            "  " + _("Recording: {bytes} bytes, SHA-256 {digest}", bytes=session.size_bytes, digest=session.recording)
        )
    if told.kept:
        output.say("  " + _("The recording is the one that the ledger names."))


def _say_changes(told: SessionTold) -> None:
    if told.changes is None:
        output.say(_("What changed on the host is not known."))
        return
    output.say(_("Objects that changed on {host}: {count}", host=told.session.host, count=len(told.changes.listed)))
    rows = [
        (each.object, each.before or "–", each.after or "–", "" if each.expected else _("not expected"))
        for each in told.changes.listed[:SHOWN]
    ]
    if rows:
        output.table([_("Object"), _("Before"), _("After"), ""], rows)
    if len(told.changes.listed) > SHOWN:
        output.say(_(" and {count} more", count=len(told.changes.listed) - SHOWN))
    for each in told.changes.left_out:
        output.say("  " + _("Not looked at in full: {what}", what=output.one_line(each)))


def _data(told: SessionTold) -> dict[str, Any]:
    session = told.session
    return {
        "run": session.run,
        "request": told.request.number,
        "person": session.person,
        "host": session.host,
        "began": session.began_at.isoformat(),
        "ended": session.ended_at.isoformat(),
        "end": session.end,
        "exit": session.exit,
        "recording": session.recording or None,
        "bytes": session.size_bytes,
        "recording_kept": told.kept,
        "changes": None
        if told.changes is None
        else [
            {"object": c.object, "before": c.before, "after": c.after, "expected": c.expected}
            for c in told.changes.listed
        ],
        "left_out": None if told.changes is None else list(told.changes.left_out),
    }
