"""`make install` on a fresh Debian host, and the README's first real court, command by command as printed."""

import hashlib
import os
import pty
import select
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, tracked
from tests.e2e.fences import blocks
from tests.lab import Host, Lab, base, machine

pytestmark = pytest.mark.lab

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
def skip_where_impossible() -> None:
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


@pytest.fixture(scope="module")
def walked(skip_where_impossible: None, court: tuple[Host, Host]) -> Walk:
    """Every block of the README that names this file, in order."""
    walk = Walk(court)
    for block in blocks(ROOT / "README.md", run_by=HERE):
        walk.follow(block.info["at"], block.commands, block.info.get("answer", ""))
    return walk


@pytest.fixture(scope="module")
def installed(walked: Walk) -> tuple[Host, Host]:
    """Both hosts after that."""
    return walked.court


def test_first_court_change_is_carried_out_and_traced(walked):
    assert "table inet sopti" in walked.rules[-1]
    said = walked.said("sopti apply")
    for name in ("Budi Contoh", "Dewi Contoh", "Sari Contoh", "srv01"):
        assert name in said
    assert "Dewi Contoh" in walked.said("cat enrol.txt")


def test_first_court_plan_is_made_and_printed(walked):
    ours, _server = walked.court
    assert "srv01" in walked.said("sopti plan")
    assert run(ours, "head -c 5 /srv/sopti/lembar-persetujuan.pdf") == "%PDF-"
    assert set(walked.rules[:-1]) == {""}, "only what was approved changes anything"


def test_first_court_fits_the_hardware_the_readme_asks_for(walked, record_property):
    ours, _ = walked.court
    sizes = run(ours, "du -sm /opt/sopti /var/lib/sopti")
    programs, state = (int(line.split()[0]) for line in sizes.splitlines())
    record_property("programs_mb", programs)
    record_property("state_mb_after_first_change", state)
    assert programs < 600
    assert state < 50


def test_first_court_ledger_is_sound(walked):
    ours, _ = walked.court
    assert "BAD" not in run(ours, "SOPTI_LANG=en sopti doctor", cwd="/srv/sopti", user="budi")


def test_install_owns_what_it_should(installed):
    ours, _ = installed
    owners = run(ours, "stat -c '%n %U:%G %a' /var/lib/sopti /srv/sopti /etc/sopti/sopti.toml /opt/sopti")
    assert owners.splitlines() == [
        "/var/lib/sopti sopti:sopti 700",
        "/srv/sopti sopti:sopti-operator 2770",
        "/etc/sopti/sopti.toml root:sopti 640",
        "/opt/sopti root:root 755",
    ]
    assert run(ours, "find /opt/sopti ! -user root -o -perm /o+w ! -type l | head") == ""


def test_install_settings_are_accepted(installed):
    ours, _ = installed
    code = (
        "import os, pathlib; from sopti_runner.settings import Settings; "
        "print(Settings.load(os.environ, lambda name: pathlib.Path(name).read_bytes()).state_dir)"
    )
    assert run(ours, f"/opt/sopti/venv/bin/python -c {shlex.quote(code)}") == "/var/lib/sopti\n"


def test_install_timer_runs_and_is_safe(installed):
    ours, _ = installed
    assert run(ours, "systemctl is-enabled sopti-checkpoint.timer; systemctl is-active sopti-checkpoint.timer") == (
        "enabled\nactive\n"
    )
    exposure = run(ours, "systemd-analyze security --no-pager sopti-checkpoint.service | tail -1")
    assert float(exposure.split()[-3]) < 3.0, exposure


def test_install_completion_knows_the_commands(installed):
    ours, _ = installed
    ask = "_SOPTI_COMPLETE=complete_bash COMP_WORDS='sopti led' COMP_CWORD=1 sopti"
    assert run(
        ours, f"test -s /usr/share/bash-completion/completions/sopti && {ask}", user="budi", cwd="/home/budi"
    ) == ("ledger\n")


def test_daily_service_sends_a_checkpoint_off_the_machine(installed):
    ours, _ = installed
    run(
        ours,
        "install -d -o sopti /mnt/banding; sed -i 's|^sinks = .*|sinks = [\"/mnt/banding\"]|' /etc/sopti/sopti.toml;"
        "systemctl start sopti-checkpoint.service",
    )
    sent = run(ours, "find /mnt/banding -type f | head -1 | xargs cat")
    assert sent.splitlines()[0] == "sopti.pn-contoh.example/ledger"
    assert run(ours, "systemctl is-failed sopti-checkpoint.service || true") == "inactive\n"


def test_install_again_changes_nothing_of_the_courts(installed):
    ours, _ = installed
    run(ours, "echo '# ours' >> /etc/sopti/sopti.toml; echo kept > /var/lib/sopti/marker")
    look = (
        "find /var/lib/sopti /etc/sopti /srv/sopti /opt/sopti -not -name '*.pyc' -not -name __pycache__"
        " -printf '%p %y %m %U %s %l\\n' | sort; sha256sum /etc/sopti/sopti.toml /var/lib/sopti/ssh/*"
    )
    before = run(ours, look)
    assert "is already here" in run(ours, "make install")
    assert run(ours, look) == before


def test_demo_on_a_courts_machine_is_refused(installed):
    ours, _ = installed
    done = ours.ssh(f"cd {SOURCE} && make demo 2>&1; ls -d .venv", check=False)
    assert "refused. /var/lib/sopti exists" in done.stdout
    assert "Virtual environment" not in done.stdout


SIGNER_STUB = """
import os, pathlib
from sopti_runner.adapters.signer_exchange import ExchangeSigner
signer = ExchangeSigner(pathlib.Path(os.environ["SOPTI_SIGNER"]))
signatures = [signer.sign(statement).count("SIGNATURE") for statement in (b"x" * 100_000, b"two")]
print(os.geteuid() != 0, os.access("/root/.ssh/ours", os.R_OK), signatures, os.getcwd())
"""


@pytest.fixture
def stubbed(installed: tuple[Host, Host]) -> Iterator[Host]:
    """The machine with a program in sopti's place that only has two statements signed."""
    ours, _ = installed
    program = f"#!/bin/sh\nexec /opt/sopti/venv/bin/python -c {shlex.quote(SIGNER_STUB)}\n"
    run(
        ours,
        f"cp -a /opt/sopti/venv/bin/sopti /root/kept; printf %s {shlex.quote(program)} > /opt/sopti/venv/bin/sopti",
    )
    yield ours
    run(ours, "mv /root/kept /opt/sopti/venv/bin/sopti")


def test_command_signs_with_a_key_that_sopti_cannot_read(stubbed):
    run(stubbed, "mkdir -p -m 700 /root/.ssh; ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/ours <<< y")
    assert run(stubbed, "sopti --key .ssh/ours", cwd="/root", timeout=30) == "True False [2, 2] /srv/sopti\n"
    assert run(stubbed, "ls -A /run/sopti; pgrep -f /usr/local/bin/sopti || true") == ""


def test_command_of_an_operator_signs_and_of_a_guest_is_refused(stubbed):
    assert run(stubbed, "sopti", cwd="/home/budi", user="budi", timeout=30) == "True False [2, 2] /srv/sopti\n"
    run(stubbed, "useradd -m tamu")
    refused = stubbed.ssh("runuser -l tamu -c sopti 2>&1", check=False)
    assert (refused.returncode, "is not an operator" in refused.stdout) == (2, True)


@pytest.mark.parametrize(("lang", "named"), [("id", "tanda tangan Anda"), ("en", "your signature")])
def test_interrupt_at_the_passphrase_ends_the_command_that_named_the_key(stubbed, lang, named):
    key = "/home/budi/.ssh/bersandi"
    run(stubbed, f"test -e {key} || ssh-keygen -q -t ed25519 -N rahasia -f {key}", user="budi", cwd="/home/budi")
    said = _at_the_passphrase(stubbed, f"SOPTI_LANG={lang} sopti request list --key {key}", "\x03", "ended with 130")
    assert named in said
    assert key in said.split("passphrase")[0]
    assert run(stubbed, "ls -A /run/sopti; pgrep -f /usr/local/bin/sopti || true") == ""


def test_wrong_passphrase_ends_the_command_with_a_clear_error(installed):
    ours, _ = installed
    key = "/home/budi/.ssh/terkunci"
    copy = f"cp -p ~/.ssh/id_ed25519 {key}; cp ~/.ssh/id_ed25519.pub {key}.pub"
    run(ours, f"{copy}; ssh-keygen -q -p -P '' -N rahasia -f {key}", user="budi", cwd="/home/budi")
    typed = f"SOPTI_LANG=en sopti request add --what Tanpa-sandi --unit PTSP --key {key}"
    said = _at_the_passphrase(ours, typed, "keliru\n", "ended with 2")
    assert "The key does not sign" in said
    assert "check the passphrase" in said
    assert "Tanpa-sandi" not in run(ours, "sopti request list", user="budi", cwd="/srv/sopti")
    assert run(ours, "ls -A /run/sopti; pgrep -f /usr/local/bin/sopti || true") == ""


def _at_the_passphrase(host: Host, command: str, keys: str, wanted: str) -> str:
    """Run a command at Budi's terminal, type at the passphrase, and give what was shown until it ended as wanted."""
    words = host.ssh_command()
    ours, theirs = pty.openpty()
    typed = f"su --pty -l budi -c {shlex.quote(f'{command}; echo ended with $?')}"
    with subprocess.Popen(
        [words[0], "-tt", *words[1:], typed], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as shell:
        os.close(theirs)
        try:
            said = _until(ours, "passphrase")
            os.write(ours, keys.encode())
            said += _until(ours, wanted)
        finally:
            shell.terminate()
            os.close(ours)
    return said


def _until(terminal: int, wanted: str, within_s: float = 20) -> str:
    """Read from a terminal until it shows something; fails when it does not in time."""
    shown, end = "", time.monotonic() + within_s
    while wanted not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        assert ready, f"{wanted!r} was not shown: {shown}"
        shown += os.read(terminal, 4096).decode(errors="replace")
    return shown


def test_uninstall_keeps_the_state(installed):
    ours, _ = installed
    run(ours, "make uninstall")
    assert run(ours, "ls -d /opt/sopti /usr/local/bin/sopti 2>/dev/null || true") == ""
    assert run(ours, "cat /var/lib/sopti/marker; ls /etc/sopti") == "kept\ninventory\nsopti.toml\n"
    assert "is not in the list" not in run(ours, "systemctl list-timers --all --no-pager sopti*")
    run(ours, "make install")
    assert run(ours, "cat /var/lib/sopti/marker") == "kept\n"
