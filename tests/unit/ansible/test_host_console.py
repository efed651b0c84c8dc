"""What a host's answer says of its console: only lines that the kernel vouches for, and none from within ssh."""

import json
from datetime import UTC, datetime

import pytest

from sopti_runner.adapters.ansible.host_console import Consoles
from sopti_runner.domain.console import ACCOUNT, digest_of
from sopti_runner.errors import DeviceError

FACTS = "1795373220.5\n1795373000.25\n1\n$y$j9T$salt$hash\n\n"
AT = 1795373219187862
LOGIN = {
    "__REALTIME_TIMESTAMP": str(AT),
    "_UID": "0",
    "_COMM": "login",
    "_SYSTEMD_UNIT": "getty@tty1.service",
    "MESSAGE": f"pam_unix(login:session): session opened for user {ACCOUNT}(uid=1001) by LOGIN(uid=0)",
}
SUDO = {
    "__REALTIME_TIMESTAMP": str(AT + 5),
    "_UID": "1001",
    "_COMM": "sudo",
    "_EXE": "/usr/bin/sudo",
    "MESSAGE": f"    {ACCOUNT} : TTY=tty1 ; PWD=/home/{ACCOUNT} ; USER=root ; COMMAND=/usr/bin/id",
}


class FakeDoors:
    def __init__(self, said):
        self.said = said

    def run(self, host, keys, remote, given=b""):
        return self.said.encode()


def look(*entries, facts=FACTS):
    return Consoles(FakeDoors(facts + "".join(json.dumps(e) + "\n" for e in entries))).look("web1", None)


def test_answer_of_a_host_is_read():
    seen = look(LOGIN, SUDO)
    assert (seen.digest, seen.shut) == (digest_of("$y$j9T$salt$hash"), True)
    assert (seen.now, seen.unchanged_since) == tuple(
        datetime.fromtimestamp(each, UTC) for each in (1795373220.5, 1795373000.25)
    )
    assert [int(at.timestamp() * 1_000_000) for at in (*seen.logins, *seen.as_root)] == [AT, AT + 5]


@pytest.mark.parametrize(
    "wrong",
    [
        {"_UID": "1000"},
        {"_COMM": "python3"},
        {"_SYSTEMD_UNIT": "ssh.service"},
        {"MESSAGE": "pam_unix(login:session): session opened for user root(uid=0) by LOGIN(uid=0)"},
        {"MESSAGE": f"pam_unix(sshd:session): session opened for user {ACCOUNT}(uid=1001) by (uid=0)"},
        {"MESSAGE": f"FAILED LOGIN: session opened for user {ACCOUNT}"},
    ],
)
def test_line_that_login_did_not_write_of_the_account_is_no_login(wrong):
    assert look({**LOGIN, **wrong}, SUDO).logins == ()


def test_line_that_sudo_did_not_write_makes_nobody_root():
    assert look(LOGIN, {**SUDO, "_EXE": "/home/x/sudo"}).as_root == ()


def test_host_without_the_account_has_no_password_and_an_open_sshd_is_told():
    seen = look(facts="1795373220.5\n1795373000.25\n0\n\n")
    assert (seen.digest, seen.shut, seen.logins) == ("", False, ())


def test_answer_that_is_none_is_refused():
    with pytest.raises(DeviceError):
        look(facts="sh: 1: stat: not found\n\n")
