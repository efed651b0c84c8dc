"""One command's session: the house behind it, the person before it, and how an act gets its signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sopti_runner.cli import output
from sopti_runner.cli.language import _, asked, settle
from sopti_runner.cli.names import Names
from sopti_runner.errors import N_, NotFoundError, UsageError

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.domain.court import Court
    from sopti_runner.domain.ledger.event import Event
    from sopti_runner.ports import Waiting
    from sopti_runner.services.acts import OnPaper


OPTION_OF = {"description": "what", "basis": "why", "advice_note": "note", "examination": "note"}
"""Text of an act → the option that gives it, where their names differ."""


_houses: list[House] = []


def house() -> House:
    """Give this machine's house; the heavy imports happen here and not for ``--help``."""
    from sopti_runner.bootstrap import open_house

    here = open_house(asked())
    _houses.append(here)
    settle(here.lang)
    output.use_names(Names(here))
    return here


def leave() -> None:
    """Close what a command opened, when all has been said."""
    while _houses:
        _houses.pop().close()


def person_named(here: House, court: Court, text: str) -> str:
    """Give the id of a person by id, name or an unambiguous part of a name.

    Raises:
        NotFoundError: Nobody, or more than one, fits.
    """
    if text in court.register.persons:
        return text
    names = {p: here.books.name(court, p) for p in court.register.persons}
    exact = [p for p, name in names.items() if name.casefold() == text.casefold()]
    found = exact or [p for p, name in names.items() if text.casefold() in name.casefold()]
    if len(found) != 1:
        raise NotFoundError(
            N_("No single person fits this name"),
            on=text,
            expected=", ".join(sorted(names.values())),
            found=", ".join(sorted(names[p] for p in found)) or N_("nobody"),
            next="sopti office list",
        )
    return found[0]


def me(here: House, key: str) -> str:
    """Give the person id of the key's owner; NotFoundError when the key is not enrolled."""
    return here.acts.owner(here.signer(key).fingerprint)


def person_of(here: House, by: str, key: str) -> str:
    """Give the id of the person who was named, or of the key's owner when nobody was."""
    return person_named(here, here.books.court(), by) if by else me(here, key)


def prepared(
    here: House,
    name: str,
    subjects: Sequence[str],
    *,
    by: str = "",
    key: str = "",
    data: Mapping[str, Any] | None = None,
    texts: Mapping[str, str | bytes] | None = None,
    display: str = "",
    paper: OnPaper | None = None,
) -> Waiting:
    """Make the statement of an act of a named person, or of the owner of the key."""
    kept = {k: v for k, v in (texts or {}).items() if v.strip()}
    require_words(name, data or {}, kept)
    here.bury_dead()
    person = person_of(here, by, key)
    return here.acts.prepare(
        name, person=person, subjects=subjects, data=data or {}, texts=kept, display=display, paper=paper
    )


def on_paper(here: House, scan: str, recorder: str) -> OnPaper | None:
    """Give what ``--paper`` and ``--recorder`` bring, None without them; UsageError when only one is given."""
    if not scan and not recorder:
        return None
    if not scan or not recorder:
        raise UsageError(
            N_("An act on paper needs the scan and who brings it in"),
            on="--paper" if recorder else "--recorder",
            expected="--paper scan.pdf --recorder Budi",
        )
    from sopti_runner.services.acts import OnPaper

    page = here.files.read(scan, what=N_("The scan can't be read"))
    return OnPaper(person_named(here, here.books.court(), recorder), page)


def require_words(name: str, data: Mapping[str, Any], texts: Mapping[str, str | bytes]) -> None:
    """Refuse a word that an act does not know, or a text it can't do without: a slip, not an attempt."""
    from sopti_runner.domain.act_content import texts_needed
    from sopti_runner.domain.request import CHOICES, ActName

    for key, allowed in CHOICES.get(ActName(name), {}).items():
        if data.get(key) not in allowed:
            raise UsageError(
                N_("{option} has a value that can't be"),
                on=f"--{key.replace('_', '-')}",
                expected=", ".join(allowed),
                found=str(data.get(key, "")),
                option=f"--{key.replace('_', '-')}",
            )
    for key in texts_needed(name):
        if key not in texts:
            option = f"--{OPTION_OF.get(key, key)}"
            raise UsageError(N_("{option} is missing; this act needs it"), on=option, option=option)


def act(
    here: House,
    name: str,
    subjects: Sequence[str],
    *,
    by: str = "",
    key: str = "",
    data: Mapping[str, Any] | None = None,
    texts: Mapping[str, str | bytes] | None = None,
) -> tuple[Event, ...]:
    """Prepare an act, sign or attest it with the key at this terminal, and record it."""
    waiting = prepared(here, name, subjects, by=by, key=key, data=data, texts=texts)
    return here.acts.sign(waiting, here.signer(key))


def signed(here: House, waiting: Waiting, key: str, export_to: str) -> tuple[Event, ...]:
    """Record an act with the key at this terminal, or write its statement to a file; no event then."""
    if export_to:
        export(here, waiting, export_to)
        return ()
    return here.acts.sign(waiting, here.signer(key))


def file_named(target: str, example: str) -> Path:
    """Give the file to write that a person named; UsageError for what names a folder, as ``.`` and ``/`` do."""
    path = Path(target)
    if path.name in ("", ".."):
        raise UsageError(
            N_("This names a folder; a file is to be written"),
            on=target,
            expected=str(path / example),
            found=target,
        )
    return path


def export(here: House, waiting: Waiting, target: str) -> None:
    """Write a statement and the text it binds to files, and say how to sign it."""
    path = file_named(target, "statement.json")
    shown = path.with_suffix(".txt")
    if path == shown:
        raise UsageError(
            N_("The statement needs another name: its text is written beside it, ending in .txt"),
            on=target,
            expected=str(path.with_suffix(".json")),
            found=target,
        )
    here.files.write(path, waiting.statement)
    here.files.write(shown, waiting.display.encode())
    digest = here.acts.export(waiting)
    output.say(
        _(
            "Written: {statement} (to be signed) and {text} (to be read first).",
            statement=output.whole(path),
            text=output.whole(shown),
        )
    )
    output.say(_("On the official's own machine: ssh-keygen -Y sign -n act@sopti -f KEY {file}", file=path.name))
    output.say(_("Then here: the same command with --import {file}.sig", file=path.name))
    output.data({"statement": str(path), "shown": str(shown), "sha256": digest})


def bring_in(here: House, signature: str, *acts: str) -> tuple[Event, ...]:
    """Record an exported statement with the signature file that came back.

    Raises:
        UsageError: Signature or statement can't be read, or the statement is not of one of these acts.
    """
    from sopti_runner.domain import sshsig
    from sopti_runner.domain.statement import NAMESPACE, parse_statement, statement_digest

    path = Path(signature)
    unusable = N_("The signature can't be used")
    armored = here.files.text(path, what=unusable)
    statement = here.files.read(path.with_suffix(""), what=unusable)
    try:
        fingerprint = sshsig.fingerprint(sshsig.verify(armored, statement, namespace=NAMESPACE))
        said = parse_statement(statement).act
    except ValueError as error:
        raise UsageError(
            unusable,
            on=signature,
            expected=N_("FILE.sig made by ssh-keygen -Y sign, beside FILE"),
            found=str(error),
            next=N_("export the statement again"),
        ) from error
    if said not in acts:
        raise UsageError(
            N_("This statement is of another act"),
            on=signature,
            expected=", ".join(acts),
            found=said,
            next=N_("the command that exported it, with --import"),
        )
    return here.acts.bring(statement_digest(statement), armored, fingerprint)
