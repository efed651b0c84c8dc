"""Reconciling: what hosts' own sshd wrote down, login by login, held against what the ledger explains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.login import Told, tell
from sopti_runner.errors import DeviceError
from sopti_runner.ports.access import HostJournals
from sopti_runner.services.access import Access
from sopti_runner.services.console import note_uses


@dataclass(frozen=True, slots=True)
class HostLogins:
    """What one host's log says.

    Attributes:
        told: Every login since the last time, in order.
        begins: Where the host's log begins, aware UTC, when that is later than asked for; None otherwise.
        trouble: Why it could not be read, or empty.
    """

    host: str
    told: tuple[Told, ...] = ()
    begins: datetime | None = None
    trouble: str = ""

    @property
    def findings(self) -> tuple[Told, ...]:
        """The logins that no event explains."""
        return tuple(each for each in self.told if each.code)


def reconcile(access: Access, journals: HostJournals, hosts: Sequence[str], *, everything: bool) -> list[HostLogins]:
    """Read the logs of hosts, by certificates of this look, and record what was found of each.

    Args:
        access: Ways into hosts.
        journals: Reads the logs.
        hosts: Inventory names.
        everything: From where each log begins; otherwise from where the last look ended.
    """
    books, found = access.books, []
    keys_of = {h: key.fingerprint for h in journals.hosts() if (key := journals.standing_key(h))}
    standing = frozenset(keys_of.values())
    with access.reading(hosts) as keys:
        for host in hosts:
            since = None if everything else books.court().access.reconciled.get(host)
            try:
                begins, logins = journals.logins(host, keys, since)
            except DeviceError as error:
                found.append(HostLogins(host, trouble=str(error)))
                continue
            note_uses(books, host, logins)
            known = books.court().access
            told = tuple(tell(known, host, login, standing) for login in logins)
            gap = begins if since and begins > since else None
            found.append(HostLogins(host, told, gap))
            codes = Counter(each.code or "explained" for each in told)
            until = max([login.at for login in logins], default=since or begins)
            data = {"host": host, "until": until.isoformat(), "logins": dict(codes), "gap": gap is not None}
            books.tell([Draft(books.new_id(books.now()), "access.reconciled", books.store.log, SYSTEM, data)])
    return found
