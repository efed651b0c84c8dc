"""Papers made from a real court's acts: what they say of who did what is what was recorded, and no more."""

import pytest

from sopti_runner.adapters.words_gettext import GettextWords
from sopti_runner.domain.approval_sheet import advice_text, recorded_lines
from sopti_runner.domain.minutes import deviations, evidence_lines, rows
from sopti_runner.errors import LedgerError, NotFoundError
from sopti_runner.services.approving import Approving
from sopti_runner.services.minuting import minutes_of
from tests.unit.domain.desk import Desk

WORDS = GettextWords("id")
NO_ADVICE = "Belum ada pertimbangan yang berlaku atas rencana ini"


@pytest.fixture
def desk():
    return Desk()


def sheet(desk, request):
    return Approving(desk.acts, desk.content, WORDS).sheet(request, person=desk.id["sec"])


def steps(desk, request):
    """The labels of the sheet's recorded steps, in order."""
    return [line.partition(":")[0] for line in recorded_lines(sheet(desk, request), WORDS)]


def attested(desk, name, who, request, **how):
    waiting = desk.waiting(name, who, request, **how)
    return desk.acts.sign(waiting, desk.key["op"])[0]


def test_sheet_tells_own_signatures_from_what_the_operator_typed(desk):
    request = desk.request("register")
    attested(desk, "dispose", "sec", request)
    desk.do("examine", "head", request)
    desk.do("classify", "op", request)
    desk.do("verify", "head", request)
    desk.do("prioritise", "head", request)
    desk.plan("op", request)
    attested(desk, "consider", "kabag", request)
    shown = recorded_lines(sheet(desk, request), WORDS)
    ways = {line.partition(":")[0]: line.rpartition(" (")[2].rstrip(")") for line in shown}
    assert ways["B2"] == ways["B7"] == "dicatatkan oleh op"
    assert ways["B3"] == "tanda tangan sendiri"
    assert "; dicatatkan oleh op)" in advice_text(sheet(desk, request), WORDS)


def test_sheet_after_a_new_plan_shows_no_advice_approval_or_run_of_the_old_one(desk):
    request = desk.request("approve")
    assert steps(desk, request)[-3:] == ["direncanakan", "B7", "B8"]
    desk.hosts.ends = "partial"
    desk.apply("op2", request)
    before = ["B1", "B2", "B3", "B4", "B5", "B6", "direncanakan"]
    assert steps(desk, request) == before
    desk.plan("op", request)
    assert steps(desk, request) == before
    assert advice_text(sheet(desk, request), WORDS) == NO_ADVICE
    desk.do("consider", "kabag", request)
    assert steps(desk, request) == [*before, "B7"]


def test_sheet_after_a_revocation_shows_that_and_no_approval(desk):
    request = desk.request("approve")
    desk.do("revoke", "sec", request)
    assert steps(desk, request)[-2:] == ["direncanakan", "persetujuan dicabut"]
    assert advice_text(sheet(desk, request), WORDS) == NO_ADVICE


def test_sheet_shows_no_note_of_an_earlier_advice(desk):
    request = desk.request("plan")
    desk.do("consider", "kabag", request, texts={"advice_note": "Tunggu akhir pekan"})
    assert "Tunggu akhir pekan" in advice_text(sheet(desk, request), WORDS)
    desk.hosts.content += 1
    desk.plan("op", request)
    desk.do("consider", "kabag", request)
    assert "Tunggu" not in advice_text(sheet(desk, request), WORDS)


def test_minutes_tell_the_result_and_the_run_that_was_interrupted(desk):
    request = desk.request("approve")
    desk.hosts.ends = "killed"
    with pytest.raises(LedgerError):
        desk.apply("op2", request)
    desk.ledger.full, desk.hosts.ends = False, "done"
    first = desk.clock.time
    desk.clock.run(hours=1)
    desk.applying.bury_dead()
    desk.plan("op", request)
    desk.do("consider", "kabag", request)
    desk.do("approve", "sec", request)
    desk.clock.run(hours=1)
    desk.apply("op2", request)
    desk.do("close", "op", request, texts={"result": "Sesuai rencana"})
    held = minutes_of(desk.books, desk.content, request)
    facts = dict(rows(held, WORDS))
    assert facts["Hasil"] == "Terlaksana pada semua perangkat"
    assert facts["Keterangan hasil"] == "Sesuai rencana"
    assert facts["Waktu mulai"] == WORDS.moment(first, held.zone)
    assert facts["Persetujuan"].endswith("(tanda tangan sendiri)")
    (told,) = deviations(held, WORDS)
    assert told == facts["Penyimpangan"]
    assert "Terhenti" in told
    assert "web1 tidak diketahui, web2 tidak diketahui" in told
    assert sum("awal pelaksanaan" in line for line in evidence_lines(held, WORDS)) == 2


def test_minutes_of_a_printer_claim_no_host_and_carry_the_result(desk):
    request = desk.do("register", "op", texts={"requester": "contoh"}).subject
    desk.do("triage", "op", request)
    desk.do("grant", "sec", request)
    with pytest.raises(NotFoundError):
        minutes_of(desk.books, desk.content, request)
    desk.do("fulfil", "op", request, texts={"result": "Toner diganti"})
    held = minutes_of(desk.books, desk.content, request)
    facts = dict(rows(held, WORDS))
    assert facts["Hasil"] == "Terlaksana tanpa perubahan melalui sistem"
    assert (facts["Pekerjaan"], facts["Keterangan hasil"]) == ("contoh", "Toner diganti")
    assert "Waktu mulai" not in facts
    assert (held.requester.name, held.requester.office.id) == ("", "contoh")


def test_minutes_of_a_run_that_stands_are_not_those_of_a_later_approval(desk):
    request = desk.request("approve")
    desk.hosts.ends = "partial"
    desk.apply("op2", request)
    approved_at = minutes_of(desk.books, desk.content, request).approval.at
    desk.clock.run(hours=1)
    desk.plan("op", request)
    desk.do("consider", "kabag", request)
    desk.do("approve", "sec", request)
    assert minutes_of(desk.books, desk.content, request).approval.at == approved_at


def test_sheet_of_an_emergency_that_needs_an_approval_shows_how_it_began_and_no_ratification(desk):
    desk.hosts.ends = "partial"
    request = desk.emergency("apply", desk.decree())
    desk.do("ratify", "sec", request)
    desk.plan("op", request)
    assert steps(desk, request) == ["dinyatakan darurat", "direncanakan"]


def test_minutes_of_an_emergency_say_that_it_waits_was_ratified_or_refused(desk):
    decree = desk.decree()
    answers = {
        "": "masih ditunggu, paling lambat 24 November 2026",
        "ratify": "sec, Sekretaris",
        "refuse": "ditolak: sec, Sekretaris",
    }
    for answer, words in answers.items():
        request = desk.emergency("apply", decree)
        if answer:
            desk.do(answer, "sec", request)
        told = dict(rows(minutes_of(desk.books, desk.content, request), WORDS))
        assert told["Persetujuan susulan"].startswith(words)
        assert "Persetujuan" not in told
