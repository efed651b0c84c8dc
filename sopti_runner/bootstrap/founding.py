"""Where adapters of a founding meet services: only ``sopti init`` loads it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sopti_runner.adapters.ansible.hmac_key import load_or_create
from sopti_runner.adapters.founding_place import FoundingPlace
from sopti_runner.adapters.log_key import LogKey
from sopti_runner.adapters.sop_data import load
from sopti_runner.bootstrap import House
from sopti_runner.domain.ledger.event import Event
from sopti_runner.domain.period import Zone
from sopti_runner.errors import SoptiError
from sopti_runner.services.found_court import Founder, check_founding, found_court


def found(
    house: House,
    *,
    origin: str,
    name: str,
    place: str,
    preset: str,
    zone: str,
    people: Sequence[tuple[str, tuple[str, ...], str]],
) -> tuple[Event, dict[str, str]]:
    """Make state folder and keys, and found the court.

    Args:
        house: All other parts.
        origin: Name of the log, for good.
        name: The court's letterhead, lines parted by newlines.
        place: City.
        preset: ``banding`` or ``tingkat_pertama``.
        zone: ``WIB``, ``WITA``, ``WIT`` or an IANA name.
        people: (name, offices, public key file) of each founder.

    Raises:
        UsageError: Something given can't be, or there is a ledger already; nothing was made.
        LedgerError: The database server does not answer, or does not let sopti's role in; nothing was made.
    """
    state, files = house.settings.state_dir, house.ledger_files()
    if not files:
        house.store.holds(origin)  # a server that can't be reached is told before anything is made
    here = FoundingPlace(state, house.store.where, files, partial(_founded, house, origin))
    here.cut_off()
    sop, chosen = load(preset), Zone.chosen(zone)
    founders = [Founder(called, offices, house.public_key(key)) for called, offices, key in people]
    check_founding(origin, sop, founders)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    today = house.clock.now().time.astimezone(chosen.tz).date()
    with here.held():
        house.log_key = LogKey.create(state / "log.key", origin)
        load_or_create(state / "hmac.key")
        return found_court(
            house.books, origin=origin, name=name, place=place, zone=chosen, sop=sop, founders=founders, today=today
        )


def _founded(house: House, origin: str) -> bool | None:
    """Tell whether the ledger holds its first event, None when it can't be read; leaves no file open."""
    files = house.ledger_files()
    try:
        if files:
            return any(path.exists() for path in files) and house.store.head().size > 0
        return house.store.holds(origin)
    except SoptiError:
        return None
    finally:
        house.store.close()
