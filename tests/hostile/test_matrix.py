"""Every attack against every defence: the verdict is the one that the table promises, on the page as in the run.

By default an attack that every defence finds is judged by two of them in turn; SOPTI_SOAK=1 judges every cell.
"""

import json
import os
import subprocess
import sys

import pytest

from sopti_runner.adapters.bundle.source import verifier_source
from sopti_runner.domain.ledger.trust import write_trust
from tests.hostile import matrix
from tests.hostile.attacks import Scene
from tests.hostile.copies import read
from tests.hostile.forged_rules import clock_set_back
from tests.hostile.matrix import WHY, rows

SOAK = os.environ.get("SOPTI_SOAK") == "1"
VERDICTS = {"f": {"tampered"}, "o": {"incomplete"}, "n": {"verified", "self_consistent"}}


def judged(ident, row):
    """Give the defences to try on an attack."""
    every = list(row.verdicts)
    if SOAK or set(row.cells) != {"f"}:
        return every
    turn = list(rows()).index(ident) % (len(every) - 1)
    return [every[0], every[1 + turn]]


def test_true_copy_is_vouched_for_by_every_defence(house, copy, trusts, tmp_path, record_property):
    bundle = copy.write(tmp_path / "true.zip")
    verdicts = {name: read(bundle, trust).verdict.value for name, trust in trusts.items()}
    assert verdicts.pop("alone") == "self_consistent"
    assert set(verdicts.values()) == {"verified"}
    assert len(copy.bodies) >= 200
    record_property("events", len(copy.bodies))
    record_property("attacks", len(rows()))
    record_property("attacks with a defence that can't find them", sum("n" in row.cells for row in rows().values()))


@pytest.mark.parametrize("ident", rows())
def test_attack_is_found_or_named_as_not_detectable(ident, house, copy, trusts, tmp_path):
    row, scene = rows()[ident], Scene(house, copy, tmp_path / "attack")
    made = row.attack(scene)
    assert (made.bodies, made.notes, made.blobs) != (copy.bodies, copy.notes, copy.blobs)
    bundle, said = made.write(tmp_path / "shown.zip"), set()
    for name in judged(ident, row):
        found, expected = read(bundle, trusts[name]), row.verdicts[name]
        assert found.verdict.value in VERDICTS[expected], f"{name}: {found.verdict}, {found.defects[:3]}"
        if expected == "f":
            assert_first_bad_event_is_named(found, row, scene, made)
        if expected == "o":
            assert found.gaps, f"{name}: nothing says what is missing"
        if expected == "n":
            remarks = " | ".join(map(str, found.not_detectable))
            given = {reason for reason in row.why if WHY[reason][1] in remarks}
            assert given, f"{name}: the run does not say what it could not have found: {remarks}"
            said |= given
    assert said == set(row.why), "a reason in the table that no run gives"


@pytest.mark.parametrize(("ident", "code"), [("edit", 12), ("k-cut", 4), ("edit-end-key", 0), ("stranger", 12)])
def test_verifier_that_auditors_carry_says_the_same(ident, code, house, copy, trusts, tmp_path):
    bundle = rows()[ident].attack(Scene(house, copy, tmp_path / "attack")).write(tmp_path / "shown.zip")
    (tmp_path / "sopti_verify.py").write_text(verifier_source(), encoding="utf-8")
    (tmp_path / "trust.json").write_text(write_trust(trusts["keys"]), encoding="utf-8")
    command = [sys.executable, "-I", "sopti_verify.py", bundle.name, "--trust", "trust.json", "--json"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    said, here = json.loads(ran.stdout), read(bundle, trusts["keys"])
    assert (ran.returncode, said["verdict"], said["first_bad"]) == (code, here.verdict, here.first_bad)
    assert said["not_detectable"] == [str(remark) for remark in here.not_detectable]


def test_clock_that_two_officials_put_right_is_no_defect(house, copy, trusts, tmp_path):
    made = clock_set_back(Scene(house, copy, tmp_path / "attack"), corrected=True)
    found = read(made.write(tmp_path / "shown.zip"), trusts["newest"])
    assert (found.verdict, found.defects) == ("verified", ())


def assert_first_bad_event_is_named(found, row, scene, made):
    """Only what stands beside the events has no event to name; of a shorter log the end is named."""
    if {d.code for d in found.defects} == {"tail_cut"}:
        assert found.first_bad == len(made.bodies)
    elif row.first is not None and found.first_bad is not None:
        least, most = row.first(scene, made)
        assert least <= found.first_bad <= most, found.defects[:3]
    elif row.first is not None:
        assert {d.code for d in found.defects} == {"checkpoint_bad"}, found.defects[:3]


def test_matrix_has_undetectable_rows_and_says_why_for_each():
    for ident, row in rows().items():
        assert ("n" in row.cells) == bool(row.why), ident
        assert set(row.why) <= WHY.keys(), ident


def test_page_shows_this_matrix():
    text = matrix.PAGE.read_text(encoding="utf-8")
    assert text == matrix.page_with_matrix(text), "stale. Next: python -m tests.hostile.matrix"
