"""Bundles, and the verifier of one file: it runs alone, and says what the package says."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from sopti_runner.adapters.bundle import ZipBundle, write_bundle
from sopti_runner.adapters.bundle.source import readme, verifier_source
from sopti_runner.adapters.bundle.verifier import EXIT_CODES, verify_bundle
from sopti_runner.adapters.handed_files import HandedFiles
from sopti_runner.domain.ledger.checkpoint import Checkpoint
from sopti_runner.domain.ledger.event import leaf_hash, seal_blob
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.ledger.trust import Trust, write_trust
from sopti_runner.domain.ledger.verdict_text import as_data
from sopti_runner.errors import IntegrityError, UsageError
from tests.fakes import ORIGIN, Drafts, FakeClock, FakeLogKey, FakeWitnessKey, MemoryStore

KEY, WITNESS = FakeLogKey(), FakeWitnessKey()
TRUST = Trust(ORIGIN, (KEY.verifier,), (WITNESS.verifier,), 1)
FLIPS = 300 if os.environ.get("SOPTI_SOAK") else 60


@pytest.fixture
def store():
    store, clock = MemoryStore(), FakeClock()
    store.create(ORIGIN)
    drafts = Drafts(clock)
    store.append([drafts("court.created", data={"vkey": KEY.vkey})], clock.now())
    for number in range(30):
        clock.move(seconds=9)
        blob = seal_blob("reason", f"alasan {number} – é".encode(), bytes([number]) * 32)
        store.append([drafts("request.registered", f"r-{number}", {"n": number}, [blob])], clock.now())
        if number % 10 == 9:
            head = store.head()
            text = str(Checkpoint(ORIGIN, head.size, head.root))
            cosigned = WITNESS.cosign(text, clock.time)
            store.save_checkpoint(head.size, f"{text}\n{KEY.sign(text)}{cosigned}")
    return store


def export(store, target, **changes):
    parts = {"bodies": store.bodies(), "notes": store.checkpoints(), "blobs": store.blob, "extras": {}} | changes
    with HandedFiles(()).open_new(target) as file:
        assert write_bundle(file, **parts) == store.head().size
    return target


@pytest.fixture
def bundle(store, tmp_path):
    return export(store, tmp_path / "bukti.zip")


@pytest.fixture(scope="module")
def verifier(tmp_path_factory):
    path = tmp_path_factory.mktemp("auditor") / "sopti_verify.py"
    path.write_text(verifier_source(), encoding="utf-8")
    return path


def alone(verifier, *arguments):
    """Run the verifier as an auditor does: nothing but Python and its site packages, from another folder."""
    command = [sys.executable, "-I", "-W", "error", str(verifier), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=verifier.parent)


def test_bundle_gives_back_what_was_put_in(store, bundle):
    with ZipBundle(bundle) as read:
        assert list(read.bodies()) == list(store.bodies())
        assert read.checkpoints() == store.checkpoints()
        for event in store.events(1):
            (ref,) = event.blobs
            found, kept = read.blob(ref.digest), store.blob(ref.digest)
            assert (found.salt, found.content) == (kept.salt, kept.content)
        assert read.blob(bytes(32)) is None
    assert bundle.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in bundle.parent.iterdir()] == ["bukti.zip"]


def test_bundle_of_the_same_ledger_is_the_same_bytes(store, bundle, tmp_path):
    assert export(store, tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


def test_bundle_without_an_erased_blob_verifies(store, tmp_path):
    event = next(store.events(5))
    digest = event.blobs[0].digest
    store.erase(digest)
    at = FakeClock(event.time.replace(year=2027)).now()
    store.append([Drafts(FakeClock(at.time))("blob.erased", "r-5", {"digests": [digest.hex()]})], at)
    store.save_checkpoint(store.head().size, KEY.note(store.head().size, store.head().root))
    with ZipBundle(export(store, tmp_path / "b.zip")) as read:
        assert read.blob(digest) is None
        assert verify_bundle(read, TRUST, acts=False).verdict == "verified"


def test_bundle_is_never_written_over_another_file(store, bundle):
    before = bundle.read_bytes()
    with pytest.raises(UsageError):
        export(store, bundle)
    assert bundle.read_bytes() == before


def test_bundle_in_a_missing_folder_refuses(store, tmp_path):
    with pytest.raises(UsageError, match="The file can't be written"):
        export(store, tmp_path / "no" / "b.zip")


def test_bundle_that_fails_half_way_leaves_nothing(store, tmp_path):
    def broken():
        yield from list(store.bodies())[:3]
        raise IntegrityError("damaged")

    with pytest.raises(IntegrityError):
        export(store, tmp_path / "b.zip", bodies=broken())
    assert not list(tmp_path.iterdir())


def test_bundle_of_a_damaged_ledger_carries_the_evidence(store, tmp_path):
    bodies = [*store.bodies()]
    bodies[7] = b"{damaged"
    with ZipBundle(export(store, tmp_path / "b.zip", bodies=bodies)) as read:
        found = verify_bundle(read, TRUST, acts=False)
    assert (found.verdict, found.first_bad) == ("tampered", 7)
    assert ("unreadable", 7) in {(d.code, d.seq) for d in found.defects}


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\5\6" + bytes(18)])
def test_file_that_is_no_bundle_is_refused(tmp_path, content):
    path = tmp_path / "b.zip"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        ZipBundle(path)
    with pytest.raises(UsageError):
        ZipBundle(tmp_path / "missing.zip")


def test_zip_with_a_name_twice_is_refused(bundle):
    with zipfile.ZipFile(bundle, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("events.jsonl", b"other")
    with pytest.raises(UsageError):
        ZipBundle(bundle)


# The verifier


def test_verifier_uses_nothing_that_an_auditor_lacks_and_no_newer_python():
    tree = ast.parse(verifier_source(), feature_version=(3, 9))
    assert "sqlalchemy" not in verifier_source()
    packed = [
        node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
    ]
    assert len(packed) > 10
    for text in packed:
        ast.parse(text, feature_version=(3, 9))


def test_readme_in_the_bundle_names_both_languages_and_the_verifier(store, tmp_path):
    extras = {"sopti_verify.py": verifier_source().encode(), "README.txt": readme().encode()}
    target = export(store, tmp_path / "b.zip", extras=extras)
    with zipfile.ZipFile(target) as file:
        assert file.namelist()[:3] == ["README.txt", "sopti_verify.py", "events.jsonl"]
    assert "Periksa di komputer Anda sendiri" in readme()
    assert "Check on your own computer" in readme()


@pytest.fixture
def trust_file(tmp_path):
    path = tmp_path / "trust.json"
    path.write_text(write_trust(TRUST))
    return path


def cases(store):
    """Bundles of every kind: (name, changed parts of the export, trust)."""
    bodies = [*store.bodies()]
    edited = [*bodies]
    edited[12] = edited[12].replace(b'"n":11', b'"n":99')
    yield "honest", {}, TRUST
    yield "no trust", {}, None
    yield "no notes", {"notes": []}, TRUST
    yield "edited", {"bodies": edited}, TRUST
    yield "edited, no trust", {"bodies": edited}, None
    yield "cut", {"bodies": bodies[:25]}, TRUST
    yield "deleted", {"bodies": bodies[:9] + bodies[10:]}, None
    yield "blobs gone", {"blobs": lambda digest: None}, TRUST
    yield (
        "forged note",
        {"notes": [(11, FakeLogKey(seed=3).note(11, Frontier(map(leaf_hash, bodies[:11])).root()))]},
        TRUST,
    )
    yield "quorum", {}, replace(TRUST, quorum=1, witnesses=(FakeWitnessKey("x.example", 9).verifier,))
    yield "known", {}, replace(TRUST, known=Checkpoint(ORIGIN, 5, bytes(32)))


def test_verifier_alone_says_what_the_package_says(store, verifier, tmp_path):
    verdicts = set()
    for number, (name, changes, trust) in enumerate(cases(store)):
        target = tmp_path / f"{number}.zip"
        parts = {"bodies": store.bodies(), "notes": store.checkpoints(), "blobs": store.blob, "extras": {}} | changes
        with target.open("wb") as file:
            write_bundle(file, **parts)
        options = ["--json", "--without-acts"]
        if trust:
            (tmp_path / f"{number}.json").write_text(write_trust(trust))
            options += ["--trust", tmp_path / f"{number}.json"]
        ran = alone(verifier, target, *options)
        with ZipBundle(target) as read:
            found = verify_bundle(read, trust, acts=False)
        assert ran.returncode == EXIT_CODES[found.verdict], (name, ran.stderr)
        assert json.loads(ran.stdout) == as_data(found), name
        verdicts.add(str(found.verdict))
    assert verdicts == {"verified", "self_consistent", "incomplete", "tampered"}


@pytest.mark.parametrize(("lang", "last"), [("en", "VERIFIED: the log is what your trust file says it is"), ("id", "")])
def test_verifier_report_ends_with_the_verdict(bundle, trust_file, verifier, lang, last):
    ran = alone(verifier, bundle, "--trust", trust_file, "--without-acts", "--lang", lang)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[-1].startswith(last)


def test_verifier_names_the_first_bad_event(store, verifier, tmp_path):
    bodies = [*store.bodies()]
    bodies[12] = bodies[12].replace(b'"n":11', b'"n":99')
    ran = alone(verifier, export(store, tmp_path / "b.zip", bodies=bodies), "--without-acts", "--lang", "en")
    assert ran.returncode == 12
    assert "First event that can't be believed: 12" in ran.stdout


def test_verifier_refuses_what_it_cannot_use(bundle, trust_file, verifier, tmp_path):
    (tmp_path / "bad.json").write_text("{}")
    (tmp_path / "bad.zip").write_text("hello")
    for arguments in (
        [],
        [tmp_path / "missing.zip"],
        [tmp_path / "bad.zip"],
        [bundle, "--trust", tmp_path / "bad.json"],
        [bundle, "--trust", tmp_path / "missing.json"],
        [bundle, "--no-such-option"],
    ):
        ran = alone(verifier, *arguments)
        assert (ran.returncode, ran.stdout) == (2, ""), arguments
        assert ran.stderr
        assert "Traceback" not in ran.stderr


def test_any_flipped_byte_of_a_bundle_changes_nothing_or_is_found(bundle, tmp_path):
    """What a zip file does not use may change unnoticed; what is read out of it may not."""
    raw = bundle.read_bytes()
    with ZipBundle(bundle) as read:
        honest = verify_bundle(read, TRUST, acts=False)
        bodies = list(read.bodies())
    step = max(1, len(raw) // FLIPS)
    for at in range(0, len(raw), step):
        changed = tmp_path / "changed.zip"
        changed.write_bytes(raw[:at] + bytes([raw[at] ^ 0x41]) + raw[at + 1 :])
        try:
            with ZipBundle(changed) as read:
                found = verify_bundle(read, TRUST, acts=False)
                same = list(read.bodies()) == bodies
        except (IntegrityError, UsageError):
            continue
        assert found.verdict == "tampered" or (found == honest and same), at


def test_verifier_runs_on_every_python_found(bundle, trust_file, verifier):
    """Each Python with cryptography that SOPTI_PYTHONS names (separated by colons) is asked; this one by default."""
    pythons = [Path(path) for path in os.environ.get("SOPTI_PYTHONS", sys.executable).split(":")]
    for python in pythons:
        command = [python, "-I", verifier, bundle, "--trust", trust_file, "--json", "--without-acts"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (ran.returncode, json.loads(ran.stdout)["verdict"]) == (0, "verified"), (python, ran.stderr)
