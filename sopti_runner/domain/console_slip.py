"""The slip of a host's console: what somebody at the console needs when sopti is dead, for one sealed envelope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sopti_runner.domain.period import Zone
from sopti_runner.errors import N_

STEPS = (
    N_("At the console of {host}, log in as {account} with this password."),
    N_("Become root: sudo -i, and the same password once more."),
    N_("Do only what can't wait, and write down what you do, when and why."),
    N_("Log out. Say at once to an official that the envelope was opened."),
    N_("When sopti works again: sopti access reconcile {host}; record the use, have it ratified, seal anew."),
)


@dataclass(frozen=True, slots=True)
class ConsoleSlip:
    """One sheet.

    Attributes:
        letterhead: Lines of the court's letterhead.
        host: Inventory name.
        account: Account of the host.
        password: What opens it, as it is typed.
        digest: SHA-256 (hex) over the password's hash, as the ledger names it.
        holders: Person id → name of each who keeps the envelope, in order.
        made_at: Aware UTC.
    """

    letterhead: tuple[str, ...]
    host: str
    account: str
    password: str
    digest: str
    holders: Mapping[str, str]
    zone: Zone
    made_at: datetime
