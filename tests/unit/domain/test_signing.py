"""The tests' own signer against ssh-keygen, both ways: whatever it signs in other tests is what people's keys sign."""

import shutil
import subprocess

import pytest

from sopti_runner.domain import sshsig
from tests.unit.domain.signing import TestKey

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")
MESSAGE = b'{"v":1}'


def test_signer_signature_is_good_for_ssh_keygen(tmp_path):
    key = TestKey("pejabat contoh")
    (tmp_path / "allowed").write_text(f"contoh {key.public.line}\n")
    (tmp_path / "sig").write_text(key.sign(MESSAGE))
    verify = ["ssh-keygen", "-Y", "verify", "-I", "contoh", "-n", "act@sopti"]
    command = [*verify, "-f", str(tmp_path / "allowed"), "-s", str(tmp_path / "sig")]
    assert subprocess.run(command, input=MESSAGE, capture_output=True, check=False).returncode == 0
    assert subprocess.run(command, input=MESSAGE + b" ", capture_output=True, check=False).returncode != 0


def test_signer_format_is_that_of_ssh_keygen(tmp_path):
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    made = subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", str(path), "-n", "act@sopti"],
        input=MESSAGE,
        capture_output=True,
        check=True,
    ).stdout.decode()
    ours = TestKey("pejabat contoh").sign(MESSAGE)
    assert [len(line) for line in made.splitlines()] == [len(line) for line in ours.splitlines()]
    public = sshsig.parse_public_key(path.with_suffix(".pub").read_text())
    assert sshsig.verify(made, MESSAGE, namespace="act@sopti", allowed={public.line}) == public.blob
