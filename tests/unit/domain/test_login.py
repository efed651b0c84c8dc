"""Lines of sshd, read and explained: only a certificate of the ledger, of this host and key, explains a login."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sopti_runner.domain.access import Access, Authority, Issued, Purpose, certificates, key_id
from sopti_runner.domain.login import Login, parse_login, tell

AT = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
ID = key_id("REG-2026-0001", Purpose.RUN, "r-1", "web1")
CERTIFIED = (
    "Accepted publickey for root from 192.0.2.7 port 40022 ssh2: "
    f"ED25519-CERT SHA256:key ID {ID} (serial 7) CA ED25519 SHA256:ca"
)
GOOD = Login(AT, "root", "publickey", "192.0.2.7", "SHA256:key", ID, 7, "SHA256:ca")


@pytest.fixture
def access():
    (signed,) = certificates(7, {"web1": ID}, Purpose.RUN, AT)
    access = Access(authorities={"SHA256:ca": Authority("SHA256:ca", "ssh-ed25519 AAAA", 1)})
    access.issued[7] = Issued(signed, Purpose.RUN, "SHA256:key", "run", "r", "", 2)
    return access


@pytest.mark.parametrize(
    ("line", "login"),
    [
        (CERTIFIED, GOOD),
        (
            "Accepted publickey for root from 2001:db8::7 port 1 ssh2: RSA SHA256:k",
            Login(AT, "root", "publickey", "2001:db8::7", "SHA256:k"),
        ),
        ("Accepted password for admin from 192.0.2.7 port 5 ssh2", Login(AT, "admin", "password", "192.0.2.7")),
        (
            "pam_unix(login:session): session opened for user root(uid=0) by LOGIN(uid=0)",
            Login(AT, "root", "console"),
        ),
        ("Connection closed by 192.0.2.7 port 40022 [preauth]", None),
        ("pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)", None),
        ("Failed password for root: Accepted publickey for root from 192.0.2.7 port 1 ssh2", None),
    ],
)
def test_line_of_a_log_is_read_as_the_login_it_tells_of(line, login):
    assert parse_login(AT, line) == login


def test_key_id_that_holds_the_words_around_it_is_read_whole():
    told = parse_login(AT, CERTIFIED.replace(ID, "x (serial 7) CA ED25519 SHA256:ca"))
    assert (told.key_id, told.serial) == ("x (serial 7) CA ED25519 SHA256:ca", 7)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"serial": 8}, "unknown_certificate"),
        ({"authority": "SHA256:other"}, "unknown_certificate"),
        ({"key": "SHA256:other"}, "other_certificate"),
        ({"key_id": ID.replace("0001", "0002")}, "other_certificate"),
        ({"authority": "", "key_id": "", "serial": 0}, "unknown_key"),
        ({"authority": "", "key_id": "", "serial": 0, "key": "SHA256:own"}, "standing_key"),
        ({"authority": "", "key": ""}, "without_key"),
        ({"method": "console", "key": ""}, "console"),
    ],
)
def test_login_is_explained_by_its_own_certificate_alone(access, changes, code):
    assert tell(access, "web1", replace(GOOD, **changes), {"SHA256:own"}).code == code


def test_login_on_another_host_is_not_explained(access):
    assert tell(access, "web2", GOOD, ()).code == "other_certificate"


def test_login_after_the_revocation_is_not_explained_and_one_before_it_is(access):
    access.issued[7] = replace(access.issued[7], revoked_at=AT)
    assert tell(access, "web1", GOOD, ()).code == ""
    assert tell(access, "web1", replace(GOOD, at=AT + timedelta(seconds=1)), ()).code == "revoked_certificate"
