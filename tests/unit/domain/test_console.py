"""The sealed console: what proves it, what ends the proof, and what a host without one may not lose."""

from datetime import UTC, date, datetime, timedelta

import pytest

from sopti_runner.domain.access import Access
from sopti_runner.domain.console import (
    ACCOUNT,
    FOLDS,
    PROOF_WITHIN,
    Console,
    ConsoleSeen,
    Use,
    login_digest,
    new_logins,
    proof,
    untold,
)
from sopti_runner.domain.ledger.event import SYSTEM, Event
from sopti_runner.domain.login import Login, became_root, tell
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.standing import unproven

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
SET, IN, ROOT = NOW - timedelta(minutes=30), NOW - timedelta(minutes=10), NOW - timedelta(minutes=9)
SEALED = Console("aa", ("p",), 5, NOW - timedelta(days=1))
GOOD = ConsoleSeen(NOW, "aa", SET, shut=True, logins=(IN,), as_root=(ROOT,))


def event(seq, of_type, /, **data):
    return Event("log", seq, b"", f"e{seq}", NOW, "", 0, of_type, "s", SYSTEM, data, (), b"", b"")


def told(*events):
    """Give what the ledger tells of web1 after these events."""
    consoles = {}
    for each in events:
        FOLDS[each.type](consoles, each)
    return consoles


def sealed(seq):
    return event(seq, "console.sealed", host="web1", digest="aa", holders=["p"])


def proven(seq, at=IN):
    return event(seq, "console.proven", host="web1", digest="aa", logins=[at.isoformat()])


def used(seq, at=NOW):
    digest = login_digest("web1", at)
    return event(seq, "console.used", host="web1", at=at.isoformat(), login=digest, ratify_by="2026-11-03")


def recorded(seq, evidence, *hosts):
    return event(seq, "emergency.recorded", hosts=list(hosts), evidence=evidence)


def task(seq, host="web1", kind="changed", objects=(f"user:{ACCOUNT}",)):
    return event(seq, "task.finished", host=host, kind=kind, objects=list(objects))


def test_login_with_the_sealed_password_that_became_root_proves_it():
    assert proof(SEALED, GOOD) == (IN,)


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        ({"digest": "bb"}, "console_other_password"),
        ({"digest": ""}, "console_other_password"),
        ({"shut": False}, "console_by_ssh"),
        ({"logins": ()}, "console_no_login"),
        ({"unchanged_since": IN + timedelta(seconds=1)}, "console_no_login"),
        ({"now": IN + PROOF_WITHIN + timedelta(seconds=1)}, "console_no_login"),
        ({"as_root": ()}, "console_not_root"),
        ({"as_root": (IN - timedelta(seconds=1),)}, "console_not_root"),
    ],
)
def test_nothing_less_proves_it(seen, code):
    fields = {name: getattr(GOOD, name) for name in ConsoleSeen.__slots__}
    found = proof(SEALED, ConsoleSeen(**{**fields, **seen}))
    assert isinstance(found, Reason)
    assert found.code == code


def test_login_that_was_recorded_as_a_use_is_no_proof():
    opened = Console("aa", ("p",), 5, NOW, uses=(Use("web1", IN, "d", date(2026, 11, 3), 6),))
    assert proof(opened, GOOD).code == "console_no_login"


@pytest.mark.parametrize(
    ("events", "ready"),
    [
        ([sealed(1)], False),
        ([sealed(1), proven(2)], True),
        ([sealed(1), proven(2), sealed(3)], False),
        ([sealed(1), proven(2), used(3)], False),
        ([sealed(1), proven(2), used(3), proven(4)], False),
        ([sealed(1), proven(2), used(3), recorded(4, login_digest("web1", NOW), "web1")], False),
        ([sealed(1), proven(2), used(3), sealed(4), proven(5)], True),
        ([sealed(1), proven(2), task(3)], False),
        ([sealed(1), proven(2), task(3, host="web2")], True),
        ([sealed(1), proven(2), task(3, kind="ok")], True),
        ([sealed(1), proven(2), task(3, objects=["file:/etc/motd"])], True),
        ([sealed(1), task(2), proven(3)], True),
    ],
)
def test_host_may_lose_its_standing_key_only_while_the_proof_stands(events, ready):
    consoles = told(*events)
    assert consoles["web1"].ready is ready
    assert [r.code for r in unproven(consoles, ["web1"])] == ([] if ready else ["console_unproven"])


def test_every_host_without_a_proof_is_named_with_what_to_do():
    consoles = told(sealed(1), proven(2))
    consoles["web3"] = Console("", (), -1, NOW, uses=(Use("web3", IN, "d", date(2026, 11, 3), 6),))
    assert [r.fields["host"] for r in unproven(consoles, ["web2", "web1", "web3"])] == ["web2", "web3"]
    assert "sopti access seal web2" in str(next(unproven(consoles, ["web2"])))


def test_use_waits_until_somebody_tells_of_exactly_that_login():
    other = NOW + timedelta(hours=1)
    begun = [sealed(1), proven(2), used(3), used(4, other)]
    assert [use.at for use in untold(told(*begun))] == [NOW, other]
    for wrong in (recorded(5, login_digest("web1", NOW), "web2"), recorded(5, "", "web1")):
        assert len(untold(told(*begun, wrong))) == 2
    (left,) = untold(told(*begun, recorded(5, login_digest("web1", NOW), "web1")))
    assert left.at == other


def test_login_is_told_apart_as_proof_as_use_and_as_somebody_elses():
    access = Access(consoles=told(sealed(1), proven(2), used(3)))
    logins = {at: Login(at, ACCOUNT, "console") for at in (IN, NOW)}
    assert new_logins(access.consoles["web1"], [IN, NOW, ROOT]) == (ROOT,)
    assert [tell(access, "web1", login, ()).code for login in logins.values()] == ["", "console_opened"]
    assert tell(access, "web2", logins[IN], ()).code == "console_opened"
    assert tell(access, "web1", Login(IN, "root", "console"), ()).code == "console"
    after = Access(
        consoles=told(sealed(1), proven(2), used(3), recorded(4, login_digest("web1", NOW), "web1"), sealed(5))
    )
    assert [tell(after, "web1", login, ()).code for login in logins.values()] == ["", ""]


@pytest.mark.parametrize(
    ("line", "account"),
    [
        (f"    {ACCOUNT} : TTY=tty1 ; PWD=/home/{ACCOUNT} ; USER=root ; COMMAND=/usr/bin/id", ACCOUNT),
        (f"{ACCOUNT} : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/bash", ACCOUNT),
        (f"{ACCOUNT} : TTY=pts/1 ; PWD=/ ; USER=www-data ; COMMAND=/bin/true ; USER=root", ""),
        (f"{ACCOUNT} : 3 incorrect password attempts ; TTY=tty1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh", ""),
        (f"{ACCOUNT} : user NOT in sudoers ; TTY=tty1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh", ""),
        ("pam_unix(sudo:session): session opened for user root(uid=0) by x(uid=1)", ""),
    ],
)
def test_line_of_sudo_tells_who_became_root(line, account):
    assert became_root(line) == account
