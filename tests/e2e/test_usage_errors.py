"""Wrong words, wrong files: a clear error, exit 2, and not one byte of the state folder changed."""

from pathlib import Path

import pytest

from tests.e2e.desk import ROOT, Desk, copied_content

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICxEhsZd60sILRGC6p1PnGivwvWWSw43XW4qlHK56/Ha"
INVENTORY = f"""\
all:
  children:
    servers:
      hosts:
        srv01: {{ansible_host: 192.0.2.11, sopti_host_key: {HOST_KEY}}}
"""
FIREWALL = "configure-firewall"
GOOD = ("--var", "host_firewall_management_sources=[192.0.2.0/24]")


@pytest.fixture(scope="module")
def desk(staffed: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A court with a request that is ready for a plan, shared: no test here may change it."""
    desk = staffed.copy(tmp_path_factory.mktemp("usage"))
    desk.inventory.write_text(INVENTORY)
    desk.prioritised()
    return desk


@pytest.fixture(autouse=True)
def unchanged(desk: Desk):
    """Nothing is written by a command whose words are wrong."""
    before = desk.fingerprint()
    yield
    assert desk.fingerprint() == before


def number(desk: Desk) -> str:
    """Give the number of the request that is ready for a plan: the court's first."""
    return f"REG-{desk.events()[0].time.year}-0001"


def refused(desk: Desk, *words: str) -> dict:
    """Run a command that is wrong, and give its error; what, on what, and what next are always said."""
    said = desk.do(*words, "--json", code=2)
    assert said.out == ""
    error = said.error
    assert error["message"]
    assert error["next"] or error["expected"], error
    return error


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (("host_firewall_management_source=[192.0.2.0/24]",), "did you mean host_firewall_management_sources"),
        (("nothing_like_it=1", "host_firewall_management_sources=[192.0.2.0/24]"), "nothing_like_it"),
        (("host_firewall_management_sources=[300.0.2.0/24]",), "host_firewall_management_sources"),
        (("host_firewall_management_sources=[]",), "host_firewall_management_sources"),
        (("host_firewall_management_sources=[192.0.2.0/24]", "host_firewall_ssh_port=70000"), "host_firewall_ssh_port"),
        (("host_firewall_management_sources=[192.0.2.0/24]", "host_firewall_ssh_port=dua"), "host_firewall_ssh_port"),
        (("host_firewall_management_sources={a: 1}",), "host_firewall_management_sources"),
        (("host_firewall_management_sources=[192.0.2.0/24",), "host_firewall_management_sources"),
        (("host_firewall_management_sources=['{{ x }}']",), "host_firewall_management_sources"),
        (("=1",), ""),
        (("host_firewall_management_sources",), ""),
        ((), "host_firewall_management_sources"),
    ],
    ids=["misspelt", "unknown", "address", "empty-list", "port-range", "port-word", "kind", "yaml", "template",
         "no-name", "no-value", "missing"],
)  # fmt: skip
def test_variable_that_cannot_be_is_refused(desk: Desk, variables, words):
    given = [word for text in variables for word in ("--var", text)]
    error = refused(desk, "plan", number(desk), FIREWALL, *given)
    assert words in error["message"] + error["on"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("plan", "{n}", "no-such-playbook"), "no-such-playbook"),
        (("plan", "{n}", "../secrets"), "../secrets"),
        (("plan", "{n}", FIREWALL, *GOOD, "--limit", "srv99"), "srv99"),
        (("plan", "REG-2026-9999", FIREWALL, *GOOD), "REG-2026-9999"),
        (("plan", "{n}"), "{n}"),
        (("plan", "{n}", "--print", "-"), "{n}"),
        (("request", "show", "REG-1-1"), "REG-1-1"),
        (("trace", "REG-1-1"), "REG-1-1"),
        (("request", "dispose", "{n}", "--by", "Nobody Here"), "Nobody Here"),
        (("request", "dispose", "{n}", "--by", "Contoh"), "Contoh"),
        (("request", "dispose", "{n}", "--key", "/nonexistent/key"), "/nonexistent/key"),
        (("office", "appoint", "Rina", "emperor"), "emperor"),
        (("office", "appoint", "Rina", "secretary", "--from", "2026-13-01"), "2026-13-01"),
        (("office", "appoint", "Rina", "secretary", "--from", "2026-05-02", "--to", "2026-05-01"), "2026-05-01"),
        (("office", "appoint", "Rina", "secretary", "--status", "king"), "king"),
        (("office", "appoint", "Nobody", "secretary"), "Nobody"),
        (("office", "end", "Rina", "secretary", "--to", "2026-05-01"), "secretary"),
        (("office", "step", "B99", "chair"), "B99"),
        (("office", "step", "B2", "emperor"), "emperor"),
        (("office", "policy", "--validity-days", "-1"), "--validity-days"),
        (("office", "policy", "--cut-off-hour", "25"), "--cut-off-hour"),
        (("office", "policy", "--waive", "anything=2026-01-01"), "anything"),
        (("office", "policy", "--waive", "adviser_approves=tomorrow"), "tomorrow"),
        (("office", "override-day", "2026-02-30", "--legal-number", "1"), "2026-02-30"),
        (("office", "enrol", "Tono", "--public", "/nonexistent.pub"), "/nonexistent.pub"),
        (("office", "confirm", "ffff"), "ffff"),
        (("office", "witness", "not a key"), "not a key"),
        (("ledger", "erase", "xyz"), "xyz"),
        (("ledger", "proof", "999999"), "999999"),
        (("ledger", "proof", "minus"), "EVENT"),
        (("recap", "2026-13"), "2026-13"),
        (("recap", "Mei"), "Mei"),
        (("recap", "2999-01"), "2999-01"),
        (("approve", "{n}", "--days", "0", "--by", "Sari"), "--days"),
        (("approve",), ""),
        (("approve", "--import", "/nonexistent.sig"), "/nonexistent.sig"),
        (("approve", "{n}", "--paper", "/nonexistent.pdf", "--recorder", "Budi", "--by", "Sari"), "/nonexistent.pdf"),
        (("consider", "{n}", "--advice", "perhaps"), "perhaps"),
        (("request", "add", "--what", "", "--unit", "PTSP"), ""),
        (("request", "add", "--what", "x", "--unit", " "), ""),
        (("request", "add", "--what", "x", "--unit", "PTSP", "--category", "spaceship"), ""),
        (("request", "add", "--what", "x", "--unit", "PTSP", "--urgency", "very"), ""),
        (("request", "add", "--what", "x\0y", "--unit", "PTSP"), "x\\x00y"),
        (("request", "add", "--what", "x\udcff", "--unit", "PTSP"), "udcff"),
        (("request", "add", "--unit", "PTSP"), "--what"),
        (("request", "ad"), "ad"),
        (("reques",), "reques"),
        (("plan", "{n}", "--limits", "srv01"), "--limits"),
        (("host", "add", "web1", "127.0.0.1", "--port", "70000"), "--port"),
        (("doctor", "--lang", "fr"), "fr"),
    ],
    ids=lambda value: " ".join(value)[:60].encode("ascii", "replace").decode() if isinstance(value, tuple) else None,
)
def test_command_with_wrong_words_is_refused(desk: Desk, words, named):
    words = [word.replace("{n}", number(desk)) for word in words]
    error = refused(desk, *words)
    assert named.replace("{n}", number(desk)) in " ".join([error["on"], error["found"], error["message"]]), error


VARIABLES_FILES = {
    "duplicate": (b"host_firewall_ssh_port: 22\nhost_firewall_ssh_port: 2222\n", "host_firewall_ssh_port"),
    "list": (b"- 1\n", ""),
    "truncated": (b"host_firewall_management_sources: [192.0.2.0/24", ""),
    "latin1": (b"host_firewall_allow: \xe9\n", ""),
    "nul": (b"host_firewall_ssh_port: \x00\n", ""),
    "python": (b"host_firewall_ssh_port: !!python/object/apply:os.system [id]\n", ""),
    "bomb": (b"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", ""),
}


@pytest.mark.parametrize("name", VARIABLES_FILES)
def test_variables_file_that_cannot_be_is_refused(desk: Desk, tmp_path: Path, name):
    content, named = VARIABLES_FILES[name]
    file = tmp_path / "vars.yml"
    file.write_bytes(content)
    error = refused(desk, "plan", number(desk), FIREWALL, "--vars-file", str(file))
    assert named in " ".join([error["message"], error["found"], error["on"]])
    assert str(file) in error["on"] or name in ("python", "bomb")


SETTINGS = {
    "unknown": b'stat_dir = "/tmp"\n',
    "policy": b'approval_days = "7"\n',
    "kind": b"state_dir = 7\n",
    "relative": b'state_dir = "state"\n',
    "truncated": b'state_dir = "/tm',
    "latin1": b'lang = "\xe9"\n',
    "nul": b'lang = "\x00"\n',
    "twice": b'lang = "id"\nlang = "en"\n',
    "language": b'lang = "fr"\n',
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_cannot_be_are_refused(desk: Desk, tmp_path: Path, name):
    file = tmp_path / "sopti.toml"
    file.write_bytes(SETTINGS[name])
    desk.extra = {"SOPTI_CONFIG": str(file)}
    try:
        error = refused(desk, "request", "list")
    finally:
        desk.extra = {}
    assert error["error"] == "SettingsError"
    assert str(file) in error["on"]


INVENTORIES = {
    "duplicate": INVENTORY + "        srv01: {ansible_host: 192.0.2.12}\n",
    "truncated": "all: {children: {servers: {hosts: {srv01: ",
    "unpinned": "all: {children: {servers: {hosts: {srv01: {ansible_host: 192.0.2.11}}}}}\n",
    "bad-key": INVENTORY.replace(HOST_KEY, "ssh-ed25519 AAAA"),
    "empty": "",
}


@pytest.mark.parametrize("name", INVENTORIES)
def test_inventory_that_cannot_be_is_refused(staffed: Desk, desk: Desk, tmp_path: Path, name):
    other = Desk(desk.folder, desk.content)
    other.inventory = tmp_path / "inventory.yml"
    other.inventory.write_text(INVENTORIES[name])
    error = refused(other, "plan", number(desk), FIREWALL, *GOOD)
    assert error["error"] in ("ContentError", "UsageError", "NotFoundError")


MODELS = {
    "none": None,
    "duplicate": "purpose: {id: a, en: b}\npurpose: {id: a, en: b}\n",
    "truncated": "purpose: {id: a, en",
    "unknown": "colour: red\n",
}


@pytest.mark.parametrize("name", MODELS)
def test_change_model_that_cannot_be_is_refused(desk: Desk, tmp_path: Path, name):
    other = Desk(desk.folder, copied_content(tmp_path, ("playbooks", "roles", "ansible.cfg")))
    other.inventory = desk.inventory
    model = tmp_path / "playbooks" / f"{FIREWALL}.change.yml"
    model.unlink() if MODELS[name] is None else model.write_text(MODELS[name])
    error = refused(other, "plan", number(desk), FIREWALL, *GOOD)
    assert FIREWALL in error["on"] + error["message"]


def test_founding_twice_is_refused_and_the_ledger_stays(desk: Desk):
    said = desk.do(
        "init", "--court", "Lain", "--place", "Lain", "--preset", "banding", "--zone", "WIB", "--origin", "lain/ledger",
        "--person", f"Budi:operator:{desk.public('budi')}", "--person", f"Sari:secretary:{desk.public('sari')}",
        code=2,
    )  # fmt: skip
    assert "founded once" in said.err


def test_founding_twice_is_told_before_anything_else_is_asked_for(desk: Desk):
    words = ("--court", "Lain", "--place", "Lain", "--preset", "banding", "--zone", "WIB", "--origin", "lain/ledger")
    error = refused(desk, "init", *words, "--person", "Budi:operator:/nonexistent.pub")
    assert "founded once" in error["message"]


@pytest.mark.parametrize("words", [(), ("request", "list"), ("office", "list"), ("recap", "2026-11")])
def test_command_before_the_court_is_founded_leads_to_founding_it(tmp_path: Path, words):
    error = Desk(tmp_path).do(*words, "--json", code=None).error
    assert error["next"].startswith("sopti init --help")
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("group", ["request", "office", "ledger", "host", "secret"])
def test_group_without_a_command_prints_its_help_and_nothing_else(desk: Desk, group):
    said = desk.do(group, code=2)
    assert said.err == ""
    assert said.out.strip() == desk.do(group, "--help").out.strip()


def test_help_and_version_are_words_too(desk: Desk):
    assert desk.do("help").out == desk.do("--help").out
    assert desk.do("help", "office", "policy").out == desk.do("office", "policy", "--help").out
    assert desk.do("version").out == desk.do("--version").out
    assert desk.do("bantuan").out == desk.do("--help").out


@pytest.mark.parametrize(
    ("changes", "people"),
    [
        ({}, ["Budi:operator:{budi}"]),
        ({}, ["Budi:operator:{budi}", "Budi:secretary:{sari}"]),
        ({}, ["Budi:operator:{budi}", "Sari:secretary:{budi}"]),
        ({}, ["Budi:operator:{budi}", "Sari:emperor:{sari}"]),
        ({}, ["Budi:operator:{budi}", "Sari:section_head:{sari}"]),
        ({}, ["Budi:operator:{budi}", "Sari:secretary:/nonexistent.pub"]),
        ({}, ["Budi", "Sari:secretary:{sari}"]),
        ({"zone": "Mars"}, ["Budi:operator:{budi}", "Sari:secretary:{sari}"]),
        ({"preset": "kingdom"}, ["Budi:operator:{budi}", "Sari:secretary:{sari}"]),
        ({"origin": "two words"}, ["Budi:operator:{budi}", "Sari:secretary:{sari}"]),
        ({"origin": ""}, ["Budi:operator:{budi}", "Sari:secretary:{sari}"]),
    ],
    ids=["one", "same-name", "same-key", "no-office", "no-approver", "no-file", "no-parts", "zone", "preset", "origin",
         "no-origin"],
)  # fmt: skip
def test_founding_that_cannot_be_makes_nothing(desk: Desk, tmp_path: Path, changes, people):
    fresh = Desk(tmp_path)
    given = {"court": "Pengadilan Contoh", "place": "Contoh", "preset": "banding", "zone": "WIB", "origin": "a/b"}
    words = [word for name, value in (given | changes).items() for word in (f"--{name}", value)]
    for person in people:
        words += ["--person", person.format(budi=desk.public("budi"), sari=desk.public("sari"))]
    fresh.do("init", *words, code=2)
    assert not (fresh.state / "ledger.db").exists()
    assert not (fresh.state / "log.key").exists()


def test_playbook_without_change_model_is_not_offered(desk: Desk):
    error = refused(desk, "plan", number(desk), "site")
    assert FIREWALL in error["expected"]


def test_content_of_the_repository_is_what_these_tests_read():
    assert (ROOT / "playbooks" / f"{FIREWALL}.change.yml").is_file()


@pytest.mark.parametrize(
    "words",
    [
        ("request", "show", "A" * 100_000),
        ("request", "show", "A " * 50_000),
        ("--" + "A" * 100_000,),
        ("emergency", "record", "--did", "x", "--host", "web1", "--at", "A" * 100_000),
        ("plan", "REG-1", FIREWALL, "--var", "A" * 100_000),
        ("plan", "A" * 100_000, FIREWALL),
        ("run", "show", "A\n" * 50_000),
    ],
    ids=range(7),
)
def test_very_long_words_are_refused_without_repeating_them_whole(desk: Desk, words: tuple[str, ...]):
    for how in ((), ("--json",)):
        said = desk.do(*words, *how, code=2)
        assert "A" in said.err
        assert len(said.err) < 3_000
