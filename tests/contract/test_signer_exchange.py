"""The folder of pipes between sopti and the operator's own process: pipes, and nothing else."""

from __future__ import annotations

import os
import subprocess
import threading

import pytest

from sopti_runner.adapters.signer_exchange import ExchangeSigner
from sopti_runner.errors import UsageError

SIGNATURE = "-----BEGIN SSH SIGNATURE-----\nQUFB\n-----END SSH SIGNATURE-----\n"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "signer"
    folder.mkdir()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True)
    (folder / "key.pub").write_bytes((tmp_path / "k.pub").read_bytes())
    return folder


def answered(folder, answer):
    """Sign through real pipes with an owner who gives this answer; gives (statement seen, what came back)."""
    os.mkfifo(folder / "statement")
    os.mkfifo(folder / "signature")
    seen = []

    def owner():
        seen.append((folder / "statement").read_bytes())
        (folder / "signature").write_bytes(answer)

    there = threading.Thread(target=owner, daemon=True)
    there.start()
    try:
        return seen, ExchangeSigner(folder).sign(b"said" * 40_000)
    finally:
        there.join(10)


def test_statement_goes_through_the_pipes_and_its_signature_comes_back(folder):
    assert answered(folder, SIGNATURE.encode()) == ([b"said" * 40_000], SIGNATURE)


@pytest.mark.parametrize("answer", [b"", b"\xff\xfe", b"no"])
def test_owner_who_does_not_sign_is_told(folder, answer):
    with pytest.raises(UsageError, match="does not sign"):
        answered(folder, answer)


def test_link_or_plain_file_in_place_of_a_pipe_is_never_written(folder, tmp_path):
    kept = tmp_path / "hmac.key"
    for make in ((folder / "statement").symlink_to, (folder / "statement").hardlink_to):
        kept.write_bytes(b"secret")
        (folder / "statement").unlink(missing_ok=True)
        make(kept)
        with pytest.raises(UsageError):
            ExchangeSigner(folder).sign(b"said")
        assert kept.read_bytes() == b"secret"


def test_key_that_is_a_link_or_a_pipe_is_refused(folder, tmp_path):
    (folder / "key.pub").unlink()
    (folder / "key.pub").symlink_to(tmp_path / "k.pub")
    with pytest.raises(UsageError):
        ExchangeSigner(folder)
    (folder / "key.pub").unlink()
    os.mkfifo(folder / "key.pub")
    with pytest.raises(UsageError):
        ExchangeSigner(folder)
