"""Genesis: two persons found the court's ledger together; everything later rests on this event."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sopti_runner.domain.ledger.event import SYSTEM, Draft, Event
from sopti_runner.domain.period import Zone
from sopti_runner.domain.policy import Policy
from sopti_runner.domain.sop import Sop
from sopti_runner.domain.sshsig import PublicKey
from sopti_runner.errors import N_, UsageError
from sopti_runner.services.books import Books


@dataclass(frozen=True, slots=True)
class Founder:
    """One of the persons who found the ledger.

    Attributes:
        name: As people know them; kept as a blob.
        offices: Office ids held definitively from today.
        key: Their SSH public key.
    """

    name: str
    offices: tuple[str, ...]
    key: PublicKey


def found_court(
    books: Books, *, origin: str, name: str, place: str, zone: Zone, sop: Sop, founders: Sequence[Founder], today: date
) -> tuple[Event, dict[str, str]]:
    """Create the ledger with its genesis event.

    Args:
        books: The new, empty books.
        origin: Name of the log, for good (``sopti.example-court.example/ledger``).
        name: The court's name as its letterhead has it, lines parted by newlines; kept as a blob.
        place: The city where its letters are signed; kept as a blob.
        zone: The court's zone, chosen.
        sop: The court's SOP with the chosen preset.
        founders: At least two different persons with different keys, one of them holding the operator's office.
        today: First day of the founders' offices, in the court's zone.

    Returns:
        The event, and person id → name of each founder.

    Raises:
        UsageError: Fewer than two founders, a key used twice, an unknown office, or nobody to carry out or to approve.
    """
    check_founding(origin, sop, founders)
    at = books.now()
    people = {f"p-{secrets.token_hex(4)}": f for f in founders}
    blobs = [
        books.blob("court", name),
        books.blob("place", place),
        *(books.blob(f"name:{p}", f.name) for p, f in people.items()),
    ]
    data = {
        "vkey": books.signer.vkey,
        "zone": zone.value,
        "sop": sop.to_data(),
        "policy": Policy().to_data(),
        "persons": [
            {
                "person": person,
                "keys": [{"fingerprint": f.key.fingerprint, "public": f.key.line}],
                "offices": [
                    {"office": o, "status": "definitive", "first": today.isoformat(), "last": ""} for o in f.offices
                ],
            }
            for person, f in people.items()
        ],
    }
    books.store.create(origin)
    draft = Draft(books.new_id(at), "court.created", origin, SYSTEM, data, blobs)
    event = books.store.append([draft], at, expect_size=0)[0]
    books.checkpoint()
    return event, {person: f.name for person, f in people.items()}


def check_founding(origin: str, sop: Sop, founders: Sequence[Founder]) -> None:
    """Check that these persons can found a court whose log has this name; UsageError names what is missing."""
    if not origin or any(c.isspace() or c == "+" for c in origin):
        raise UsageError(
            N_("This can't be the name of a ledger"),
            on=origin or "--origin",
            expected=N_("a domain of the court and a word, without spaces and plus signs"),
            next="sopti init --help",
        )
    if len(founders) < 2 or len({f.name for f in founders}) < 2:
        raise UsageError(
            N_("A court is founded by two different persons"),
            expected=N_("two --person"),
            found=str(len(founders)),
            next="sopti init --help",
        )
    if len({f.key.fingerprint for f in founders}) < len(founders):
        raise UsageError(N_("Two persons can't share a key"), next="ssh-keygen -t ed25519")
    for founder in founders:
        for office in founder.offices:
            sop.role(office)
    executors = [f for f in founders if sop.executor("B9").role in f.offices]
    approvers = [f for f in founders if sop.executor("B8").role in f.offices]
    if not any(a is not e for a in approvers for e in executors):
        raise UsageError(
            N_("The founders must include one who carries out changes and another who approves them"),
            expected=f"{sop.executor('B9').role}, {sop.executor('B8').role}",
            found=", ".join(sorted(o for f in founders for o in f.offices)),
        )
