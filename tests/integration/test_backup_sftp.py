"""A repository on another machine, reached by sftp as a court's settings would name it."""

import hashlib
import shutil
from pathlib import Path

import pytest

from sopti_runner.adapters.restic.process import Restic
from sopti_runner.adapters.restic.repository import ResticRepository
from sopti_runner.errors import ExecutionError
from tests.lab import Lab

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed: make deps"),
]
PLACE = "/srv/cadangan-uji"


@pytest.fixture
def home(lab: Lab, tmp_path: Path) -> Path:
    """A system user's home, whose ssh knows the other machine and its key."""
    host = lab.hosts[0]
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/config").write_text(
        f"Host {host.address}\n  IdentityFile {host.private_key}\n  UserKnownHostsFile {host.known_hosts}\n"
        "  StrictHostKeyChecking yes\n  IdentitiesOnly yes\n"
    )
    return tmp_path


def test_backup_on_another_machine_is_made_and_read_back(lab, home):
    host = lab.hosts[0]
    repository = ResticRepository(Restic(f"sftp:root@{host.address}:{PLACE}", "abcd-efgh", home))
    try:
        repository.make()
        file = home / "surat.txt"
        file.write_text("Surat tugas\n")
        snapshot = repository.save([str(file)], ["one"], lambda *_told: None).snapshot
        assert repository.read_back(snapshot, str(file)) == hashlib.sha256(b"Surat tugas\n").hexdigest()
        repository.check(1, 1)
        assert "config" in host.ssh(f"ls {PLACE}").stdout
        assert "abcd-efgh" not in host.ssh("journalctl --no-pager | tail -n 200").stdout
    finally:
        host.ssh(f"rm -rf {PLACE}")


def test_machine_whose_key_is_not_known_is_not_reached(lab, home):
    (home / ".ssh/config").write_text("Host *\n  UserKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n")
    repository = ResticRepository(Restic(f"sftp:root@{lab.hosts[0].address}:{PLACE}", "abcd-efgh", home))
    with pytest.raises(ExecutionError):
        repository.make()
