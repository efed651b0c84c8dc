"""What each playbook's plan says, held record by record against what applying it then did, on new hosts.

``docs/predictions.md`` holds the table that ``test_predictions.py`` measures. A new playbook needs a ``Case`` here: how
hosts are made ready for it, and what it is given. Cases share their hosts and touch different things on them.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import subprocess
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from sopti_runner.adapters.ansible.content import AnsibleContent
from sopti_runner.adapters.ansible.engine import AnsibleEngine
from sopti_runner.adapters.ansible.secret_store import SecretStore
from sopti_runner.adapters.ssh_authority import SshAuthority
from sopti_runner.domain.access import Purpose, certificates, key_id
from sopti_runner.domain.plan import Plan, PlanRecord, RecordClass
from sopti_runner.ports import TaskOutcome
from tests.lab import Lab
from tests.lab.base import SUDO_USER

ROOT = Path(__file__).resolve().parents[2]
KEY = b"k" * 32
SECONDS = 20
SECRET = "console-contoh"
HASH = "$6$contoh$" + "a" * 86


def site() -> bytes:
    """Give the archive of a known-good site, the same bytes each time."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("index.html")
        entry.size = len(b"isi\n")
        archive.addfile(entry, io.BytesIO(b"isi\n"))
    return gzip.compress(packed.getvalue(), mtime=0)


SITE = site()


@dataclass(frozen=True, slots=True)
class Ground:
    """A lab's hosts as sopti sees them: the first is reached as root, the second as a user with ``sudo``.

    Attributes:
        standing: Public half of the runner's own key, which opens the hosts beside its certificates.
        authority: Public key of the certificate authority.
    """

    lab: Lab
    standing: str
    authority: str
    content: AnsibleContent
    engine: AnsibleEngine

    @property
    def management(self) -> list[str]:
        """The addresses from which hosts are managed."""
        return [f"{self.lab.controller}/32", f"{self.lab.controller6}/128"]


@contextmanager
def ground(lab: Lab, folder: Path) -> Iterator[Ground]:
    """Give a lab's hosts with an engine that carries certificates and a standing key, as on an errand that converts."""
    state, standing = folder / "state", folder / "standing"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", standing], check=True)
    public = standing.with_suffix(".pub").read_text().strip()
    inventory = lab.inventory()
    for host, user in zip(lab.hosts, ("root", SUDO_USER), strict=True):
        known = inventory["all"]["children"]["servers"]["hosts"][host.name]
        known |= {"ansible_user": user, "ansible_ssh_private_key_file": str(standing)}
        host.ssh("cat >> ~/.ssh/authorized_keys", user=user, stdin=f"{public}\n")
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
    authority, secrets = SshAuthority(state), SecretStore(state / "secrets", None, lambda: KEY)
    secrets.put(SECRET, HASH)
    with authority.errand() as errand:
        made = authority.create("contoh").line
        names = {host.name: key_id("1", Purpose.RUN, "contoh", host.name) for host in lab.hosts}
        issued = certificates(1, names, Purpose.RUN, datetime.now(UTC))
        engine = AnsibleEngine(state, KEY, errand.certify(issued, frozenset(names)))
        yield Ground(lab, public, made, AnsibleContent(ROOT, folder / "hosts.yml", state, secrets), engine)


@dataclass(frozen=True, slots=True)
class Case:
    """How a playbook is tried.

    Attributes:
        given: Gives its variables.
        prepare: Shell lines, run as root, that make each host ready.
    """

    given: Callable[[Ground], Mapping[str, Any]]
    prepare: str = "true"


CASES: Mapping[str, Case] = {
    "block-address": Case(
        lambda ground: {
            "incident_block_addresses": ["192.0.2.66/32", "2001:db8::/64"],
            "incident_block_management_sources": ground.management,
            "incident_block_rollback_seconds": SECONDS,
        }
    ),
    "configure-firewall": Case(
        lambda ground: {
            "host_firewall_management_sources": ground.management,
            "host_firewall_rollback_seconds": SECONDS,
        }
    ),
    "disable-account": Case(
        lambda ground: {"incident_account_name": "siti"},
        "useradd --create-home siti; systemd-run --quiet --uid=siti sleep 9999",
    ),
    "isolate-host": Case(
        lambda ground: {
            "incident_isolate_management_sources": ground.management,
            "incident_isolate_rollback_seconds": SECONDS,
        }
    ),
    "preserve-evidence": Case(
        lambda ground: {"incident_evidence_label": "contoh", "incident_evidence_paths": ["/etc/hosts"]},
    ),
    "restore-site": Case(
        lambda ground: {
            "incident_site_root": "/srv/situs",
            "incident_site_archive": "/root/site.tar.gz",
            "incident_site_sha256": hashlib.sha256(SITE).hexdigest(),
            "incident_site_label": "contoh",
        },
        "mkdir -p /srv/situs; echo rusak >/srv/situs/index.html;"
        f"echo {base64.b64encode(SITE).decode()} | base64 -d >/root/site.tar.gz",
    ),
    "set-console-access": Case(lambda ground: {"console_access_password": SECRET}),
    "set-ssh-access": Case(
        lambda ground: {
            "ssh_access_way": "certificate",
            "ssh_access_authorities": [ground.authority],
            "ssh_access_standing_keys": [ground.standing],
            "ssh_access_rollback_seconds": SECONDS,
        }
    ),
    "show-maintenance-page": Case(
        lambda ground: {"incident_page_root": "/var/www/html"},
        "mkdir -p /var/www/html; echo rusak >/var/www/html/index.html",
    ),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of one playbook.

    Attributes:
        records: Tasks of the plan, over all hosts.
        exact: Tasks that did what was said: class, and both sides of each change.
        opaque: Names of the tasks of which the plan itself says that it can't foretell them, sorted.
        wrong: Names of tasks that did something else, or that the plan itself saw fail, and what they did, sorted.
    """

    records: int
    exact: int
    opaque: tuple[str, ...]
    wrong: tuple[str, ...]

    def row(self, playbook: str) -> str:
        """Give its row of the page."""
        share = f"{100 * self.exact // self.records} %"
        return f"| `{playbook}` | {self.records} | {self.exact} ({share}) | {'; '.join(self.opaque) or 'none'} |"


def measure(playbook: str, ground: Ground) -> Measured:
    """Plan a playbook on both hosts, compare and apply, as a request would; hold what was done against the plan."""
    case, engine = CASES[playbook], ground.engine
    for host in ground.lab.hosts:
        host.ssh(case.prepare)
    given = dict(case.given(ground))
    sealed = ground.content.seal(playbook, limit=[], variables=given)
    plan = engine.plan(sealed, playbook, given, [], lambda host, what: None)
    drift = [f"{host} {name} (seen otherwise right after the plan)" for host, name, *_ in engine.drift(plan, sealed)]
    done: list[TaskOutcome] = []
    engine.apply(plan, sealed, f"run-{playbook}", lambda each: _told(each, done), lambda host, what: None)
    found = compare(plan, done)
    return replace(found, wrong=(*drift, *found.wrong))


def _told(each: object, done: list[TaskOutcome]) -> None:
    if isinstance(each, TaskOutcome):
        done.append(each)


def compare(plan: Plan, done: Sequence[TaskOutcome]) -> Measured:
    """Hold a plan against what was done."""
    kinds = Counter(_judged(record, _of(record, plan, done)) for record in plan.records)
    exact = kinds.pop("exact", 0)
    opaque = {name.removeprefix("opaque ") for name in kinds if name.startswith("opaque ")}
    planned = {_key(record) for record in plan.records}
    unseen = {f"{task.task} (not in the plan)" for task in done if _key(task) not in planned}
    wrong = {name for name in kinds if not name.startswith("opaque ")} | unseen
    return Measured(len(plan.records), exact, tuple(sorted(opaque)), tuple(sorted(wrong)))


def _key(task: PlanRecord | TaskOutcome) -> tuple[str, ...]:
    return task.host, task.task, task.module, task.item, task.args


def _of(record: PlanRecord, plan: Plan, done: Sequence[TaskOutcome]) -> TaskOutcome | None:
    """Give what became of a record: the same occurrence of the same task on the same host."""
    times = sum(_key(each) == _key(record) for each in plan.records if each.ordinal < record.ordinal)
    found = [task for task in done if _key(task) == _key(record)]
    return found[times] if times < len(found) else None


def _judged(record: PlanRecord, task: TaskOutcome | None) -> str:
    """Give ``exact``, ``opaque`` and its name, or the name of a task that did something else, and what it did."""
    if record.kind is RecordClass.FAILED:
        return f"{record.name} (failed while planning: {record.detail})"
    if task is None:
        return f"{record.name} (not reached)"
    if record.kind is RecordClass.OPAQUE and task.kind == "changed":
        return f"opaque {record.name.rpartition(' | ')[2]}"
    wanted = "changed" if record.kind is RecordClass.CHANGE else "ok"
    same = (task.kind, task.before, task.after) == (wanted, record.before, record.after)
    return "exact" if same else f"{record.name} ({task.kind})"
