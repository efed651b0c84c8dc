"""Regenerates the list of first-party Python: ``python -m sopti_runner.adapters.ansible.first_party ROOT``."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

COLLECTIONS = "collections/ansible_collections/sopti"


def listing(root: Path) -> dict[str, str]:
    """Give relative path → SHA-256 (hex) of every Python file in the first-party collections, sorted."""
    files = sorted(each for each in (root / COLLECTIONS).rglob("*.py") if "tests" not in each.relative_to(root).parts)
    return {each.relative_to(root).as_posix(): hashlib.sha256(each.read_bytes()).hexdigest() for each in files}


def as_text(files: dict[str, str]) -> str:
    """Give the data file's content."""
    return json.dumps(files, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    data = Path(__file__).parents[2] / "data" / "first_party_plugins.json"
    data.write_text(as_text(listing(Path(sys.argv[1]))), "utf-8")
