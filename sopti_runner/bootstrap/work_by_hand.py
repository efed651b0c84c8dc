"""Where a person's terminal meets the gate: only ``sopti session open`` loads it."""

from __future__ import annotations

from sopti_runner.adapters.ansible.work_place import SealedWorkPlace
from sopti_runner.adapters.terminal_pty import PtyTerminal
from sopti_runner.bootstrap import House
from sopti_runner.domain.run import Run
from sopti_runner.services.applying import Applying
from sopti_runner.services.by_hand import ByHand
from sopti_runner.services.verifying import unsound


def work_by_hand(house: House, number: str, host: str, key: str) -> Run:
    """Let whoever is at this terminal work on a host under an approval.

    Args:
        house: This machine's parts.
        number: The request.
        host: Inventory name.
        key: Key file of the person; empty as ``House.signer``.

    Raises:
        UsageError: There is no terminal, or no key.
        RefusedError, LedgerError: As ``Applying.apply``.
    """
    terminal, place = PtyTerminal(house.environ.get("TERM", "")), SealedWorkPlace(house.settings.state_dir)
    terminal.require()
    person = ByHand(host, house.engine, house.access, house.sessions, place, terminal, house.words)
    gate = Applying(
        house.acts,
        house.content,
        person,
        house.run_locks,
        unsound,
        escort=person.escort,
        way=person.way,
        before_end=house.sessions.settle,
    )
    return gate.apply(number, house.signer(key), lambda _who, _what: None)
