"""Persons, their keys, and the offices they hold, dated.

The rule this module keeps:

- A capacity is judged at the moment of the act: the appointment must be in force on that day **and** must have been
  confirmed in the ledger before that moment. Writing an earlier date into an appointment legalises nothing.
- A key counts from the event that enrolled it to the event that retired it; a key reported as stolen stops counting
  from the event named in the report, also for what it signed before the report.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from sopti_runner.domain.ledger.event import BlobRef


class Status(StrEnum):
    """In which way an office is held (UU 30/2014 article 14)."""

    DEFINITIVE = "definitive"
    PLH = "plh"
    PLT = "plt"


@dataclass(frozen=True, slots=True)
class Key:
    """An enrolled SSH public key.

    Attributes:
        fingerprint: ``SHA256:…`` as ``ssh-keygen -l`` prints it.
        public: ``type base64`` of the OpenSSH public key line, without comment.
        since: Seq of the event that enrolled it.
        retired: Seq from which it no longer counts, or None.
    """

    fingerprint: str
    public: str
    since: int
    retired: int | None = None

    def counts_at(self, seq: int) -> bool:
        """Tell whether a signature recorded at ``seq`` may be made with this key."""
        return self.since < seq and (self.retired is None or seq < self.retired)

    def retire(self, seq: int) -> Key:
        """Give the key as one that no longer counts from ``seq`` on, or from the earlier event it was retired from."""
        return replace(self, retired=seq if self.retired is None else min(seq, self.retired))


@dataclass(frozen=True, slots=True)
class Person:
    """A person, by pseudonym; the name is a blob that can be erased."""

    id: str
    name: BlobRef | None
    keys: tuple[Key, ...] = ()

    def key(self, fingerprint: str) -> Key | None:
        """Give the enrolled key with this fingerprint, retired or not."""
        return next((k for k in self.keys if k.fingerprint == fingerprint), None)


@dataclass(frozen=True, slots=True)
class Appointment:
    """An office held by a person.

    Attributes:
        id: Id of the event that proposed it.
        first: First day, in the court's zone.
        last: Last day, or None for open end.
        confirmed_at: Time of the confirming event, aware UTC; the appointment counts from here at the earliest.
    """

    id: str
    person: str
    office: str
    status: Status
    first: date
    last: date | None
    confirmed_at: datetime

    def in_force(self, now: datetime, today: date) -> bool:
        """Tell whether it counts at ``now``, which is ``today`` in the court's zone."""
        return self.confirmed_at <= now and self.first <= today and (self.last is None or today <= self.last)

    @property
    def capacity(self) -> str:
        """``office:status``, as events record it."""
        return f"{self.office}:{self.status.value}"


@dataclass
class Register:
    """Who is who: folded from the ledger."""

    persons: dict[str, Person] = field(default_factory=dict)
    appointments: dict[str, Appointment] = field(default_factory=dict)

    def enrol(self, person: Person) -> None:
        """Add a person, or further keys of a known one."""
        known = self.persons.get(person.id)
        self.persons[person.id] = replace(known, keys=known.keys + person.keys) if known else person

    def retire_key(self, fingerprint: str, seq: int) -> None:
        """Let a key no longer count from ``seq`` on; what was retired from an earlier event stays so."""
        for person in self.persons.values():
            keys = tuple(k.retire(seq) if k.fingerprint == fingerprint else k for k in person.keys)
            self.persons[person.id] = replace(person, keys=keys)

    def owner(self, fingerprint: str) -> Person | None:
        """Give the person who enrolled this key."""
        return next((p for p in self.persons.values() if p.key(fingerprint)), None)

    def capacity(self, person: str, office: str, now: datetime, today: date) -> Appointment | None:
        """Give the appointment by which ``person`` holds ``office`` now; definitive before acting ones."""
        held = [a for a in self.holders(office, now, today) if a.person == person]
        return min(held, key=lambda a: (a.status is not Status.DEFINITIVE, a.id), default=None)

    def holders(self, office: str, now: datetime, today: date) -> tuple[Appointment, ...]:
        """Give all appointments to ``office`` in force now, by id."""
        found = (a for a in self.appointments.values() if a.office == office and a.in_force(now, today))
        return tuple(sorted(found, key=lambda a: a.id))

    def offices_of(self, person: str, now: datetime, today: date) -> tuple[str, ...]:
        """Give the offices that ``person`` holds now, sorted."""
        held = {a.office for a in self.appointments.values() if a.person == person and a.in_force(now, today)}
        return tuple(sorted(held))
