"""The full audit of a large ledger: time and memory, in a process of its own.

A ledger of task results with a signed checkpoint every 1,000 events is made in a temporary folder, then judged with a
trust file, from a plain file of bodies. 100,000 events by default; 1,000,000 with SOPTI_SOAK=1 or as an argument:
python -m bench.ledger_audit 1000000. Goals for a million: 40 seconds, 60 MB.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sopti_runner.domain.ledger.checkpoint import Checkpoint
from sopti_runner.domain.ledger.event import ZERO_LEAF, Actor, Draft
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.ledger.note import ED25519, sign_note, verifier_key
from sopti_runner.domain.ledger.trust import Trust, parse_trust, write_trust
from sopti_runner.domain.ledger.verify import audit

ORIGIN = "sopti.pn-contoh.example/ledger"
SMALL, LARGE = 100_000, 1_000_000
SECONDS_GOAL, MEGABYTES_GOAL = 40.0, 60.0
START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


def main(count: int = LARGE if os.environ.get("SOPTI_SOAK") == "1" else SMALL) -> int:
    """Make a ledger, audit it in a process of its own, print, and give 0 when the goals are met in proportion."""
    with tempfile.TemporaryDirectory(prefix="sopti-bench-") as folder:
        make_ledger(Path(folder), count)
        command = [sys.executable, "-m", "bench.ledger_audit", "judge", folder]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    per_million = found["cpu"] * LARGE / count
    print(
        f"audit of {count} events: {found['wall']:.1f} s ({found['cpu']:.1f} s of one processor, "
        f"{per_million:.1f} s for a million; goal {SECONDS_GOAL:.0f}), "
        f"{found['megabytes']:.0f} MB (goal {MEGABYTES_GOAL:.0f}), {found['verdict']}, "
        f"{found['checkpoints']} checkpoints"
    )
    met = found["verdict"] == "verified" and per_million <= SECONDS_GOAL and found["megabytes"] <= MEGABYTES_GOAL
    return 0 if met else 1


def make_ledger(folder: Path, count: int) -> None:
    """Write bodies, checkpoints and a trust file, with a key made here."""
    from sopti_runner.domain.ids import uuid7  # noqa: PLC0415  the judging process shall not load what only making needs
    from sopti_runner.domain.ledger.encoding import place  # noqa: PLC0415  as above

    key = Ed25519PrivateKey.generate()
    frontier, prev, notes = Frontier(), ZERO_LEAF, []
    with (folder / "events.jsonl").open("wb") as file:
        for seq in range(count):
            at = START + timedelta(milliseconds=31 * seq)
            data = {
                "host": f"srv{seq % 40:02d}",
                "objects": ["file:/etc/motd"],
                "task": "roles/host_firewall/tasks/main.yml:12",
                "kind": "changed",
                "before": "a" * 64,
                "after": "b" * 64,
            }
            ident = uuid7(at, seq.to_bytes(10, "big"))
            draft = Draft(ident, "task.finished", f"r-{seq // 50}", Actor("system"), data)
            event = place(draft, log=ORIGIN, seq=seq, prev=prev, time=at, boot="b-1", mono=31_000 * seq)
            file.write(event.body + b"\n")
            prev = event.leaf
            frontier.add(prev)
            if frontier.size % 1000 == 0 or frontier.size == count:
                text = str(Checkpoint(ORIGIN, frontier.size, frontier.root()))
                notes.append((frontier.size, f"{text}\n{sign_note(text, ORIGIN, key)}"))
    known = Checkpoint(ORIGIN, frontier.size, frontier.root())
    (folder / "notes.json").write_text(json.dumps(notes))
    (folder / "trust.json").write_text(write_trust(Trust(ORIGIN, (verifier_key(ORIGIN, ED25519, key),), known=known)))


def judge(folder: Path) -> dict[str, object]:
    """Audit what ``make_ledger`` wrote; gives figures."""
    trust = parse_trust((folder / "trust.json").read_bytes())
    notes = [(size, note) for size, note in json.loads((folder / "notes.json").read_text())]
    wall, cpu = time.perf_counter(), time.process_time()
    found = audit(_bodies(folder / "events.jsonl"), notes=notes, trust=trust)
    return {
        "verdict": str(found.verdict),
        "checkpoints": found.checkpoints,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _bodies(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield line[:-1]


if __name__ == "__main__":
    if sys.argv[1:2] == ["judge"]:
        print(json.dumps(judge(Path(sys.argv[2]))))
    else:
        raise SystemExit(main(*map(int, sys.argv[1:2])))
