"""Secrets: literal ones are refused and never repeated; named ones are bound, found again in any form, and hidden."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from sopti_runner.adapters.ansible.content import AnsibleContent
from sopti_runner.adapters.ansible.evidence import EvidenceFile
from sopti_runner.adapters.ansible.known_secrets import KnownSecrets, SecretGuard, load_secrets
from sopti_runner.adapters.ansible.secret_store import SecretStore
from sopti_runner.errors import ContentError, NotFoundError, UsageError, VariableError
from tests.unit.ansible.sample import CONTENT, MODEL, write

VALUE = "rahasia \"Kj8'3hQ<&>/ü= x"
KEY = b"k" * 32
MODEL_WITH_SECRET = MODEL + "  motd_password:\n    type: secret\n    about: {id: Sandi., en: Password.}\n"
GIVEN = {"motd_text": "x", "motd_password": "motd-contoh"}
TASK = "- name: One\n  ansible.builtin.uri:\n"
LITERAL = {
    "a variable of a role": ({"roles/motd/defaults/main.yml": "motd_password: PLANTED\n"}, "secret"),
    "a variable of the inventory": ({"inventory/group_vars/servers.yml": "snmp_community: PLANTED\n"}, "secret"),
    "a password for sudo": ({"inventory/host_vars/web1.yml": "ansible_become_password: PLANTED\n"}, "secret"),
    "an argument of a module": (
        {"roles/motd/tasks/main.yml": TASK + "    {url: x, url_password: PLANTED}\n"}, "secret",
    ),
    "an address in a task": (
        {"roles/motd/tasks/main.yml": TASK + "    url: https://budi:PLANTED@contoh.example/\n"}, "secret",
    ),
    "an address in a template": (
        {"roles/motd/templates/motd.j2": "postgresql://app:PLANTED@db.example/app\n"}, "secret",
    ),
    "a private key in a file": (
        {"roles/motd/files/id": "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "PLANTED" * 9 + "\n"}, "secret",
    ),
    "a file of ansible-vault": (
        {"roles/motd/files/x.txt": "$ANSIBLE_VAULT;1.1;AES256\nPLANTED\n"}, "vault",
    ),
    "a text of ansible-vault": (
        {"roles/motd/vars/main.yml": "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  PLANTED\n"}, "vault",
    ),
}  # fmt: skip


def content(folder: Path, changes: dict[str, str | bytes | None] | None = None) -> AnsibleContent:
    root = write(folder / "content", changes)
    store = SecretStore(folder / "secrets", None, lambda: KEY)
    return AnsibleContent(root, root / "inventory", folder / "state", store)


@pytest.mark.parametrize("case", LITERAL)
def test_seal_content_with_a_literal_secret_is_refused_without_repeating_it(tmp_path: Path, case: str) -> None:
    changes, rule = LITERAL[case]
    with pytest.raises(ContentError) as caught:
        content(tmp_path, dict(changes)).seal("set-motd", limit=[], variables={"motd_text": "x"})
    error = caught.value
    assert rule in {each.rule for each in error.fields["findings"]}  # type: ignore[attr-defined]  # findings are Finding
    assert "PLANTED" not in f"{error} {error.on} {error.found} {error.fields}"


@pytest.mark.parametrize(
    "text",
    [
        "motd_password: ''\n",
        'motd_password: "{{ other_password }}"\n',
        "motd_private_key: /etc/ssl/private/motd.pem\n",
        "motd_url: https://{{ user }}:{{ password }}@contoh.example/\n",
        "motd_password_max_age: '90'\n",
    ],
)
def test_seal_content_that_only_speaks_of_secrets_is_kept(tmp_path: Path, text: str) -> None:
    made = content(tmp_path, {"roles/motd/defaults/main.yml": f"motd_lines: 1\n{text}"})
    assert made.seal("set-motd", limit=[], variables={"motd_text": "x"}).id


def test_seal_binds_a_secret_by_name_and_keyed_digest_alone(tmp_path: Path) -> None:
    made = content(tmp_path, {"playbooks/set-motd.change.yml": MODEL_WITH_SECRET})
    with pytest.raises(NotFoundError, match="no secret of this name"):
        made.seal("set-motd", limit=[], variables=GIVEN)
    store = SecretStore(tmp_path / "secrets", None, lambda: KEY)
    store.put("motd-contoh", VALUE)
    sealed = made.seal("set-motd", limit=[], variables=GIVEN)
    files = [path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert not any(VALUE.encode() in each for each in files)
    assert json.loads((tmp_path / "state/snapshots" / sealed.id / "variables.json").read_text()) == {"motd_text": "x"}
    assert made.compare(sealed.id, "set-motd", limit=[], variables=GIVEN) == []
    store.put("motd-contoh", VALUE + "lain")
    assert made.compare(sealed.id, "set-motd", limit=[], variables=GIVEN) == ["secret motd_password"]


def test_secret_variable_given_its_value_is_refused_without_repeating_it(tmp_path: Path) -> None:
    made = content(tmp_path, {"playbooks/set-motd.change.yml": MODEL_WITH_SECRET})
    with pytest.raises(VariableError, match="never its value") as caught:
        made.seal("set-motd", limit=[], variables={**GIVEN, "motd_password": VALUE})
    assert VALUE not in f"{caught.value} {caught.value.found} {caught.value.fields}"


@pytest.mark.parametrize(
    "variables",
    [
        "  motd_password:\n    type: str\n    about: {id: a, en: a}\n",
        "  motd_password:\n    type: secret\n    about: {id: a, en: a}\n    pattern: a\n",
        "  motd_list:\n    type: list[dict]\n    about: {id: a, en: a}\n    fields:\n"
        "      word:\n        type: secret\n        about: {id: a, en: a}\n",
    ],
)
def test_change_model_that_would_show_a_secret_is_refused(tmp_path: Path, variables: str) -> None:
    made = content(tmp_path, {"playbooks/set-motd.change.yml": CONTENT["playbooks/set-motd.change.yml"] + variables})
    with pytest.raises(ContentError, match="secret"):
        made.change_model("set-motd")


@pytest.mark.parametrize("value", ["pendek", "x" * 70_000, "ada {{ tanda }} di sini", "ada\0nol di dalam"])
def test_store_value_that_can_not_be_kept_hidden_is_refused(tmp_path: Path, value: str) -> None:
    store = SecretStore(tmp_path / "secrets", None, lambda: KEY)
    with pytest.raises(UsageError) as caught:
        store.put("contoh", value)
    assert value not in f"{caught.value} {caught.value.found}"
    assert list(store.names()) == []


@pytest.mark.parametrize("name", ["", "../hmac.key", ".x", "A", "a/b", "a" * 65])
def test_store_name_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        SecretStore(tmp_path / "secrets", None, lambda: KEY).put(name, VALUE)


def test_store_keeps_values_for_their_owner_and_credentials_go_first(tmp_path: Path) -> None:
    (tmp_path / "held").mkdir()
    (tmp_path / "held" / "contoh").write_text("dari systemd")
    store = SecretStore(tmp_path / "secrets", tmp_path / "held", lambda: KEY)
    store.put("contoh", "dari folder\n")
    store.put("lain", "dua\nbaris panjang\n")
    assert [oct(path.stat().st_mode & 0o777) for path in (tmp_path / "secrets", tmp_path / "secrets/contoh")] == [
        "0o700", "0o600",
    ]  # fmt: skip
    assert (tmp_path / "secrets/contoh").read_text() == "dari folder"
    assert (tmp_path / "secrets/lain").read_text() == "dua\nbaris panjang\n"
    digests = store.bound({"a": "contoh"}), SecretStore(tmp_path / "secrets", None, lambda: KEY).bound({"a": "contoh"})
    assert digests[0] != digests[1]
    store.drop("lain")
    assert list(store.names()) == ["contoh"]
    with pytest.raises(NotFoundError):
        store.drop("lain")


@pytest.mark.parametrize("before", ["", "x", "xy"])
def test_known_secret_is_found_in_every_form_that_programs_write(before: str) -> None:
    known = KnownSecrets({"v": VALUE})
    forms = [VALUE, json.dumps({"a": VALUE}), json.dumps([VALUE], ensure_ascii=False), html.escape(VALUE), quote(VALUE)]
    forms += [quote(VALUE, safe=""), VALUE.replace("'", "'\"'\"'"), VALUE.encode().hex()]
    forms += [base64.b64encode(f"{before}{VALUE}sesudah".encode()).decode()]
    for form in forms:
        assert known.holds(f"a {before}{form} z"), form
        assert not known.holds(str(known.hide(f"a {before}{form} z")))
    assert known.hide({"a": ["b", VALUE], "n": 1, "t": True}) == {"a": ["b", "(secret v)"], "n": 1, "t": True}
    assert not known.holds("kata biasa")


def test_known_secret_of_many_lines_is_found_line_by_line() -> None:
    known = KnownSecrets({"key": "BEGIN KUNCI\nabcdefghij\nEND"})
    assert known.holds("  abcdefghij\n")
    assert not known.holds("END")


def test_load_secrets_changed_or_gone_since_sealing_lets_nothing_run(tmp_path: Path) -> None:
    store = SecretStore(tmp_path / "secrets", None, lambda: KEY)
    store.put("contoh", VALUE)
    file = tmp_path / "secrets.json"
    assert load_secrets(file, [], KEY) == (None, "")
    file.write_text(json.dumps(store.bound({"v": "contoh"})))
    folders = [str(tmp_path / "secrets")]
    known, why = load_secrets(file, folders, KEY)
    assert (known and known.values, why) == ({"v": VALUE}, "")
    assert load_secrets(file, folders, b"x" * 32)[1] == "secret contoh is another one since it was planned"
    store.drop("contoh")
    assert load_secrets(file, folders, KEY) == (None, "secret contoh is gone since it was planned")


def test_evidence_never_holds_what_is_hidden(tmp_path: Path) -> None:
    evidence = EvidenceFile(tmp_path / "evidence.jsonl", KnownSecrets({"v": VALUE}).hide)
    evidence.append({"e": "result", "name": f"Set {VALUE}", "diff": f"+{VALUE}\n", "objects": ["file:/x"]})
    assert list(evidence.lines()) == [
        {"e": "result", "name": "Set (secret v)", "diff": "+(secret v)\n", "objects": ["file:/x"]}
    ]


class Task:
    """What the guard reads of Ansible's task."""

    def __init__(self, action: str, args: object, environment: object = None) -> None:
        self.action, self.args, self.environment, self.no_log = action, args, environment, False


class Gate:
    """Notes who entered."""

    entered = 0

    def enter(self, executor: object, handler: object) -> None:
        self.entered += 1

    def leave(self, result: dict[str, object]) -> None:
        result["left"] = True


class Executor:
    """Holds one task."""

    def __init__(self, task: Task) -> None:
        self._task = task


@pytest.mark.parametrize("value", ["webserver1", "roles/motd/tasks/main.yml", "ansible.builtin.copy", "unreachable"])
def test_evidence_names_host_task_and_module_even_when_a_secret_reads_like_one(tmp_path: Path, value: str) -> None:
    evidence = EvidenceFile(tmp_path / "evidence.jsonl", KnownSecrets({"v": value}).hide)
    place = {"host": "webserver1", "task": "roles/motd/tasks/main.yml:3", "module": "ansible.builtin.copy"}
    line = {"e": "result", **place, "args": "0" * 64, "outcome": "unreachable"}
    evidence.append({**line, "name": f"Put {value}", "diff": value, "detail": [value]})
    (told,) = evidence.results_of("webserver1")
    assert told == {**line, "name": "Put (secret v)", "diff": "(secret v)", "detail": ["(secret v)"]}


def test_guard_hides_a_task_or_result_that_holds_a_secret() -> None:
    gate = Gate()
    guard = SecretGuard(gate, KnownSecrets({"v": VALUE}))
    plain, secret = Task("copy", {"content": "isi"}), Task("ansible.builtin.copy", {"content": VALUE})
    for task in (plain, secret):
        guard.enter(Executor(task), None)
    assert (plain.no_log, secret.no_log, gate.entered) == (False, True, 2)
    results: list[dict[str, object]] = [{"stdout": "isi"}, {"stdout": f"x{VALUE}"}]
    for result in results:
        guard.leave(result)
    assert [result.get("_ansible_no_log") for result in results] == [None, True]


@pytest.mark.parametrize(
    ("module", "more", "refused"),
    [
        ("ansible.builtin.setup", {}, True),
        ("ansible.builtin.set_fact", {}, False),
        ("ansible.builtin.include_vars", {}, False),
        ("ansible.builtin.set_fact", {"_ansible_facts_cacheable": True}, True),
    ],
)
def test_guard_refuses_a_fact_that_holds_a_secret_and_would_be_kept(
    module: str, more: dict[str, object], refused: bool
) -> None:
    gate = Gate()
    guard = SecretGuard(gate, KnownSecrets({"v": VALUE}))
    guard.enter(Executor(Task(module, {})), None)
    harmless: dict[str, object] = {"ansible_facts": {"word": "isi"}, **more}
    result: dict[str, object] = {"ansible_facts": {"word": [f"x{VALUE}"]}, **more}
    for each in (harmless, result):
        guard.leave(each)
    assert (harmless.get("failed"), "ansible_facts" in harmless) == (None, True)
    assert (result.get("failed", False), "ansible_facts" in result) == (refused, not refused)


@pytest.mark.parametrize(
    "task",
    [
        Task("ansible.builtin.raw", {"_raw_params": f"echo {VALUE}"}),
        Task("script", {"_raw_params": f"x.sh {VALUE}"}),
        Task("ansible.builtin.command", {"argv": ["id"]}, [{"WORD": VALUE}]),
        Task("copy", {"content": "isi", "dest": f"/etc/{VALUE}"}),
    ],
)
def test_guard_refuses_a_secret_that_others_would_see(task: Task) -> None:
    from ansible.errors import AnsibleError

    gate = Gate()
    with pytest.raises(AnsibleError, match="seen by others"):
        SecretGuard(gate, KnownSecrets({"v": VALUE})).enter(Executor(task), None)
    assert (gate.entered, task.no_log) == (1, True), "the gate knows of it, and records that it failed"
