"""Statements that wait for a signature from elsewhere: one folder each, named by the statement's SHA-256."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from sopti_runner.domain.ledger.event import Blob
from sopti_runner.domain.statement import statement_digest
from sopti_runner.errors import N_, NotFoundError
from sopti_runner.ports import Waiting


class DirectoryOutbox:
    """Keep waiting statements below one folder, readable by the system user only.

    Args:
        folder: Made when first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, waiting: Waiting) -> None:
        """Keep a statement under its SHA-256; putting it twice is the same as once."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self._folder / statement_digest(waiting.statement)
        fresh = place.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        (fresh / "statement.json").write_bytes(waiting.statement)
        (fresh / "shown.txt").write_text(waiting.display, "utf-8")
        rows = [{"name": b.name, "salt": b.salt.hex(), "content": b.content.hex()} for b in waiting.blobs]
        (fresh / "texts.json").write_text(json.dumps(rows), "utf-8")
        if not place.exists():
            fresh.rename(place)

    def get(self, digest: str) -> Waiting:
        """Give a kept statement by its SHA-256 (hex) or a beginning that fits only one; NotFoundError otherwise."""
        clean = "".join(c for c in digest.lower() if c in "0123456789abcdef")
        found = [p for p in sorted(self._folder.glob(f"{clean}*")) if p.suffix != ".new"] if clean else []
        if len(found) != 1:
            raise NotFoundError(
                N_("No single waiting statement has this name"),
                on=digest,
                expected=N_("the name that the export printed"),
                found=str(len(found)),
                next="sopti approve --help",
            )
        try:
            return _read(found[0])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NotFoundError(
                N_("The waiting statement is damaged"),
                on=str(found[0]),
                expected=N_("the files as sopti wrote them"),
                found=str(error),
                next=N_("export the statement again"),
            ) from error

    def drop(self, digest: str) -> None:
        """Forget a statement; forgetting an unknown one changes nothing."""
        shutil.rmtree(self._folder / digest, ignore_errors=True)


def _read(place: Path) -> Waiting:
    """Read a kept statement; ValueError too when it is not the one that its folder's name says."""
    rows = json.loads((place / "texts.json").read_text("utf-8"))
    blobs = tuple(Blob(str(r["name"]), bytes.fromhex(r["salt"]), bytes.fromhex(r["content"])) for r in rows)
    statement = (place / "statement.json").read_bytes()
    if statement_digest(statement) != place.name:
        raise ValueError("statement.json is another statement")
    return Waiting(statement, blobs, (place / "shown.txt").read_text("utf-8"))
