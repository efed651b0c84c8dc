"""Two commands at once: both are done, one after the other; nothing is lost and no number is given twice."""

from tests.e2e.desk import Desk

AT_ONCE = 4


def test_requests_added_at_once_are_all_recorded_with_numbers_of_their_own(desk: Desk):
    words = ("request", "add", "--unit", "PTSP", "--json", "--what")
    started = [desk.start(*words, f"Permintaan {n}") for n in range(AT_ONCE)]
    ended = [(p.communicate(timeout=120), p.returncode) for p in started]
    assert [code for _said, code in ended] == [0] * AT_ONCE, ended
    listed = desk.value("request", "list")
    assert len({r["request"] for r in listed}) == len(listed) == AT_ONCE
    assert {r["what"] for r in listed} == {f"Permintaan {n}" for n in range(AT_ONCE)}
    assert desk.do("ledger", "verify").code == 0


def test_same_decision_made_at_once_is_recorded_once(desk: Desk):
    number = desk.ask()
    desk.do("request", "triage", number)
    started = [desk.start("approve", number, who="sari") for _n in range(2)]
    codes = []
    for process in started:
        process.communicate(timeout=120)
        codes.append(process.returncode)
    assert sorted(codes) == [0, 10]
    counts = desk.counts()
    assert (counts["request.granted"], counts["gate.refused"]) == (1, 1)


def test_same_proposal_confirmed_at_once_counts_once(desk: Desk):
    proposal = desk.value("office", "appoint", "Rina", "secretary", "--status", "plh")["proposal"]
    started = [desk.start("office", "confirm", proposal, who=who) for who in ("sari", "dewi")]
    codes = []
    for process in started:
        process.communicate(timeout=120)
        codes.append(process.returncode)
    assert sorted(codes) in ([0, 2], [0, 10])
    held = [e for e in desk.events("governance.confirmed") if proposal in e.data.get("statement", "")]
    assert len(held) == 1
