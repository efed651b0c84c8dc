"""What the command line prints: for programs, for people, for terminals that others would like to drive."""

import ast
import contextlib
import json
import os
import pty
import subprocess

import pytest

from sopti_runner.cli.groups import TWINS
from sopti_runner.cli.main import ALIASES, GROUPED
from tests.e2e.desk import ROOT, SOPTI, Desk

EVIL = "\x1b]0;judul\x07\x1b[31mmerah\x9b2J\u202eterbalik\u2066\rTimpa"
CONTROL = {*map(chr, range(32)), *map(chr, range(127, 160)), "\u202e", "\u2066"} - {"\n"}


def test_names_cannot_drive_the_terminal(desk: Desk):
    number = desk.value("request", "add", "--what", EVIL, "--unit", EVIL, "--requester", EVIL)["request"]
    desk.governed("office", "enrol", EVIL, "--public", desk.public("tono"))
    desk.do("return", number, "--reason", EVIL, "--by", "Sari")
    for words in (("request", "list"), ("request", "show", number), ("trace", number), ("office", "list"), (),
                  ("office", "proposals"), ("request", "show", EVIL)):  # fmt: skip
        for json_too in ((), ("--json",)):
            said = desk.do(*words, *json_too, code=None)
            assert CONTROL.isdisjoint(said.out + said.err), (words, json_too)
    assert desk.value("request", "list")[0]["what"] == EVIL  # programs get exactly what was written


def test_very_long_text_is_kept_whole(desk: Desk):
    long = "sangat panjang " * 8_000
    number = desk.value("request", "add", "--what", long, "--unit", "PTSP")["request"]
    assert [r["what"] for r in desk.value("request", "list")] == [long]
    assert number in desk.do("request", "list").out


def test_name_that_is_not_utf8_is_refused_by_the_real_command(desk: Desk):
    before = desk.fingerprint()
    command = [os.fsencode(SOPTI), b"request", b"add", b"--unit", b"PTSP", b"--what", b"rusak \xff\xfe"]
    environment = {**os.environ, **desk.environment()}
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
    assert done.returncode == 2, done.stderr
    assert b"UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr
    assert desk.fingerprint() == before


READING = (
    (),
    ("request", "list"),
    ("request", "list", "--open"),
    ("office", "list"),
    ("office", "sop"),
    ("office", "policy"),
    ("office", "proposals"),
    ("doctor",),
    ("ledger", "verify"),
    ("ledger", "proof", "0"),
    ("ledger", "checkpoint"),
    ("ledger", "rebuild"),
    ("--version",),
)


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_every_reading_command_prints_one_json_value(staffed: Desk, words):
    said = staffed.do(*words, "--json", code=None)
    assert said.code in (0, 4)
    json.loads(said.out)


@pytest.mark.parametrize("lang", ["id", "en"])
def test_waiting_work_is_shown_for_the_one_at_the_desk(desk: Desk, lang):
    number = desk.ask()
    said = desk.do("--lang", lang, who="sari")
    row = next(line for line in said.out.splitlines() if number in line)
    assert f"sopti request dispose {number}" in row
    waiting = desk.do("--json", who="sari").value["waiting"]
    assert [(w["request"], w["yours"], w["next"]) for w in waiting] == [(number, True, "dispose")]
    assert not desk.do("--json").value["waiting"][0]["yours"]


def test_request_shows_its_day_and_every_deadline(desk: Desk):
    number = desk.ask()
    said = desk.do("request", "show", number).out
    assert all(f"B{step}" in said for step in range(1, 10))
    assert f"sopti request dispose {number}" in said
    assert "secretary:definitive" not in desk.do("request", "show", number, "--lang", "id").out
    assert len(desk.value("request", "show", number)["due"]) == 9


def test_indonesian_twins_do_the_same(desk: Desk):
    number = desk.value("permintaan", "tambah", "--what", "Printer", "--unit", "PTSP")["request"]
    assert desk.value("permintaan", "lihat", number)["request"] == number
    for name, twin in ALIASES.items():
        assert desk.do(twin, "--help").code == desk.do(name, "--help").code == 0


@pytest.mark.parametrize("lang", ["id", "en"])
def test_help_fits_a_hundred_columns(desk: Desk, lang):
    for words in (("--help",), ("request", "--help"), ("office", "policy", "--help"), ("approve", "--help")):
        desk.extra = {"COLUMNS": "100", "SOPTI_LANG": lang}
        said = desk.process(*words)
        assert max(map(len, said.out.splitlines())) <= 100
        assert "Example" in said.out or "Contoh" in said.out


def commands_of(desk: Desk) -> list[tuple[str, ...]]:
    """Give the words of every command and group."""
    groups = [(name,) for name in ("request", "ledger", "office", "host", "secret")]
    return [(), *groups, *((name,) for name in ALIASES), ("office", "policy"), ("request", "add"), ("ledger", "erase")]


def test_help_in_indonesian_leaves_no_english_of_the_command_library(desk: Desk):
    desk.extra = {"SOPTI_LANG": "id", "COLUMNS": "160"}
    for words in commands_of(desk):
        said = desk.do(*words, "--help").out
        assert "Cara pakai: sopti" in said
        assert "Tampilkan pesan ini lalu selesai." in said
        english = (
            "Usage:",
            "Show this",
            "[OPTIONS]",
            "COMMAND [ARGS]",
            "<str>",
            "<bool>",
            "<int",
            "completion",
            " FILE",
            " PERSON ",
        )
        assert [word for word in english if word in said] == [], words


def test_completion_for_bash_offers_commands(desk: Desk):
    given = {"_SOPTI_COMPLETE": "complete_bash", "COMP_WORDS": "sopti req", "COMP_CWORD": "1"}
    desk.extra = given
    said = desk.process()
    assert "request" in said.out.split()
    desk.extra = {**given, "COMP_WORDS": "sopti request d", "COMP_CWORD": "2"}
    assert "dispose" in desk.process().out.split()


def test_reader_that_goes_away_is_no_error(desk: Desk):
    for n in range(3):
        desk.ask(f"Permintaan {n}")
    for words in (("request", "list"), ("request", "list", "--json"), ("--help",)):
        with desk.start(*words) as process:
            process.stdout.close()
            said = process.stderr.read()
        assert (process.returncode, said) == (0, ""), words


@pytest.mark.parametrize(
    ("extra", "coloured"), [({"TERM": "xterm-256color"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False)]
)
def test_colours_are_for_terminals_and_can_be_switched_off(desk: Desk, extra, coloured):
    desk.extra = extra
    ours, theirs = pty.openpty()
    with desk.start("--help", stdout=theirs, stderr=theirs):
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # when the other side is gone
            while piece := os.read(ours, 65536):
                shown += piece
    os.close(ours)
    assert (b"\x1b[36m" in shown or b"\x1b[1;36m" in shown) is coloured
    assert b"\x1b" not in desk.process("--help").out.encode()


def test_errors_of_programs_are_one_json_line_each(desk: Desk):
    said = desk.process("request", "show", "REG-1-1", "--json", code=2)
    assert said.out == ""
    (line,) = said.err.splitlines()
    error = json.loads(line)
    assert (error["message_type"], error["code"], error["error"]) == ("exit_error", 2, "NotFoundError")
    assert error["next"] == "sopti request list"


def test_no_command_waits_for_a_person_where_there_is_none(desk: Desk):
    said = desk.process("host", "add", "web1", "127.0.0.1", "--port", "1", code=None)
    assert said.code != 0
    assert "Traceback" not in said.err


def next_commands() -> list[tuple[str, str]]:
    """Give (where, command) of every ``next`` that the package's errors name."""
    found = []
    for path in sorted((ROOT / "sopti_runner").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "next":
                value = node.value
                if isinstance(value, ast.Call) and value.args:
                    value = value.args[0]
                if isinstance(value, ast.JoinedStr):
                    value = value.values[0]
                if isinstance(value, ast.Constant) and str(value.value).startswith("sopti "):
                    found.append((f"{path.relative_to(ROOT)}:{node.value.lineno}", value.value))
    return found


def test_next_steps_of_errors_are_commands_that_exist():
    commands = next_commands()
    assert len(commands) > 20
    for where, text in commands:
        words = [w.strip(",;") for w in text.split()[1:]]
        if not words or words[0].startswith(("-", "{")):
            continue
        assert words[0] in ALIASES, (where, text)
        if words[0] in ("request", "office", "ledger", "host", "secret") and len(words) > 1 and words[1].islower():
            assert words[1] in GROUPED or words[1].startswith("-"), (where, text)


def test_twins_name_commands_that_exist():
    assert set(TWINS) <= {*ALIASES, *GROUPED}
    assert len(set(TWINS.values())) == len(TWINS)


def test_written_files_are_named_with_their_full_path(desk: Desk):
    month = f"{desk.events()[0].time:%Y-%m}"
    for words, written in (
        (("recap", month), f"recap-{month}.pdf"),
        (("ledger", "export", "bukti.zip"), "bukti.zip"),
        (("ledger", "trust", "kepercayaan.json"), "kepercayaan.json"),
        (("office", "step", "B2", "chair", "--export", "usulan.st"), "usulan.txt"),
    ):
        said = desk.process(*words).out
        assert str(desk.folder / written) in said
        assert (desk.folder / written).stat().st_mode & 0o777 == 0o640, "the group that asked for it can read it"


def test_text_that_is_missing_is_named_by_its_option(desk: Desk):
    said = desk.do("request", "withdraw", desk.ask(), "--reason", " ", "--json", code=2)
    assert said.error["on"] == "--reason"
    assert "--reason" in said.error["message"]
