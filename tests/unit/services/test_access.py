"""Certificates are recorded before they are made, and an authority is not destroyed while a host knows it alone."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from sopti_runner.domain.access import Purpose
from sopti_runner.errors import IntegrityError, UsageError
from sopti_runner.ports.access import Errand, HostKeys
from sopti_runner.services.access import Access
from tests.unit.domain.desk import Desk
from tests.unit.domain.signing import TestKey


class FakeAuthority:
    """Keys in memory; implements SshAuthority as far as the service uses it."""

    def __init__(self, events):
        self.keys, self.events, self.signed, self.made = [], events, [], 0

    def _fresh(self):
        self.made += 1
        self.keys.insert(0, TestKey(f"ca {self.made}").public)
        return self.keys[0]

    def exists(self):
        return bool(self.keys)

    def publics(self):
        return tuple(self.keys)

    def create(self, name):
        return self._fresh()

    def rotate(self, name):
        return self._fresh()

    def retire(self):
        return self.keys.pop()

    def revocations(self, before, serials, keys):
        return before + bytes(serials)

    @contextmanager
    def errand(self):
        yield SimpleNamespace(fingerprint="SHA256:errand", certify=self._certify)

    def _certify(self, certificates, plain):
        self.signed += [
            (c.serial, len([e for e in self.events() if e.type == "access.certified"])) for c in certificates
        ]
        files = {c.host: tuple(str(n) for n, _ in enumerate(self.keys)) for c in certificates}
        return HostKeys("folder", "key", files, plain)


class FakeDoors:
    """Hosts that open to as many of the authorities as they know, the newest first; implements HostDoors."""

    def __init__(self):
        self.plain, self.knows = {"web1"}, {}

    def hosts(self):
        return ("web1", "web2")

    def standing_key(self, host):
        return None

    def opens(self, host, keys, *, plain):
        if plain:
            return host in self.plain, ""
        return any(self.knows.get(host) == file for file in keys.certificates[host]), ""


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def authority(desk):
    return FakeAuthority(lambda: desk.ledger.kept)


@pytest.fixture
def doors():
    return FakeDoors()


@pytest.fixture
def access(desk, authority, doors):
    made = Access(desk.books, authority, lambda keys: ("carrying", keys), lambda: doors)
    made.found()
    return made


def errand(*hosts, **more):
    return Errand("r-1", "REG-2026-0001", hosts, **more)


def test_host_that_takes_no_certificate_is_reached_by_its_own_key_and_nothing_is_issued(access, desk):
    with access.escort("engine", errand("web1")) as engine:
        assert engine == "engine"
    assert not access.books.court().access.issued


def test_converted_host_gets_a_certificate_that_was_recorded_before(access, authority, doors):
    doors.knows["web2"], doors.plain = "0", {"web1"}
    access.check(["web1", "web2"])
    with access.escort("engine", errand("web1", "web2", run="run-7")) as (_, keys):
        assert (set(keys.certificates), keys.plain) == ({"web2"}, frozenset())
    issued = access.books.court().access.issued
    last = issued[max(issued)]
    assert last.certificate.key_id == "sopti REG-2026-0001 run run-7 host web2"
    assert (last.purpose, last.key) == (Purpose.RUN, "SHA256:errand")
    assert [recorded for serial, recorded in authority.signed] == [1, 1, 2]
    assert len({serial for serial, _ in authority.signed}) == 3


def test_host_that_may_be_converted_is_shown_both_and_tried_afterwards(access, doors):
    with access.escort("engine", errand("web1", run="run-7", converting=True)) as (_, keys):
        assert (set(keys.certificates), keys.plain) == ({"web1"}, frozenset({"web1"}))
        doors.knows["web1"], doors.plain = "0", set()
    assert access.books.court().access.by_certificate("web1")
    assert access.books.court().access.weaker(["web1", "web2"]) == ("web2",)


def test_host_whose_conversion_nobody_saw_end_is_reached_again_once_it_was_tried(access, doors):
    doors.knows["web1"], doors.plain = "0", set()  # the runner died: certificate rolled out, standing key taken away
    with access.escort("engine", errand("web1")) as engine:
        assert engine == "engine", "the standing key is offered, which the host refuses"
    assert access.check(["web1"]) == {"web1": (True, False)}
    with access.escort("engine", errand("web1")) as (_, keys):
        assert set(keys.certificates) == {"web1"}


def test_authority_that_is_there_already_is_taken_over_by_a_new_ledger(access, authority, doors):
    doors.knows["web1"], doors.plain = "0", set()
    anew = Desk()
    other = Access(anew.books, authority, lambda keys: ("carrying", keys), lambda: doors)
    assert other.found() == access.books.court().access.in_use[0].fingerprint
    assert other.check(["web1"]) == {"web1": (True, False)}
    assert anew.court().access.by_certificate("web1")


def test_host_that_opens_to_nothing_keeps_what_was_known_of_it(access, doors):
    doors.knows["web1"], doors.plain = "0", set()
    access.check(["web1"])
    doors.knows.clear()
    assert access.check(["web1"]) == {"web1": (False, False)}
    assert access.books.court().access.by_certificate("web1")


def test_key_that_the_ledger_does_not_name_signs_nothing(access, authority):
    authority._fresh()
    with pytest.raises(IntegrityError):
        access.check(["web1"])
    with pytest.raises(UsageError):
        access.found()


def test_authority_is_destroyed_only_when_every_host_takes_the_new_one(access, doors):
    doors.knows["web1"], doors.plain = "0", set()
    access.check(["web1"])
    old = access.books.court().access.in_use[0].fingerprint
    access.rotate()
    doors.knows["web1"] = "1"  # the old authority's certificate, the second file
    assert access.check(["web1"]) == {"web1": (True, False)}
    with pytest.raises(UsageError, match="not shown yet"):
        access.retire()
    doors.knows["web1"] = "0"
    access.check(["web1"])
    assert access.retire() == old
    assert [a.fingerprint == old for a in access.books.court().access.in_use] == [False]


def test_revoked_certificates_are_listed_once_and_with_those_before(access, doors):
    access.check(["web1", "web2"])
    assert access.revoke([1], "", "Hilang") == (1,)
    assert access.revoke([2], "", "") == (2,)
    assert access.variables()["ssh_access_revoked"] == "AQI="
    for wrong in ([1], [77]):
        with pytest.raises(UsageError):
            access.revoke(wrong, "", "")
