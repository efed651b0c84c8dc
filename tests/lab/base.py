"""The root file system that all hosts share as their lower layer: built once by debootstrap, then only read.

It is named after the digest of its recipe, so a changed recipe builds a new one and never alters one in use.
Packages come from the mirror this machine's own apt uses.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

SUITE = "bookworm"
PACKAGES = (
    "systemd-sysv", "dbus", "openssh-server", "python3", "python3-apt", "sudo", "nftables", "iproute2", "procps",
)  # fmt: skip
SUDO_USER = "admin"
_FINISH = f"""
set -eu
rm -f /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus/machine-id
rm -rf /var/cache/apt/archives/*.deb /var/lib/apt/lists/* /etc/apt/sources.list /usr/share/doc/* /usr/share/man/*
mkdir -p /var/lib/apt/lists/partial
cat >/etc/ssh/sshd_config.d/lab.conf <<'END'
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
PermitRootLogin prohibit-password
UseDNS no
MaxStartups 100
END
useradd --create-home --shell /bin/bash {SUDO_USER}
echo '{SUDO_USER} ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/{SUDO_USER}
chmod 0440 /etc/sudoers.d/{SUDO_USER}
ln -sf /lib/systemd/system/systemd-networkd.service /etc/systemd/system/multi-user.target.wants/systemd-networkd.service
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \\
  fstrim.timer systemd-networkd-wait-online.service console-getty.service; do
  ln -sf /dev/null "/etc/systemd/system/$unit"
done
"""


class BaseError(Exception):
    """The base can't be built; the text says why and what to do."""


def cache() -> Path:
    """Give the folder of cached bases (``SOPTI_LAB_CACHE``, or /var/cache/sopti-lab)."""
    return Path(os.environ.get("SOPTI_LAB_CACHE", "/var/cache/sopti-lab"))


def path() -> Path:
    """Give where the base of this recipe is, or would be."""
    recipe = "\0".join([SUITE, *PACKAGES, _FINISH])
    return cache() / f"base-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"


def ensure() -> Path:
    """Give the base, building it first when it isn't there; one builder at a time."""
    if path().is_dir():
        return path()
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path().is_dir():
            _build()
    return path()


def _build() -> None:
    work = cache() / "building"
    shutil.rmtree(work, ignore_errors=True)
    settings = work / "etc/dpkg/dpkg.cfg.d/lab"
    settings.parent.mkdir(parents=True)
    settings.write_text("force-unsafe-io\n")
    debs = cache() / "debs"
    debs.mkdir(exist_ok=True)
    _run([
        "debootstrap", "--variant=minbase", "--force-check-gpg", f"--cache-dir={debs}",
        f"--include={','.join(PACKAGES)}", SUITE, str(work), _mirror(),
    ], env={**os.environ, **_proxy()})  # fmt: skip
    _run(["chroot", str(work), "/bin/sh", "-c", _FINISH])
    work.rename(path())


def _mirror() -> str:
    """Give the mirror that this machine's apt takes Debian from."""
    wanted = [
        "apt-get",
        "indextargets",
        "--format",
        "$(REPO_URI) $(ORIGIN) $(LABEL) $(COMPONENT)",
        "Identifier: Packages",
    ]
    for attempt in range(2):
        if attempt:
            _run(["apt-get", "update", "-q"])
        for line in subprocess.run(wanted, capture_output=True, text=True, check=True).stdout.splitlines():
            uri, *rest = line.split()
            if rest == ["Debian", "Debian", "main"]:
                return uri
    raise BaseError(
        "apt of this machine knows no Debian mirror. Next: add one to /etc/apt/sources.list.d, run apt-get update"
    )


def _proxy() -> dict[str, str]:
    shell = subprocess.run(
        ["apt-config", "shell", "P", "Acquire::http::Proxy"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return {"http_proxy": shell.partition("=")[2].strip("'")} if shell else {}


def _run(command: list[str], env: dict[str, str] | None = None) -> None:
    log = cache() / "build.log"
    with log.open("a") as out:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env, check=False
        )
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise BaseError(f"{command[0]} ended with {done.returncode}; its last lines ({log}):\n{tail}")
