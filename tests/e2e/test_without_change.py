"""Requests without a technical change, and every way a request can end without one."""

import pytest

from tests.e2e.desk import Desk


def operator_commands(desk):
    """How many commands the operator typed for requests: each leaves one event."""
    return sum(e.actor.person == person_of(desk, "budi") for e in desk.events("request.*"))


def person_of(desk, who):
    return next(p["person"] for p in desk.value("office", "list") if who in p["name"].lower())


def test_printer_repair_needs_three_operator_commands_and_one_official_act(desk: Desk):
    number = desk.ask()
    desk.do("request", "triage", number)
    desk.do("approve", number, who="sari")
    desk.do("request", "fulfil", number, "--result", "Kabel diganti")
    assert desk.value("request", "show", number)["state"] == "closed"
    assert operator_commands(desk) == 3
    assert desk.counts()["request.granted"] == 1


def test_list_of_three_requests_takes_one_signature(desk: Desk):
    numbers = [desk.ask(f"Printer {n} rusak") for n in range(3)]
    for number in numbers:
        desk.do("request", "triage", number)
    said = desk.value("approve", *numbers, who="sari")
    assert [r["state"] for r in said["requests"]] == ["granted"] * 3
    granted = desk.events("request.granted")
    assert len({e.data["nonce"] for e in granted}) == 1
    assert (
        len({e.data["proof"]["signature"] if "signature" in e.data["proof"] else str(e.data["proof"]) for e in granted})
        == 1
    )


def test_list_exported_is_signed_on_the_officials_own_machine(desk: Desk):
    numbers = [desk.ask(f"Printer {n} rusak") for n in range(2)]
    for number in numbers:
        desk.do("request", "triage", number)
    statement = desk.folder / "daftar.json"
    desk.do("approve", *numbers, "--by", "Sari", "--export", str(statement))
    assert all(number in statement.with_suffix(".txt").read_text() for number in numbers)
    desk.do("approve", "--import", str(desk.sign(statement, "sari")))
    assert {desk.value("request", "show", n)["state"] for n in numbers} == {"granted"}


@pytest.mark.parametrize(
    ("words", "state", "event"),
    [(("approve",), "granted", "request.granted"), (("reject", "--reason", "Ganda"), "rejected", "request.rejected")],
    ids=["list", "reject"],
)
def test_decision_on_paper_needs_a_second_person_as_the_approval_of_a_plan_does(desk: Desk, words, state, event):
    numbers = [desk.ask(f"Printer {n} rusak") for n in range(2 if state == "granted" else 1)]
    for number in numbers:
        desk.do("request", "triage", number)
    scan = desk.folder / "pindaian.pdf"
    scan.write_bytes(b"%PDF-1.7 pindaian")
    command = (words[0], *numbers, *words[1:], "--by", "Sari", "--paper", str(scan))
    before = desk.fingerprint()
    desk.do(*command, who="rina", code=2)
    assert desk.fingerprint() == before, "who brings the scan in is not said: a slip"
    said = desk.do(*command, "--recorder", "Rina", "--json", who="rina", code=10)
    assert [r["code"] for r in said.error["reasons"]] == ["second_person_needed"]
    desk.do(*command, "--recorder", "Budi", who="rina")
    decided = desk.events(event)
    assert [e.data["proof"]["kind"] for e in decided] == ["paper"] * len(numbers)
    assert [blob.name for blob in decided[0].blobs if blob.name == "scan"] == ["scan"]
    assert {desk.value("request", "show", n)["state"] for n in numbers} == {state}


def test_returned_request_is_completed_and_goes_on(desk: Desk):
    number = desk.ask("Ganti kabel")
    desk.do("return", number, "--reason", "Sebutkan ruangnya", "--by", "Sari")
    assert desk.value("request", "show", number)["state"] == "returned"
    desk.do("request", "resubmit", number, "--what", "Ganti kabel di ruang 2")
    desk.do("request", "triage", number)
    desk.do("approve", number, who="sari")
    desk.do("request", "fulfil", number, "--result", "Diganti")
    shown = desk.value("request", "show", number)
    assert shown["state"] == "closed"
    assert "ruang 2" in desk.do("request", "show", number).out


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (("reject", "--reason", "Tidak sesuai kebijakan", "--by", "Sari"), "rejected"),
        (("request", "withdraw", "--reason", "Tidak diperlukan lagi"), "withdrawn"),
    ],
)
def test_ended_request_takes_no_further_act(desk: Desk, words, state):
    number = desk.ask()
    where = 2 if words[0] == "request" else 1
    desk.do(*words[:where], number, *words[where:])
    assert desk.value("request", "show", number)["state"] == state
    before = desk.counts()
    said = desk.do("request", "triage", number, "--json", code=10)
    assert [r["code"] for r in said.error["reasons"]] == ["wrong_state"]
    assert desk.counts() - before == {"gate.refused": 1}


@pytest.mark.parametrize("words", [("return",), ("reject",), ("request", "withdraw")], ids=" ".join)
@pytest.mark.parametrize("reason", [(), ("--reason", "  ")], ids=["none", "blank"])
def test_act_that_needs_a_reason_without_one_changes_nothing(desk: Desk, words, reason):
    number = desk.ask()
    before = desk.fingerprint()
    desk.do(*words, number, *reason, *(() if words[0] == "request" else ("--by", "Sari")), code=2)
    assert desk.fingerprint() == before


def test_officials_act_through_somebody_elses_hands_is_told_apart(desk: Desk):
    number = desk.ask()
    desk.do("request", "dispose", number, "--by", "Sari")
    desk.do("request", "examine", number, who="rina")
    assert [s["proof"] for s in desk.value("request", "show", number)["steps"]] == [
        "signature",
        "attested",
        "signature",
    ]
    before = desk.counts()
    said = desk.do("request", "classify", number, "--change-type", "none", who="dewi", code=10)
    assert "not_in_office" in said.err
    assert desk.counts() - before == {"gate.refused": 1}


def test_approval_nobody_may_attest_is_refused_and_recorded(desk: Desk):
    number = desk.ask()
    desk.do("request", "triage", number)
    said = desk.do("approve", number, "--by", "Sari", "--json", code=10)
    assert "signature_needed" in [r["code"] for r in said.error["reasons"]]
    assert desk.refusals()[-1] == ["signature_needed"]
    assert desk.value("request", "show", number)["state"] == "triaged"


def test_list_shows_each_request_on_one_line_whatever_its_words_hold(desk: Desk):
    words = ("Ganti kabel\x1b[2K\x1b[1A", "Printer\nREG-2026-0009  Hapus semua", "Tinta \u202ehabis")
    numbers = [desk.ask(what) for what in words]
    for number in numbers:
        desk.do("request", "triage", number)
    statement = desk.folder / "daftar.json"
    desk.do("approve", *numbers, "--by", "Sari", "--export", str(statement))
    shown = statement.with_suffix(".txt").read_text()
    assert [line.split()[0] for line in shown.splitlines()[1:]] == numbers
    assert not {"\x1b", "\u202e"} & set(shown)
    desk.do("reject", numbers[0], "--reason", "Ganda\nDisetujui\x1b[A", "--by", "Sari", "--export", str(statement))
    assert len(statement.with_suffix(".txt").read_text().splitlines()) == 2


@pytest.mark.parametrize("name", ["Sari Contoh", "  sari   CONTOH ", "Sari Contoh, S.H.", "Sari"])
def test_official_who_asked_is_known_however_the_name_is_written(desk: Desk, name):
    number = desk.value("request", "add", "--what", "Kursi", "--unit", "Sekretariat", "--requester", name)["request"]
    desk.do("request", "triage", number)
    said = desk.do("approve", number, "--json", who="sari", code=10)
    assert [r["code"] for r in said.error["reasons"]] == ["approver_is_requester"]


def test_requester_who_could_be_several_officials_is_asked_about(desk: Desk):
    before = desk.fingerprint()
    desk.do("request", "add", "--what", "Kursi", "--unit", "PTSP", "--requester", "Contoh", code=2)
    assert desk.fingerprint() == before
    desk.do("request", "add", "--what", "Kursi", "--unit", "PTSP", "--requester", "Andi Contoh")


def test_unclassified_request_is_not_called_a_technical_change(desk: Desk):
    numbers = [desk.ask(), desk.ask("Akun baru")]
    desk.do("request", "triage", numbers[0])
    said = desk.do("approve", *numbers, "--json", who="sari", code=2)
    assert (said.error["on"], said.error["next"]) == (numbers[1], f"sopti request triage {numbers[1]}")


def test_statement_of_another_act_is_not_brought_in_by_mistake(desk: Desk):
    number = desk.ask()
    desk.do("request", "triage", number)
    statement = desk.folder / "setuju.json"
    desk.do("approve", number, "--by", "Sari", "--export", str(statement))
    signature = str(desk.sign(statement, "sari"))
    before = desk.fingerprint()
    for words in (("reject",), ("office", "confirm")):
        desk.do(*words, "--import", signature, code=2)
    assert desk.fingerprint() == before
    desk.do("approve", "--import", signature)
