"""Genesis: two persons, two keys, and one to approve what the other carries out."""

from datetime import date

import pytest

from sopti_runner.domain.period import Zone
from sopti_runner.errors import IntegrityError, NotFoundError, UsageError
from sopti_runner.services.books import Books
from sopti_runner.services.found_court import Founder, found_court
from tests.unit.domain.example_court import SHORT_SOPS, FakeClock, FakeLogSigner
from tests.unit.domain.memory_ledger import MemoryLedger
from tests.unit.domain.signing import TestKey

OP = Founder("Operator Contoh", ("operator",), TestKey("op").public)
SEC = Founder("Sekretaris Contoh", ("secretary",), TestKey("sec").public)


def found(*founders, ledger=None):
    books = Books(ledger or MemoryLedger(), FakeClock(), FakeLogSigner(), ())
    event, names = found_court(
        books,
        origin="sopti.contoh.example/ledger",
        name="Pengadilan Contoh",
        place="Kota Contoh",
        zone=Zone.JAYAPURA,
        sop=SHORT_SOPS["tingkat_pertama"],
        founders=founders,
        today=date(2026, 11, 23),
    )
    return books, event, names


def test_court_founded_knows_its_persons_offices_and_zone():
    books, event, names = found(OP, SEC)
    court = books.court()
    assert sorted(names.values()) == ["Operator Contoh", "Sekretaris Contoh"]
    assert (court.zone, court.size, court.origin) == (Zone.JAYAPURA, 1, event.log)
    held = {names[p]: court.register.offices_of(p, event.time, court.today(event.time)) for p in names}
    assert held == {"Operator Contoh": ("operator",), "Sekretaris Contoh": ("secretary",)}


def test_court_founded_writes_no_name_into_an_event():
    _, event, names = found(OP, SEC)
    for text in (*names.values(), "Pengadilan Contoh", "Kota Contoh"):
        assert text.encode() not in event.body


@pytest.mark.parametrize(
    "founders",
    [
        (),
        (OP,),
        (OP, OP),
        (OP, Founder("Lain", ("secretary",), OP.key)),
        (OP, Founder("Lain", ("operator",), SEC.key)),
        (SEC, Founder("Lain", ("secretary",), OP.key)),
        (Founder("Rangkap", ("operator", "secretary"), OP.key), Founder("Lain", (), SEC.key)),
    ],
)
def test_court_without_two_persons_who_can_check_each_other_is_not_founded(founders):
    ledger = MemoryLedger()
    with pytest.raises(UsageError):
        found(*founders, ledger=ledger)
    assert ledger.kept == []


def test_court_with_an_office_it_does_not_have_is_not_founded():
    with pytest.raises(NotFoundError):
        found(OP, SEC, Founder("Lain", ("division_head",), TestKey("x").public))


def test_court_is_founded_once():
    ledger = MemoryLedger()
    found(OP, SEC, ledger=ledger)
    with pytest.raises(IntegrityError):
        found(OP, SEC, ledger=ledger)
