"""The SOP as data: 29 rows, two presets, nothing inferred passed off as known."""

import json

import pytest

from sopti_runner.adapters import sop_data
from sopti_runner.domain.sop import MONTHLY, Sop, StepKind
from sopti_runner.errors import ContentError, NotFoundError, UsageError

SOPS = {name: sop_data.load(name) for name in sop_data.PRESETS}


def spoilt(change):
    data = json.loads(json.dumps(SOPS["banding"].to_data()))
    change(data)
    return data


def test_sop_has_29_activities_in_four_letters():
    ids = [a.id for a in SOPS["banding"].activities]
    assert ids == [f"{c}{n}" for c, last in (("A", 4), ("B", 9), ("C", 9), ("D", 7)) for n in range(1, last + 1)]


def test_sop_days_are_those_of_the_procedure():
    days = {a.id: a.day for a in SOPS["banding"].activities}
    assert [days[f"B{n}"] for n in range(1, 10)] == [1, 1, 2, 2, 2, 3, 4, 4, 5]
    assert [days[f"D{n}"] for n in range(1, 8)] == [1, 2, 3, MONTHLY, 4, 5, MONTHLY]
    assert {days[f"C{n}"] for n in range(2, 10)} == {MONTHLY}
    assert [a.id for a in SOPS["banding"].activities if not a.day_confirmed] == ["B5", "D5"]


def test_sop_decisions_are_disposal_advice_and_approvals():
    decided = [a.id for a in SOPS["banding"].activities if a.kind is StepKind.DECISION]
    assert decided == ["A3", "B2", "B7", "B8", "D3", "D6"]


@pytest.mark.parametrize(("preset", "offices"), [("banding", 5), ("tingkat_pertama", 4)])
def test_preset_has_its_offices_and_confirms_no_executor(preset, offices):
    sop = SOPS[preset]
    assert len(sop.preset.roles) == offices
    assert len(sop.unconfirmed) == 29


def test_first_instance_gives_the_division_heads_steps_to_the_section_head():
    assert SOPS["banding"].executor("B7").role == "division_head"
    assert SOPS["tingkat_pertama"].executor("B7").role == "section_head"
    assert SOPS["tingkat_pertama"].executor("A2").role == "section_head"


@pytest.mark.parametrize("sop", SOPS.values(), ids=SOPS)
def test_sop_survives_the_genesis_event(sop):
    assert Sop.from_data(json.loads(json.dumps(sop.to_data()))) == sop


def test_labels_that_mislead_have_our_own_beside_them():
    sop = SOPS["banding"]
    assert sop.activity("B9").output.id == "Daftar prioritas layanan"
    assert sop.activity("B9").made.id == "Berita Acara Pelaksanaan"
    assert sop.activity("B1").made == sop.activity("B1").output


def test_confirming_an_executor_keeps_the_others_as_alternatives():
    sop = SOPS["banding"].confirm("B8", "chair")
    assert (sop.executor("B8").role, sop.executor("B8").confirmed) == ("chair", True)
    assert sop.executor("B8").alternatives == ("secretary",)
    assert "B8" not in sop.unconfirmed
    assert len(sop.unconfirmed) == 28


def test_confirming_an_unknown_office_is_refused():
    with pytest.raises(UsageError):
        SOPS["tingkat_pertama"].confirm("B7", "division_head")


@pytest.mark.parametrize("ask", [lambda s: s.activity("B10"), lambda s: s.executor("E1"), lambda s: s.role("king")])
def test_asking_for_what_the_sop_does_not_have_is_refused(ask):
    with pytest.raises(NotFoundError):
        ask(SOPS["banding"])


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(extra=1),
        lambda d: d["activities"][0].update(colour="red"),
        lambda d: d["activities"][0].pop("title"),
        lambda d: d["activities"][0].update(day=6),
        lambda d: d["activities"][0].update(day=True),
        lambda d: d["activities"][0].update(kind="task"),
        lambda d: d["activities"][0].update(title={"id": "x"}),
        lambda d: d["activities"].append(d["activities"][0]),
        lambda d: d["preset"]["executors"].pop("B8"),
        lambda d: d["preset"]["executors"]["B8"].update(role="king"),
        lambda d: d["preset"]["executors"].update(Z1=d["preset"]["executors"]["B8"]),
        lambda d: d["preset"].update(roles=[]),
        lambda d: d.update(activities={}),
    ],
)
def test_sop_data_malformed_is_refused(change):
    with pytest.raises(ContentError):
        Sop.from_data(spoilt(change))


@pytest.mark.parametrize("text", ["a: 1\na: 2", "a: {b: 1, b: 2}", "a: [1", "!!python/object:os.x {}", "a: &b\n- *c"])
def test_yaml_with_duplicate_keys_or_tags_is_refused_with_its_line(text):
    with pytest.raises(ContentError) as caught:
        sop_data.read(text, "x.yml")
    assert caught.value.on.startswith("x.yml")


def test_preset_unknown_is_refused():
    with pytest.raises(NotFoundError):
        sop_data.load("../banding")
