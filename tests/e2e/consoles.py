"""A host's console for tests: a getty on a terminal of the host, where somebody types what stands on the slip."""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from pypdf import PdfReader

from tests.e2e import doors
from tests.e2e.desk import ROOT, Desk
from tests.lab import Host

ACCOUNT = "sopti-console"
PASSWORD = re.compile(r"\b(?:[a-z2-9]{4}-){5}[a-z2-9]{4}\b")
ROOT_THERE = "sudo id"
MEMORY = Path("/dev/shm")
TYPE = """
import json, os, pty, select, subprocess, sys, time
said = json.loads({said!r})
master, slave = pty.openpty()
unit = "container-getty@%s.service" % os.ttyname(slave).rsplit("/", 1)[1]
subprocess.run(["systemctl", "start", unit], check=True)
os.close(slave)
seen = b""
def wait(mark, seconds=60):
    global seen
    end = time.monotonic() + seconds
    while mark not in seen:
        if time.monotonic() > end:
            sys.exit("expected %r, saw %r" % (mark, seen))
        if select.select([master], [], [], 0.2)[0]:
            try:
                seen += os.read(master, 4096)
            except OSError:
                time.sleep(0.05)
for mark, text in said:
    wait(mark.encode())
    seen = b""
    os.write(master, text.encode() + b"\\n")
subprocess.run(["systemctl", "stop", unit], check=True)
"""
"""What ``machinectl login`` does, without machined: agetty on a new terminal, then login and PAM as on any console."""


def sealed(desk: Desk, host: Host) -> tuple[str, str]:
    """Seal a host's console and give the password as the slip shows it, and what was said."""
    with TemporaryDirectory(dir=MEMORY, prefix="sopti-test-") as folder:
        slip = Path(folder) / "slip.pdf"
        said = desk.do("access", "seal", host.name, "--holder", "Sari", "--output", str(slip))
        text = "".join(page.extract_text() for page in PdfReader(slip).pages)
    found = PASSWORD.search(text)
    assert found, text
    return found[0], said.out


def log_in(host: Host, password: str, *lines: str) -> None:
    """Log in at the host's console and type some lines; the first that asks for the password by sudo is given it."""
    said = [["login: ", ACCOUNT], ["assword: ", password]]
    for n, line in enumerate(lines):
        said += [["$ ", line], *([["assword for", password]] if n == 0 and line.startswith("sudo ") else [])]
    said += [["$ ", "exit"], ["login: ", ""]]
    typed = host.ssh("python3 -", stdin=TYPE.format(said=json.dumps(said)), timeout=90, check=False)
    assert typed.returncode == 0, typed.stderr


def account(desk: Desk, host: Host) -> None:
    """Make the account by hand: what the role ``console_access`` does."""
    files = ROOT / "roles/console_access/files"
    hashed = (desk.state / "secrets" / f"console-{host.name}").read_text()
    host.ssh("cat > /etc/ssh/sshd_config.d/00-sopti-console.conf", stdin=(files / "sshd.conf").read_text())
    host.ssh(f"cat > /etc/sudoers.d/{ACCOUNT}", stdin=(files / "sudoers").read_text())
    host.ssh(f"{doors.RELOADED}; useradd -m -s /bin/bash -p '{hashed}' {ACCOUNT}")


def prove(desk: Desk, host: Host) -> str:
    """Seal and prove a host's console, quickly: the account is made by hand, the login is real; gives the password."""
    password, _ = sealed(desk, host)
    account(desk, host)
    log_in(host, password, ROOT_THERE)
    desk.do("access", "prove", host.name)
    return password
