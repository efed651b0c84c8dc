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
        rows = json.loads((found[0] / "texts.json").read_text("utf-8"))
        blobs = tuple(Blob(r["name"], bytes.fromhex(r["salt"]), bytes.fromhex(r["content"])) for r in rows)
        return Waiting((found[0] / "statement.json").read_bytes(), blobs, (found[0] / "shown.txt").read_text("utf-8"))

    def drop(self, digest: str) -> None:
        """Forget a statement; forgetting an unknown one changes nothing."""
        shutil.rmtree(self._folder / digest, ignore_errors=True)
