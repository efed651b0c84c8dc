"""An official's decision on the command line: by whose hand it is signed, and how that becomes an event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sopti_runner.cli import output
from sopti_runner.cli.session import bring_in, on_paper, person_of, signed
from sopti_runner.errors import N_, UsageError

if TYPE_CHECKING:
    from sopti_runner.bootstrap import House
    from sopti_runner.domain.ledger.event import Event
    from sopti_runner.ports import Waiting
    from sopti_runner.services.acts import OnPaper


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose hand signs, and where: what the options of a decision say, each empty when it was not given.

    Attributes:
        by: The official, when it is not the owner of the key.
        key: Key file.
        paper: Scan of a sheet that was signed by hand.
        recorder: Who brings the scan in.
        export_to: File for the statement, to be signed on the official's own machine.
        signature: The file that came back from there.
    """

    by: str = ""
    key: str = ""
    paper: str = ""
    recorder: str = ""
    export_to: str = ""
    signature: str = ""

    def person(self, here: House) -> str:
        """Give the id of the official who decides."""
        return person_of(here, self.by, self.key)

    def page(self, here: House) -> OnPaper | None:
        """Give the signed sheet, None when it is not on paper."""
        return on_paper(here, self.paper, self.recorder)


def decided(here: House, hand: Hand, acts: tuple[str, ...], statement: Callable[[], Waiting]) -> tuple[Event, ...]:
    """Record a decision: one that came back signed, or one that is made and shown, then signed here or exported.

    Args:
        here: The house.
        hand: Whose hand signs.
        acts: Acts that a signature which came back may be of.
        statement: Makes the statement, when none came back.

    Returns:
        The events; none when the statement was exported.
    """
    if hand.signature:
        return bring_in(here, hand.signature, *acts)
    waiting = statement()
    output.say(waiting.display)
    return signed(here, waiting, hand.key, hand.export_to)


def which(number: str, listed: str) -> str:
    """Give the request that was named; UsageError when none was, with the command that lists them."""
    if not number:
        raise UsageError(N_("Which request?"), next=listed)
    return number
