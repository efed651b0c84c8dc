"""The throw-away hosts themselves: they boot, reboot, upgrade, and go away whatever happens to those who hold them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab import Host, Lab, base, cgroup, record, repository
from tests.lab.lab import reap

pytestmark = pytest.mark.lab

_REPO = Path(__file__).resolve().parents[2]
_HOLD = """
import sys, time
from tests.lab import Lab
lab = Lab.up(1, name=sys.argv[1])
print("up", flush=True)
time.sleep(600)
"""


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def _traces(name: str, bridge: str) -> list[str]:
    """Give what is left of a lab on this machine."""
    tops = (record.root(), *cgroup.hierarchies())
    places = [(place, each) for top in tops for place, *below in os.walk(top) for kind in below for each in kind]
    left = [f"{place}/{each}" for place, each in places if each.startswith(name)]
    links = {row["ifname"] for row in json.loads(subprocess.check_output(["ip", "-json", "link"]))}
    mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if name in line]
    return left + sorted(links & {bridge}) + mounts


def _machine(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.lab", *words], cwd=_REPO, capture_output=True, text=True, timeout=120, check=False
    )


def test_hosts_when_up_are_different_machines_with_the_pinned_keys(lab: Lab) -> None:
    seen = [
        host.ssh("cat /etc/machine-id /etc/hostname /etc/ssh/ssh_host_ed25519_key.pub").stdout for host in lab.hosts
    ]
    assert len(set(seen)) == 2
    for host, text in zip(lab.hosts, seen, strict=True):
        assert host.name in text
        assert host.host_key in text
        assert host.reachable(address=host.address6)


def test_host_can_do_what_roles_need(lab: Lab) -> None:
    host = lab.hosts[0]
    assert host.ssh("unshare -n nft list ruleset && nft list ruleset").stdout == ""
    assert host.ssh("systemd-run --wait --quiet --collect true").returncode == 0
    assert host.ssh("sudo -n id -u", user=base.SUDO_USER).stdout == "0\n"
    assert host.ssh("/usr/bin/python3 -c 'import apt'").returncode == 0


def test_unit_names_on_two_hosts_do_not_meet(lab: Lab) -> None:
    for host in lab.hosts:
        host.ssh("systemd-run --quiet --unit=same sleep 60")
    lab.hosts[0].ssh("systemctl stop same")
    assert lab.hosts[1].ssh("systemctl is-active same").stdout == "active\n"
    lab.hosts[1].ssh("systemctl stop same")


def test_package_upgrade_works_without_internet(fresh_host: Host) -> None:
    def shown() -> str:
        return fresh_host.ssh(f"cat /usr/share/{repository.PACKAGE}/version").stdout

    fresh_host.ssh(f"apt-get -q update && apt-get -qy install {repository.PACKAGE}=1.0")
    assert shown() == "1.0\n"
    fresh_host.ssh("apt-get -qy upgrade")
    assert shown() == "2.0\n"


def test_reboot_keeps_files_identity_and_address(fresh_host: Host) -> None:
    before = fresh_host.boot_id()
    identity = fresh_host.ssh("echo kept >/etc/kept; cat /etc/machine-id").stdout
    fresh_host.reboot()
    assert fresh_host.boot_id() != before
    assert fresh_host.ssh("cat /etc/machine-id /etc/kept").stdout == f"{identity}kept\n"


def test_lab_when_its_owner_is_killed_goes_away_by_itself() -> None:
    name = f"orphan{os.getpid()}"
    owner = subprocess.Popen([sys.executable, "-c", _HOLD, name], cwd=_REPO, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    with owner.stdout:
        assert owner.stdout.readline() == "up\n"
    bridge = record.load(record.root() / name).network.bridge
    assert len(_traces(name, bridge)) >= 3
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert _until(lambda: not _traces(name, bridge), 15), _traces(name, bridge)


def test_lab_when_its_keeper_is_killed_is_reaped_with_the_next_lab() -> None:
    name = f"keeperless{os.getpid()}"
    with Lab.up(1, name=name):
        plan = record.load(record.root() / name)
        assert plan.keeper is not None
        os.kill(plan.keeper.pid, signal.SIGKILL)
        assert _until(lambda: plan.stale, 5)
        assert name in reap()
        assert not _traces(name, plan.network.bridge)


def test_two_labs_at_once_have_networks_of_their_own(lab: Lab) -> None:
    with Lab.up(1) as other:
        assert other.controller != lab.controller
        assert other.hosts[0].ssh("hostname").stdout == "srv01\n"
    assert lab.hosts[0].ssh("hostname").stdout == "srv01\n"


def test_up_with_a_name_in_use_is_refused_and_leaves_it_alone(lab: Lab) -> None:
    done = _machine("up", "1", "--name", lab.name)
    assert done.returncode == 1
    assert f"a lab called {lab.name} is up" in done.stderr
    assert lab.hosts[0].ssh("true").returncode == 0


@pytest.mark.parametrize("name", ["Web", "a/b", "-x", "", "ü"])
def test_up_with_a_bad_host_name_is_refused(name: str) -> None:
    done = _machine("up", "--name", "named", "--hosts", f"ok,{name or ' '}")
    assert done.returncode == 1
    assert "can't be a name" in done.stderr
    assert not (record.root() / "named").exists()


_VERSION_2 = """
umount --recursive /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec "$@"
"""


def test_lab_where_only_cgroup_version_2_is_mounted_comes_up_reboots_and_goes(tmp_path: Path) -> None:
    script = (
        "from tests.lab import Lab\n"
        "with Lab.up(2) as lab:\n"
        "    lab.hosts[0].reboot()\n"
        "    print([host.ssh('systemctl is-system-running').stdout.strip() for host in lab.hosts])\n"
    )
    words = ["unshare", "--mount", "sh", "-ec", _VERSION_2, "sh", sys.executable, "-c", script]
    environment = {**os.environ, "SOPTI_LAB_STATE": str(tmp_path)}
    done = subprocess.run(words, cwd=_REPO, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "['running', 'running']\n", done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
