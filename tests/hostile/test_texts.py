"""Names and free texts stay out of everything that can't be erased, and what is erased is gone."""

import zipfile
from dataclasses import replace

import pytest

from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.domain.ledger.event import blob_digest, parse
from sopti_runner.errors import LedgerError
from tests.hostile import flips
from tests.hostile.copies import read


@pytest.fixture
def twin(house, tmp_path):
    twin = house.twin(tmp_path)
    yield twin
    twin.store.close()


def on_disk(house):
    """Give the bytes of everything beside a ledger's file."""
    return {path.name: path.read_bytes() for path in sorted(house.file.parent.glob("ledger.db*"))}


def test_planted_texts_stand_in_no_event_statement_or_checkpoint(house, copy, record_property):
    texts = [text.encode() for text in house.plant.texts]
    assert len(set(texts)) > 500
    record_property("texts planted", len(set(texts)))
    stored = b"\n".join(blob.content for blob in copy.blobs.values())
    assert sum(text in stored for text in texts) > 400, "texts that are nowhere prove nothing"
    statements = [event.data["statement"] for event in map(parse, copy.bodies) if "statement" in event.data]
    assert len(statements) > 80
    whole = b"\n".join([*copy.bodies, *(s.encode() for s in statements), *(n.encode() for n in copy.notes.values())])
    assert [text for text in texts if text in whole] == []


def test_planted_texts_stand_in_no_table_but_that_of_texts(house, tmp_path):
    held = flips.decoded(flips.settled(house.file, tmp_path / "ledger.db"))
    texts = repr(held.pop("blob"))
    assert house.plant.texts[0] in texts
    rest = repr(held)
    assert [text for text in house.plant.texts if text in rest] == []


def test_planted_texts_do_not_leave_with_checkpoints_or_to_the_witness(house):
    sent = b"".join(p.read_bytes() for place in (house.share, house.witness) for p in place.rglob("*") if p.is_file())
    assert len(sent) > 2000
    assert [text for text in house.plant.texts if text.encode() in sent] == []


def test_erased_text_is_gone_from_the_file_and_the_tree_verifies(house, trusts, tmp_path):
    gone = house.erased
    assert gone.content.decode() in house.plant.texts
    for name, raw in on_disk(house).items():
        assert gone.content not in raw, name
        assert gone.salt not in raw, name
    bundle = flips.exported(house.store, tmp_path / "fresh.zip")
    with zipfile.ZipFile(bundle) as opened:
        assert f"blobs/{blob_digest(gone).hex()}" not in opened.namelist()
        assert not any(gone.content in opened.read(name) for name in opened.namelist())
    found = read(bundle, trusts["newest"])
    assert (found.verdict, found.defects, found.gaps) == ("verified", (), ())


def test_erased_page_of_many_pages_leaves_no_remains(twin):
    """A scan fills pages of its own in the file; each is overwritten."""
    page = b"".join(b"halaman-%06d;" % n for n in range(20_000))
    blob = twin.books.blob("scan", page)
    twin.store.append([replace(twin.fact("read.finished", kind="x"), blobs=(blob,))], twin.clock.now())
    assert any(b"halaman-010000;" in raw for raw in on_disk(twin).values())
    assert twin.store.erase(blob_digest(blob))
    assert twin.store.blob(blob_digest(blob)) is None
    for name, raw in on_disk(twin).items():
        assert b"halaman-" not in raw, name


def test_erasure_under_a_reader_says_that_remains_wait(twin):
    """While another command still reads the old page, the write-ahead log can't be cleared; that is not kept quiet."""
    other, hasty = SqlStore(f"sqlite:///{twin.file}"), SqlStore(f"sqlite:///{twin.file}", busy_s=0.2)
    digest = parse(next(iter(twin.store.bodies()))).blobs[0].digest
    with other._read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM blob").scalar()
        with pytest.raises(LedgerError) as error:
            hasty.erase(digest)
    assert error.value.exit_code == 11
    assert hasty.blob(digest) is None, "erased all the same"
    other.close()
    hasty.close()
