"""Each input of a sealed copy, changed alone, is named; an unchanged tree never is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sopti_runner.adapters.ansible.content import AnsibleContent
from sopti_runner.adapters.ansible.evidence import EvidenceTail
from sopti_runner.adapters.ansible.phase import Phase
from sopti_runner.adapters.ansible.runs import run_phase
from sopti_runner.adapters.ansible.snapshot import Snapshots
from sopti_runner.errors import ContentError, IntegrityError, NotFoundError
from tests.unit.ansible.sample import HOST_KEY, MODEL, OTHER_KEY, write

REPEATS = 20 if os.environ.get("SOPTI_SOAK") == "1" else 3
COLLECTION = "collections/ansible_collections/court/tools"
WITH_COLLECTION = {
    f"{COLLECTION}/roles/extra/tasks/main.yml": "- name: Extra\n  ansible.builtin.ping:\n",
    "playbooks/set-motd.yml": (
        "- name: Message\n  hosts: servers\n  gather_facts: false\n  roles:\n    - motd\n    - court.tools.extra\n"
        "  tasks:\n    - name: Note\n      ansible.builtin.copy: {src: note.txt, dest: /etc/note, mode: '0644'}\n"
        "      tags: [note]\n"
    ),
    "playbooks/files/note.txt": "one\n",
    "ansible.cfg": "[defaults]\nroles_path = roles\n",
    "roles/motd/files/linked.txt": "linked\n",
}
GIVEN = {"motd_text": "Selamat datang", "motd_lines": 1}


class Court:
    """A content root with a sealed copy, and the adapter over both."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "content"
        self.content = AnsibleContent(self.root, self.root / "inventory", folder / "state")
        self.limit, self.variables = ["web1", "web2"], dict(GIVEN)
        snapshots = Snapshots(folder / "state" / "snapshots")
        (self.sealed,) = (snapshots.manifest(each.stem).sealed for each in folder.glob("state/snapshots/*.json"))
        self.copy = snapshots.path(self.sealed.id)

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def compare(self) -> list[str]:
        return list(self.content.compare(self.sealed.id, "set-motd", limit=self.limit, variables=self.variables))


@pytest.fixture(scope="module")
def sealed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("court")
    root = write(folder / "content", WITH_COLLECTION)  # type: ignore[arg-type]  # all texts
    (root / "roles/motd/files/link.txt").symlink_to("linked.txt")
    content = AnsibleContent(root, root / "inventory", folder / "state")
    content.seal("set-motd", limit=["web1", "web2"], variables=GIVEN)
    return folder


@pytest.fixture
def court(sealed_once: Path, tmp_path: Path) -> Court:
    shutil.copytree(sealed_once, tmp_path / "court", symlinks=True)
    return Court(tmp_path / "court")


def _relink(court: Court) -> None:
    link = court.root / "roles/motd/files/link.txt"
    link.unlink()
    link.symlink_to("../meta/main.yml")


CHANGES: dict[str, tuple[Callable[[Court], object], list[str]]] = {
    "task": (
        lambda c: c.replace("roles/motd/tasks/main.yml", "0644", "0666"), ["roles/motd/tasks/main.yml"]),
    "tag of a task": (lambda c: c.replace("playbooks/set-motd.yml", "[note]", "[never]"), ["playbooks/set-motd.yml"]),
    "template": (
        lambda c: c.replace("roles/motd/templates/motd.j2", "motd_text", "motd_text | upper"),
        ["roles/motd/templates/motd.j2"]),
    "role default": (
        lambda c: c.replace("roles/motd/defaults/main.yml", "1", "2"), ["roles/motd/defaults/main.yml"]),
    "handler": (
        lambda c: c.replace("roles/motd/handlers/main.yml", "logger", "logger -s"), ["roles/motd/handlers/main.yml"]),
    "collection": (
        lambda c: c.replace(f"{COLLECTION}/roles/extra/tasks/main.yml", "Extra", "More"),
        [f"{COLLECTION}/roles/extra/tasks/main.yml"]),
    "ansible.cfg": (lambda c: c.replace("ansible.cfg", "roles\n", "roles\nforks = 9\n"), ["ansible.cfg"]),
    "host variable": (
        lambda c: c.replace("inventory/host_vars/web1.yml", "Ruang", "Gedung"), ["inventory host web1: motd_place"]),
    "group variable": (
        lambda c: c.replace("inventory/group_vars/servers.yml", "Contoh", "Lain"),
        ["inventory host web1: motd_owner", "inventory host web2: motd_owner"]),
    "address of a host": (
        lambda c: c.replace("inventory/hosts.yml", "192.0.2.12", "192.0.2.99"), ["inventory host web2: ansible_host"]),
    "host key": (
        lambda c: c.replace("inventory/hosts.yml", HOST_KEY, OTHER_KEY),
        ["host key web1", "inventory host web1: sopti_host_key"]),
    "group of a host": (
        lambda c: c.replace("inventory/hosts.yml", "        nokey:", "        web1: {}\n        nokey:"),
        ["inventory group others"]),
    "extra variable": (lambda c: c.variables.update(motd_text="Halo"), ["variable motd_text"]),
    "extra variable left out": (lambda c: c.variables.pop("motd_lines"), ["variable motd_lines"]),
    "limit": (lambda c: c.limit.remove("web2"), ["limit"]),
    "change model": (
        lambda c: c.replace("playbooks/set-motd.change.yml", "risk: low", "risk: high"),
        ["playbooks/set-motd.change.yml"]),
    "file of the playbook": (
        lambda c: c.replace("playbooks/files/note.txt", "one", "two"), ["playbooks/files/note.txt"]),
    "file made executable": (
        lambda c: (c.root / "playbooks/files/note.txt").chmod(0o755), ["playbooks/files/note.txt"]),
    "file added to a role": (
        lambda c: (c.root / "roles/motd/files/new.txt").write_text("x"), ["roles/motd/files/new.txt"]),
    "file taken from a role": (lambda c: (c.root / "roles/motd/meta/main.yml").unlink(), ["roles/motd/meta/main.yml"]),
    "link": (_relink, ["roles/motd/files/link.txt"]),
    "module file": (
        lambda c: (c.root / "roles/motd/library").mkdir() or (c.root / "roles/motd/library/m.py").write_text(""),
        ["roles/motd/library/m.py: plugins: library", "roles/motd/library/m.py: python: m.py"]),
    "playbook": (
        lambda c: c.replace("playbooks/set-motd.yml", "gather_facts: false", "gather_facts: true"),
        ["playbooks/set-motd.yml"]),
    "sealed copy": (
        lambda c: (c.copy / "roles/motd/defaults/main.yml").write_text("x: 1\n"),
        ["roles/motd/defaults/main.yml (sealed copy)"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_compare_one_changed_input_names_it(court: Court, case: str) -> None:
    change, names = CHANGES[case]
    change(court)
    assert court.compare() == names


def test_compare_unchanged_names_nothing_and_seals_to_the_same_id(
    court: Court, record_property: Callable[[str, object], None]
) -> None:
    record_property("inputs changed one at a time", len(CHANGES))
    record_property("unchanged repeats", REPEATS)
    for _ in range(REPEATS):
        assert court.compare() == []
        again = court.content.seal("set-motd", limit=court.limit, variables=court.variables)
        assert again == court.sealed
    assert court.content.altered(court.sealed.id) == []


def test_compare_content_that_no_longer_seals_names_why(court: Court) -> None:
    (court.root / "playbooks/set-motd.change.yml").write_text(MODEL.replace("risk: low\n", ""))
    assert court.compare() == ["playbooks/set-motd.change.yml:1: The change model lacks the key risk"]


@pytest.mark.parametrize("kind", ["changed", "added", "removed", "linked", "executable"])
def test_altered_copy_names_the_file(court: Court, kind: str) -> None:
    file = court.copy / "roles/motd/defaults/main.yml"
    if kind == "changed":
        file.write_text("motd_lines: 5\n")
    elif kind == "added":
        (court.copy / "extra").write_text("")
    elif kind == "executable":
        file.chmod(0o755)
    else:
        file.unlink()
        if kind == "linked":
            file.symlink_to("/etc/hostname")
    expected = "extra" if kind == "added" else "roles/motd/defaults/main.yml"
    assert court.content.altered(court.sealed.id) == [expected]


def test_altered_list_of_a_copy_is_an_integrity_error(court: Court) -> None:
    record = court.copy.with_suffix(".json")
    record.write_text(record.read_text().replace("roles/motd/meta/main.yml", "roles/motd/meta/other.yml"))
    with pytest.raises(IntegrityError):
        court.content.altered(court.sealed.id)


def test_altered_unknown_id_is_not_found(court: Court) -> None:
    for sealed_id in ("0" * 64, "../../etc"):
        with pytest.raises(NotFoundError):
            court.content.altered(sealed_id)


def test_launcher_copy_swapped_between_check_and_run_refuses(court: Court, tmp_path: Path) -> None:
    (court.copy / "roles/motd/tasks/main.yml").write_text("- name: Evil\n  ansible.builtin.command: id\n")
    phase = Phase(court.copy, court.sealed.id, "set-motd", hosts=2, approved={})
    run_phase(tmp_path / "run", b"k" * 32, phase, lambda line: None)
    lines = list(EvidenceTail(tmp_path / "run" / "evidence.jsonl").take())
    assert [line["e"] for line in lines] == ["start", "refused"]
    assert court.sealed.id in lines[1]["reason"]


def test_seal_host_without_pinned_key_refuses(court: Court) -> None:
    model = (court.root / "playbooks/set-motd.change.yml").read_text().replace("[servers]", "[servers, others]")
    (court.root / "playbooks/set-motd.change.yml").write_text(model)
    with pytest.raises(ContentError, match="no pinned key") as caught:
        court.content.seal("set-motd", limit=["nokey"], variables=GIVEN)
    assert caught.value.on == "nokey"
    assert caught.value.next == "sopti host add"


@pytest.mark.parametrize(
    ("limit", "says"),
    [("wbe1", "did you mean web1"), ("nokey", "may not be run on host nokey"), ("~web.*", "no host or group")],
)
def test_seal_wrong_limit_refuses(court: Court, limit: str, says: str) -> None:
    with pytest.raises(ContentError, match=says):
        court.content.seal("set-motd", limit=[limit], variables=GIVEN)


def test_seal_files_are_the_closure_alone(court: Court) -> None:
    files = set(court.sealed.files)
    assert {"inventory.json", "known_hosts", "variables.json", "run.json", "ansible.cfg"} < files
    assert "roles/motd/files/link.txt" in files
    assert not any("molecule" in file for file in files)
    assert (court.copy / "known_hosts").read_text().splitlines()[1] == f"[192.0.2.12]:2222 {OTHER_KEY}"
    assert "nokey" not in (court.copy / "inventory.json").read_text()
