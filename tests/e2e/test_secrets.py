"""Planted secrets on a real host: none is in anything that sopti keeps, shows or sends; and which would be."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.e2e import secret_kinds as kinds
from tests.e2e.desk import ROOT, Desk
from tests.e2e.secret_kinds import HIDDEN, LITERAL, PLAYBOOK, SEEN, Kind, planted, value, variable
from tests.lab import Lab
from tests.lab.host import Host

PAGE = ROOT / "docs" / "secrets.md"
LOOSE = "PlantedKj8hQ2mZ"
PAUSE_S = 0.02
"""Between two looks, so that what is looked at gets on with its work."""


class Watch:
    """Looks at every process of this machine and at the files of running work until it is told to stop.

    Attributes:
        seen: (secret, where) of everything that was seen; processes of the lab's hosts are left out.
        looks: How often it looked.
    """

    def __init__(self, folder: Path, secrets: list[bytes]) -> None:
        self.folder, self.secrets = folder, secrets
        self.seen: set[tuple[bytes, str]] = set()
        self.looks = 0
        self.own = Path("/proc/self/root").stat()

    def look(self) -> None:
        self.looks += 1
        for process in Path("/proc").glob("[0-9]*"):
            self._file(process / "cmdline", process)
            self._file(process / "environ", process)
        for parent, _folders, files in os.walk(self.folder / "runs"):
            for name in files:
                self._file(Path(parent) / name, None)

    def _file(self, path: Path, process: Path | None) -> None:
        try:
            held = [secret for secret in self.secrets if secret in path.read_bytes()]
            if held and (process is None or os.path.samestat((process / "root").stat(), self.own)):
                self.seen |= {(secret, path.name if process else str(path.relative_to(self.folder))) for secret in held}
        except (OSError, ValueError):
            return  # it has ended, or was removed


@contextmanager
def watched(folder: Path, secrets: list[bytes]) -> Iterator[Watch]:
    watch, done = Watch(folder, secrets), threading.Event()

    def go_on() -> None:
        while not done.wait(PAUSE_S):
            watch.look()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield watch
    finally:
        done.set()
        thread.join()


def place(desk: Desk, hosts: Lab, chosen: tuple[Kind, ...]) -> Desk:
    """Give the court a playbook with the secrets of some kinds, and the secrets."""
    desk.content = kinds.write(desk.folder / "content", chosen)
    desk.inventory.write_text(yaml.safe_dump(hosts.inventory(), width=1000))
    for kind in chosen:
        desk.do("secret", "set", variable(kind).replace("_", "-"), typed=value(kind))
        for host in hosts.hosts if kind.first else ():
            host.ssh(kind.first.replace("VALUE", value(kind)))
    return desk


def given(chosen: tuple[Kind, ...]) -> list[str]:
    return [word for kind in chosen for word in ("--var", f"{variable(kind)}={variable(kind).replace('_', '-')}")]


def journal(host: Host) -> bytes:
    return host.ssh("journalctl -o export --no-pager", timeout=60).stdout.encode()


def kept(desk: Desk) -> Iterator[tuple[str, bytes]]:
    """Give everything that the court keeps or sent off, but for the folder of secrets itself."""
    for path in sorted(desk.folder.rglob("*")):
        if path.is_file() and desk.state / "secrets" not in path.parents and not path.is_relative_to(desk.content):
            yield str(path.relative_to(desk.folder)), path.read_bytes()
    bundle = desk.folder / "bukti.zip"
    if bundle.exists():
        with zipfile.ZipFile(bundle) as opened:
            yield from ((f"bundle {name}", opened.read(name)) for name in opened.namelist())


@pytest.fixture
def clean(hosts: Lab) -> Iterator[None]:
    yield
    for host in hosts.hosts:
        host.ssh("rm -rf /etc/secretive_* /etc/cron.d/secretive /etc/ansible; userdel secretive", check=False)


@pytest.mark.lab
def test_secrets_used_by_an_approved_change_are_nowhere_but_on_the_host(
    desk: Desk, hosts: Lab, clean: None, record_property: Callable[[str, object], None]
) -> None:
    place(desk, hosts, HIDDEN)
    host, secrets = hosts.hosts[0], [planted(kind) for kind in HIDDEN]
    number, said = desk.prioritised("Simpan sandi aplikasi"), []
    with watched(desk.state, secrets) as watch:
        said.append(desk.process("plan", number, PLAYBOOK, "--limit", host.name, *given(HIDDEN)))
        for words in (("--json",), ("--print", "-")):
            said.append(desk.process("plan", number, *words))
        assert said[1].value["approvable"], said[0].out
        desk.do("consider", number, "--advice", "approve", who="dewi")
        said.append(desk.process("approve", number, who="sari"))
        said.append(desk.process("apply", number, code=None))
    assert said[-1].code == 0, (said[-1].out, [event.data for event in desk.events("gate.refused", "run.finished")])
    assert watch.looks > 20
    changed = f"{host.name}:{kinds.FOLDER}/{variable(HIDDEN[0])}"
    for words in (("trace", number), ("trace", changed), ("request", "show", number)):
        said += [desk.do(*words), desk.do(*words, "--json")]
    desk.do("ledger", "export", str(desk.folder / "bukti.zip"))
    assert watch.seen == set()
    places = dict(kept(desk)) | {f"output {i}": (each.out + each.err).encode() for i, each in enumerate(said)}
    assert {"state/ledger.db", "bundle events.jsonl"} <= set(places)
    found = [(kind.name, where) for kind in HIDDEN for where, text in places.items() if planted(kind) in text]
    assert found == []
    on_host = host.ssh("cat /etc/secretive_* /etc/cron.d/secretive /etc/shadow").stdout.encode()
    assert sum(secret in on_host for secret in secrets) >= 12, "the secrets did reach the host"
    record_property("kinds of secrets", len(HIDDEN) + len(SEEN) + len(LITERAL) + len(kinds.BY_VARIABLE))
    record_property("looks at processes and files while it ran", watch.looks)
    in_journal = journal(host)
    assert [kind.name for kind in HIDDEN if planted(kind) in in_journal] == [k.name for k in HIDDEN if k.stays]


@pytest.mark.lab
def test_secrets_that_others_would_see_make_the_plan_unapprovable(desk: Desk, hosts: Lab, clean: None) -> None:
    chosen = SEEN
    place(desk, hosts, chosen)
    tasks = desk.content / "roles" / kinds.ROLE / "tasks/main.yml"
    parts = tasks.read_text().split("\n\n")
    tasks.write_text("\n\n".join([parts[0], *(f"{part.rstrip()}\n  ignore_errors: true" for part in parts[1:])]) + "\n")
    number, host, secrets = desk.prioritised("Simpan sandi aplikasi"), hosts.hosts[0], [planted(k) for k in chosen]
    with watched(desk.state, secrets) as watch:
        planned = desk.process("plan", number, PLAYBOOK, "--limit", host.name, *given(chosen), "--json")
    assert (planned.value["approvable"], planned.value["counts"]["failed"]) == (False, len(chosen))
    text = (planned.out + planned.err).encode() + journal(host)
    places = dict(kept(desk)) | {"output and journal": text}
    assert [(kind.name, at) for kind in chosen for at, held in places.items() if planted(kind) in held] == []
    assert watch.seen == set()


@pytest.mark.lab
def test_page_names_the_kinds_that_plain_ansible_leaves_in_the_journal(
    desk: Desk, hosts: Lab, clean: None, tmp_path: Path
) -> None:
    chosen, host = (*HIDDEN, *SEEN), hosts.hosts[1]
    content = kinds.write(tmp_path / "content", chosen)
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(hosts.inventory(), width=1000))
    (tmp_path / "given.yml").write_text(yaml.safe_dump({variable(kind): value(kind) for kind in chosen}))
    hosts_file, known = tmp_path / "hosts.yml", tmp_path / "known_hosts"
    known.write_text("".join(f"{each.address} {each.host_key}\n" for each in hosts.hosts))
    ansible = Path(sys.executable).with_name("ansible-playbook")
    words = [str(ansible), "-i", str(hosts_file), "--limit", host.name, "-e", f"@{tmp_path / 'given.yml'}"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "ANSIBLE_ROLES_PATH": str(content / "roles"),
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_SSH_ARGS": f"-o UserKnownHostsFile={known} -o ControlMaster=no",
    }
    playbook = content / "playbooks" / f"{PLAYBOOK}.yml"
    ran = subprocess.run([*words, str(playbook)], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    found = journal(host)
    assert {k.name for k in chosen if planted(k) in found} == {k.name for k in chosen if k.journal}


@pytest.mark.parametrize("case", LITERAL)
def test_secret_written_into_content_is_refused_and_not_repeated(desk: Desk, case: str) -> None:
    desk.content = kinds.write(desk.folder / "content", ())
    desk.inventory = desk.content / "inventory"
    file, text = LITERAL[case]
    path = desk.content / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("SECRET", LOOSE))
    (desk.content / "inventory").mkdir(exist_ok=True)
    (desk.content / "inventory/hosts.yml").write_text("all: {children: {servers: {hosts: {srv01: {}}}}}\n")
    said = desk.do("plan", desk.prioritised("Simpan sandi"), PLAYBOOK, "--json", code=2)
    assert any(rule in said.error["found"] for rule in ("secret", "vault", "cacheable"))
    assert LOOSE not in said.out + said.err
    assert not [where for where, held in kept(desk) if LOOSE.encode() in held]


def test_secret_given_as_a_value_is_refused_and_not_repeated(desk: Desk) -> None:
    desk.content = kinds.write(desk.folder / "content", HIDDEN[:1])
    desk.inventory.write_text("all: {children: {servers: {hosts: {srv01: {}}}}}\n")
    number = desk.prioritised("Simpan sandi")
    said = desk.do("plan", number, PLAYBOOK, "--var", f"{variable(HIDDEN[0])}={LOOSE}", code=2)
    assert LOOSE not in said.out + said.err
    model = desk.content / f"playbooks/{PLAYBOOK}.change.yml"
    model.write_text(model.read_text().replace("type: secret", "type: str"))
    said = desk.do("plan", number, PLAYBOOK, "--var", f"{variable(HIDDEN[0])}={LOOSE}", code=2)
    assert "names a secret" in said.err
    assert LOOSE not in said.out + said.err
    assert not [where for where, held in kept(desk) if LOOSE.encode() in held]


def test_page_holds_the_table_of_kinds() -> None:
    assert kinds.page() in PAGE.read_text("utf-8")
