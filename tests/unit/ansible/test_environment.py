"""Programs that reach hosts are the machine's own, whatever the caller's PATH says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sopti_runner.adapters.ansible.observers import Look, Observers
from sopti_runner.adapters.ansible.ssh import NO_IDENTITIES
from sopti_runner.adapters.host_pins import scan
from sopti_runner.errors import DeviceError


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs of the caller's own, first on their PATH; gives the file that shows that one of them ran."""
    mark = tmp_path / "ran"
    for name in ("ssh", "ssh-keyscan"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\necho {name} >> {mark}\nexit 1\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return mark


def test_look_at_a_host_takes_the_machines_own_ssh(tmp_path: Path, mark: Path) -> None:
    hosts = {"web1": {"ansible_host": "127.0.0.1", "ansible_port": 1}}
    (tmp_path / "inventory.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    (tmp_path / "known_hosts").write_text("")
    with pytest.raises(DeviceError):
        Observers(tmp_path, b"k" * 32, NO_IDENTITIES).look([Look("web1", ("file:/etc/motd",))])
    assert not mark.exists()


def test_scan_of_a_host_takes_the_machines_own_program(mark: Path) -> None:
    with pytest.raises(DeviceError):
        scan("127.0.0.1", 1)
    assert not mark.exists()
