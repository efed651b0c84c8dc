"""Where adapters of hosts' consoles meet services: a part of ``bootstrap`` that only ``sopti access`` loads."""

from __future__ import annotations

from collections.abc import Sequence

from sopti_runner.adapters.ansible.host_console import Consoles
from sopti_runner.adapters.console_password import make_password
from sopti_runner.bootstrap import House
from sopti_runner.domain.console import Console, secret_of
from sopti_runner.domain.console_slip import ConsoleSlip
from sopti_runner.services import secret_keeping
from sopti_runner.services.console import prove, seal


def seal_console(house: House, host: str, holders: Sequence[str], file: str) -> ConsoleSlip:
    """Seal a host's console: the slip is written to a new file in memory, and the hash kept as a secret.

    Args:
        house: All other parts.
        host: Inventory name.
        holders: Ids of the persons who will keep the envelope.
        file: As the person named it.
    """
    house.doors.reached(host)
    house.files.require_memory(file)
    password = make_password()

    def keep(slip: ConsoleSlip) -> None:
        with house.files.open_new(file) as printed:
            printed.write(house.documents.console_slip_pdf(slip))
        secret_keeping.keep(house.books, house.secrets, secret_of(host), password[1])

    return seal(house.books, host, holders, password=password, keep=keep)


def prove_console(house: House, host: str) -> Console:
    """Prove a host's console by what the host itself says; errors as ``services.console.prove``."""
    house.doors.reached(host)
    return prove(house.access, Consoles(house.doors), host)
