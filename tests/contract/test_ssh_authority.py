"""The certificate authority: what ssh-keygen itself reads in its certificates and lists."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sopti_runner.adapters.ssh_authority import SshAuthority
from sopti_runner.domain.access import Certificate
from sopti_runner.errors import LedgerError

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
GOOD = Certificate(42, "web1", "sopti REG-2026-0042 run r-1 host web1", NOW - timedelta(minutes=1), NOW)


@pytest.fixture
def authority(tmp_path: Path) -> SshAuthority:
    made = SshAuthority(tmp_path / "state")
    (tmp_path / "state").mkdir()
    made.create("sopti.contoh.example/ledger")
    return made


def shown(file: str | Path) -> list[str]:
    done = subprocess.run(
        ["ssh-keygen", "-L", "-f", str(file)],
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "UTC", "PATH": "/usr/bin"},
    )
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def test_certificate_opens_one_host_for_its_window_and_forces_everything_else_off(authority):
    with authority.errand() as key:
        ((file,),) = key.certify([GOOD], frozenset()).certificates.values()
        lines = shown(file)
    assert 'Key ID: "sopti REG-2026-0042 run r-1 host web1"' in lines
    assert "Serial: 42" in lines
    assert "Valid: from 2026-11-02T00:59:00 to 2026-11-02T01:00:00" in lines
    assert lines[lines.index("Principals:") + 1] == "sopti-web1"
    assert lines[lines.index("Principals:") + 2].startswith("Critical Options")
    assert lines[-1] == "Extensions: (none)"


def test_certificate_of_a_session_may_open_a_terminal_and_nothing_else(authority, tmp_path):
    with authority.errand() as key:
        certificate = Certificate(1, "web1", "x", NOW, NOW + timedelta(hours=1), terminal=True)
        ((file,),) = key.certify([certificate], frozenset()).certificates.values()
        assert shown(file)[-2:] == ["Extensions:", "permit-pty"]


def test_key_of_an_errand_is_gone_after_it_and_so_is_what_a_killed_one_left(authority, tmp_path):
    left = tmp_path / "state/errands/errand-killed"
    left.mkdir(parents=True)
    (left / "key").touch()
    with authority.errand() as one, authority.errand() as other:
        assert Path(one.folder, "key").exists()  # an errand that is going on is left alone
        assert one.fingerprint != other.fingerprint
        assert not left.exists()
        assert Path(one.folder, "key").stat().st_mode & 0o77 == 0
    assert list((tmp_path / "state/errands").iterdir()) == []


def test_authority_is_made_once_and_private(authority, tmp_path):
    with pytest.raises(LedgerError):
        authority.create("again")
    key = tmp_path / "state/ssh-ca.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o640)
    with pytest.raises(LedgerError, match="can't be used"):
        authority.publics()


def test_two_authorities_sign_while_one_is_put_aside_and_one_afterwards(authority):
    (first,) = authority.publics()
    second = authority.rotate("x")
    assert [k.fingerprint for k in authority.publics()] == [second.fingerprint, first.fingerprint]
    with pytest.raises(LedgerError):
        authority.rotate("x")
    with authority.errand() as key:
        (files,) = key.certify([GOOD], frozenset()).certificates.values()
        signed_by = [next(line for line in shown(f) if line.startswith("Signing CA")) for f in files]
    assert [second.fingerprint in signed_by[0], first.fingerprint in signed_by[1]] == [True, True]
    assert authority.retire().fingerprint == first.fingerprint
    assert [k.fingerprint for k in authority.publics()] == [second.fingerprint]
    with pytest.raises(LedgerError):
        authority.retire()


def test_nothing_is_signed_without_an_authority(tmp_path):
    with pytest.raises(LedgerError):
        SshAuthority(tmp_path).sign("ssh-ed25519 AAAA", GOOD)


def test_list_of_what_is_revoked_holds_what_was_revoked_before(authority, tmp_path):
    first = authority.revocations(b"", [42], ())
    both = authority.revocations(first, [43], ())
    with authority.errand() as key:
        answers = {}
        for serial in (42, 43, 44):
            certificate = Certificate(serial, "web1", "x", GOOD.first, GOOD.last)
            ((file,),) = key.certify([certificate], frozenset()).certificates.values()
            for name, krl in (("first", first), ("both", both)):
                (tmp_path / "krl").write_bytes(krl)
                query = ["ssh-keygen", "-Q", "-f", str(tmp_path / "krl"), file]
                answers[name, serial] = subprocess.run(query, capture_output=True, check=False).returncode != 0
    assert [n for (name, n), revoked in answers.items() if name == "first" and revoked] == [42]
    assert [n for (name, n), revoked in answers.items() if name == "both" and revoked] == [42, 43]
