"""Waiting statements on disk: as they were put, or an error that says they are damaged."""

from __future__ import annotations

import pytest

from sopti_runner.adapters.outbox_directory import DirectoryOutbox
from sopti_runner.domain.ledger.event import Blob
from sopti_runner.domain.statement import statement_digest
from sopti_runner.errors import NotFoundError
from sopti_runner.ports import Waiting

WAITING = Waiting(b'{"act":"approve"}', (Blob("reason", b"\x01" * 32, b"ya"),), "yang dibaca")
DIGEST = statement_digest(WAITING.statement)
DAMAGES = [
    ("texts.json", b""),
    ("texts.json", b"[1]"),
    ("texts.json", b'[{"name": "x", "salt": "zz", "content": ""}]'),
    ("texts.json", None),
    ("shown.txt", b"\xff"),
    ("shown.txt", None),
    ("statement.json", b"{}"),
    ("statement.json", None),
]


def test_statement_comes_back_as_it_was_put(tmp_path):
    outbox = DirectoryOutbox(tmp_path / "outbox")
    outbox.put(WAITING)
    assert outbox.get(DIGEST[:12]) == WAITING


@pytest.mark.parametrize(("name", "content"), DAMAGES)
def test_damaged_statement_is_refused_with_words(tmp_path, name, content):
    outbox = DirectoryOutbox(tmp_path / "outbox")
    outbox.put(WAITING)
    file = tmp_path / "outbox" / DIGEST / name
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(NotFoundError, match="damaged"):
        outbox.get(DIGEST)
