"""Hosts for tests of ways in: each has the runner's own key beside the key by which the test itself looks at it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.desk import ROOT, Desk, Said
from tests.lab import Host, Lab

PLAYBOOK = "set-ssh-access"
CONVERTED = """\
TrustedUserCAKeys /etc/ssh/test-ca.pub
AuthorizedPrincipalsFile /etc/ssh/test-principals
RevokedKeys /etc/ssh/test-krl
"""
RELOADED = (
    "c=$(journalctl -n 0 --show-cursor -q | sed -n 's/^-- cursor: //p'); systemctl reload ssh; until"
    " journalctl -q -t sshd --after-cursor \"$c\" | grep -q 'Server listening'; do sleep 0.1; done"
)
"""Lets sshd read its settings anew and waits until it listens again: in between it refuses whoever comes."""
LOGIN = re.compile(r"Accepted (\S+) for (\S+) from .*? ssh2(?:: (.*))?$")


def inventory(desk: Desk, lab: Lab) -> None:
    """Let the runner reach the hosts by a key of its own, which the test adds to them."""
    value = lab.inventory()
    for host in lab.hosts:
        value["all"]["children"]["servers"]["hosts"][host.name]["ansible_ssh_private_key_file"] = str(runner_key(desk))
        host.ssh("cat >> /root/.ssh/authorized_keys", stdin=Path(f"{runner_key(desk)}.pub").read_text())
    desk.inventory.write_text(yaml.safe_dump(value, width=1000))


def provide(desk: Desk, playbook: str, role: str) -> None:
    """Add a playbook of this project, with its change model and its role, to the court's own content."""
    for name in (f"playbooks/{playbook}.yml", f"playbooks/{playbook}.change.yml"):
        shutil.copy2(ROOT / name, desk.content / name)
    shutil.copytree(ROOT / "roles" / role, desk.content / "roles" / role)


def runner_key(desk: Desk) -> Path:
    """Give the runner's standing key."""
    return desk.key("runner")


def convert(desk: Desk, host: Host) -> None:
    """Make a host take certificates alone, by hand: what the role does with a proof and a way back."""
    public = (desk.state / "ssh-ca.key.pub").read_text()
    host.ssh("cat > /etc/ssh/test-ca.pub", stdin=public)
    host.ssh(f"echo sopti-{host.name} > /etc/ssh/test-principals; : > /etc/ssh/test-krl")
    host.ssh("cat > /etc/ssh/sshd_config.d/00-test.conf", stdin=CONVERTED)
    host.ssh(f"sed -i '/ runner$/d' /root/.ssh/authorized_keys; sshd -t && {RELOADED}")


def planned(desk: Desk, *, code: int = 0, **changed: object) -> tuple[str, Said]:
    """Plan how the gate comes in by what it says is right now; gives the request's number, and what was said."""
    number = desk.prioritised("Atur cara masuk")
    variables = desk.folder / "access.yml"
    desk.do("access", "variables", str(variables))
    given = {**json.loads(variables.read_text()), **changed}
    variables.write_text(json.dumps(given))
    return number, desk.do("plan", number, PLAYBOOK, "--vars-file", str(variables), code=code)


def approved(desk: Desk, **changed: object) -> str:
    """Plan how the gate comes in and have it approved; gives the request's number."""
    number, _ = planned(desk, **changed)
    desk.approved(number)
    return number


def logins(host: Host, since: str) -> list[str]:
    """Give what sshd itself wrote of each login since a journal cursor, those of the test's own key left out."""
    own = subprocess.run(
        ["ssh-keygen", "-lf", f"{host.private_key}.pub"], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    text = host.ssh(f"journalctl -t sshd -o json --after-cursor '{since}'").stdout
    said = [str(json.loads(line)["MESSAGE"]) for line in text.splitlines()]
    return [line for line in said if line.startswith("Accepted") and own not in line]


def cursor(host: Host) -> str:
    """Give the end of the host's journal."""
    return host.ssh("journalctl -n 0 --show-cursor -q | sed -n 's/^-- cursor: //p'").stdout.strip()


def said(host: Host, since: str) -> str:
    """Give all that sshd wrote since."""
    return host.ssh(f"journalctl -t sshd -o cat --after-cursor '{since}'").stdout


def issued(desk: Desk) -> dict[int, Any]:
    """Give serial → certificate, as the ledger tells."""
    return dict(desk.house().books.court().access.issued)


def log_in(host: Host, key: Path, certificate: str = "") -> subprocess.CompletedProcess[str]:
    """Log in as root by one key alone, with a certificate when one is given."""
    words = [word for word in host.ssh_command() if not word.startswith("IdentityFile=")]
    words = [*words[:-1], "-i", str(key), *(["-o", f"CertificateFile={certificate}"] if certificate else []), words[-1]]
    words = [word for i, word in enumerate(words) if not (word == "-o" and words[i + 1 : i + 2] == ["-o"])]
    return subprocess.run([*words, "true"], capture_output=True, text=True, timeout=60, check=False)
