"""A fresh Debian host on which sopti gets installed, and the README's walk over it as printed."""

import hashlib
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, tracked
from tests.lab import Host, Lab, base, machine

HERE = "tests/e2e/test_install.py"
SOURCE = "/root/sopti"
DEBS = ("make", "sudo", "adduser", "python3-venv", "restic")


def send(host: Host, target: str, root: Path, files: list[Path]) -> None:
    """Put files into a folder of the host, keeping names relative to ``root``, modes and links."""
    names = "\0".join(str(path.relative_to(root)) for path in files)
    pack = subprocess.run(
        ["tar", "-C", root, "--owner=0", "--group=0", "--null", "--files-from=-", "-cf", "-"],
        input=names.encode(),
        capture_output=True,
        check=True,
    )
    unpack = f"mkdir -p {target} && tar -C {target} -xf -"
    subprocess.run([*host.ssh_command(), unpack], input=pack.stdout, capture_output=True, check=True, timeout=120)


@pytest.fixture(scope="module")
def wheelhouse() -> Path:
    """The packages of an installation without internet, made by the same script as make wheelhouse."""
    digest = hashlib.sha256((ROOT / "constraints.txt").read_bytes() + (ROOT / "pyproject.toml").read_bytes())
    folder = ROOT / ".cache" / f"wheelhouse-{digest.hexdigest()[:12]}"
    if not folder.is_dir():
        building = folder.with_suffix(".new")
        subprocess.run(["sh", ROOT / "packaging/wheelhouse.sh", building], check=True, timeout=600)
        building.rename(folder)
    return folder


@pytest.fixture(scope="module")
def packages() -> Path:
    """The Debian packages that a minimal Debian 12 lacks, as a repository, downloaded once by this machine's apt."""
    root = base.ensure()
    named = hashlib.sha256(" ".join(DEBS).encode()).hexdigest()[:6]
    folder = ROOT / ".cache" / f"install-debs-{root.name}-{named}"
    if not (folder / "Packages").is_file():
        (folder / "partial").mkdir(parents=True, exist_ok=True)
        options = {
            "APT::Sandbox::User": "root",
            "Dir::State::status": root / "var/lib/dpkg/status",
            "Dir::Cache::archives": folder,
        }
        words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        subprocess.run(
            ["apt-get", *words, "install", "-q", "-y", "--download-only", "--no-install-recommends", *DEBS],
            check=True,
            timeout=300,
        )
        index = subprocess.run(["dpkg-scanpackages", "-m", "."], cwd=folder, capture_output=True, check=True)
        (folder / "Packages").write_bytes(index.stdout)
    return folder


@pytest.fixture(scope="module")
def court(wheelhouse: Path, packages: Path) -> Iterator[tuple[Host, Host]]:
    """Two fresh hosts: the machine that sopti will be installed on, its sources unpacked, and a server of the court."""
    with Lab.up(names=["sopti", "srv01"]) as lab:
        ours, server = lab.hosts
        send(ours, SOURCE, ROOT, list(tracked()))
        send(ours, "/srv/wheelhouse", wheelhouse, sorted(wheelhouse.iterdir()))
        send(ours, "/srv/debs", packages, sorted(path for path in packages.iterdir() if path.is_file()))
        ours.ssh(
            "printf '[global]\\nno-index = true\\nfind-links = /srv/wheelhouse\\n' > /etc/pip.conf;"
            "rm -f /etc/apt/sources.list.d/*; echo 'deb [trusted=yes] file:/srv/debs ./' > /etc/apt/sources.list;"
            f"echo '{server.address} srv01.pn-contoh.example srv01' >> /etc/hosts"
        )
        yield ours, server


@pytest.fixture(scope="module")
def installable() -> None:
    """Say why this machine can't do it, before anything is downloaded."""
    if lacking := machine.missing():
        pytest.skip("labs don't work here, missing: " + "; ".join(lacking))
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the host's Python is 3.11 and needs packages for 3.11; this machine's is another version")


def run(host: Host, commands: str, *, cwd: str = SOURCE, user: str = "", answer: str = "", timeout: float = 400) -> str:
    """Run commands as typed in a shell, stopping at the first that fails; give what was printed.

    Args:
        user: Whose login shell; root when empty.
        answer: What is typed at a terminal meanwhile; no terminal when empty.
    """
    host.ssh("cat > /tmp/typed; chmod 644 /tmp/typed", stdin=f"cd {cwd}\n{commands}")
    shell = "bash -euo pipefail /tmp/typed" + ("" if answer else " </dev/null 2>&1")
    command = f"runuser -l {user} -c {shlex.quote(shell)}" if user else shell
    words = host.ssh_command()
    done = subprocess.run(
        [words[0], "-tt", *words[1:], command] if answer else [*words, command],
        input=f"{answer}\n" if answer else "",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\nended with {done.returncode}:\n{done.stdout}"
    return done.stdout


@dataclass
class Walk:
    """The README's first real court, followed as printed; only the example's address and year are put right.

    The exchange folder stands for the USB stick that goes between the four places.
    """

    court: tuple[Host, Host]
    printed: list[tuple[str, str]] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    """The server's firewall after each block of the operator."""

    def follow(self, at: str, commands: str, answer: str) -> None:
        """Type one block where the README says, and keep what was printed."""
        ours, server = self.court
        watching = f"{ours.address.rpartition('.')[0]}.1"  # the machine that runs this test looks at the server, too
        commands = commands.replace("192.0.2.10", f"{ours.address},{watching}")
        commands = commands.replace("2026", str(datetime.now(UTC).year))
        if at == "server":
            server.ssh("cat > /root/sopti.pub", stdin=ours.ssh("cat /srv/sopti/sopti.pub").stdout)
            said = run(server, commands, cwd="/root", answer=answer)
        elif at == "official":
            ours.ssh("id -u sari >/dev/null 2>&1 || useradd --create-home --groups sopti-operator sari")
            said = run(ours, commands, cwd="/srv/sopti", user="sari", answer=answer)
        elif at == "operator":
            said = run(ours, commands, cwd="/srv/sopti", user="budi", answer=answer)
            self.rules.append(server.ssh("nft list ruleset").stdout)
        else:
            said = run(ours, commands, answer=answer)
        self.printed.append((commands, said))

    def said(self, part: str) -> str:
        """Give what the block with this command printed."""
        return next(said for commands, said in self.printed if part in commands)
