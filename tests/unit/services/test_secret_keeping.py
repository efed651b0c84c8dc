"""A change of a secret is in the ledger before it is on the disk, and its value is nowhere but there."""

import pytest

from sopti_runner.adapters.ansible.secret_store import SecretStore
from sopti_runner.domain.authority_audit import AuthorityAudit
from sopti_runner.errors import LedgerError, NotFoundError, UsageError
from sopti_runner.services.secret_keeping import KeptSecret, Recorded, forget, keep, listed
from tests.unit.domain.desk import Desk

VALUE, OTHER = "kata sandi contoh", "kata sandi lain"
TYPES = ["secret.set", "secret.removed"]


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def secrets(tmp_path):
    return store(tmp_path)


def store(folder, key=b"k" * 32):
    return SecretStore(folder / "secrets", None, lambda: key)


def told(desk):
    return list(desk.books.store.events(types=TYPES))


def test_keep_records_name_as_a_text_and_value_as_the_digest_that_plans_are_bound_to(desk, secrets):
    keep(desk.books, secrets, "db-contoh", f"{VALUE}\n")
    (event,) = told(desk)
    assert desk.books.text(event.blobs[0]) == "db-contoh"
    assert event.data["digest"] == secrets.bound({"v": "db-contoh"})["v"]["digest"]
    assert VALUE.encode() not in event.body
    assert b"db-contoh" not in event.body
    audit = AuthorityAudit()
    assert not [defect for each in desk.ledger.kept for defect in audit.see(each)]


def test_keep_is_recorded_before_the_secret_is_there(desk, secrets):
    desk.ledger.full = True
    with pytest.raises(LedgerError):
        keep(desk.books, secrets, "db-contoh", VALUE)
    assert list(secrets.names()) == []


def test_keep_what_can_not_be_a_secret_changes_nothing(desk, secrets):
    for name, value in (("../etc", VALUE), ("db-contoh", "pendek")):
        with pytest.raises(UsageError):
            keep(desk.books, secrets, name, value)
    with pytest.raises(NotFoundError):
        forget(desk.books, secrets, "db-contoh")
    assert (told(desk), list(secrets.names())) == ([], [])


def test_list_tells_which_values_are_not_the_recorded_ones(desk, secrets, tmp_path):
    for name in ("a", "b", "c"):
        keep(desk.books, secrets, name, VALUE)
    secrets.put("b", OTHER)
    secrets.put("d", OTHER)
    forget(desk.books, secrets, "c")
    secrets.put("c", VALUE)
    found = {each.name: each.recorded for each in listed(desk.books, secrets)}
    assert found == {
        "a": Recorded.SAME,
        "b": Recorded.OTHER,
        "c": Recorded.NOTHING,
        "d": Recorded.NOTHING,
    }
    assert {e.recorded for e in listed(desk.books, store(tmp_path, b"n" * 32)) if e.at} == {Recorded.OTHER_KEY}


def test_secrets_are_kept_before_there_is_a_court(secrets):
    keep(None, secrets, "db-contoh", VALUE)
    assert listed(None, secrets) == [KeptSecret("db-contoh", Recorded.NOTHING)]
    forget(None, secrets, "db-contoh")
    assert list(secrets.names()) == []
