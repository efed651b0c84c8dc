"""``python -m bench``: every benchmark in one run; each prints ratios to something measured beside it, and its goal."""

from __future__ import annotations

import sys

from bench import engine, ledger_append, ledger_append_postgresql, ledger_audit, startup
from tests.lab import machine

MILLION = 1_000_000


def main() -> int:
    """Run them all; 1 when a goal was missed. What needs throw-away hosts says so where there can be none."""
    missed = [
        name
        for name, measure in (
            ("append", ledger_append.main),
            ("append on PostgreSQL", ledger_append_postgresql.main),
            ("audit", lambda: ledger_audit.main(MILLION)),
            ("start-up", startup.main),
        )
        if measure()
    ]
    lacking = machine.missing()
    if lacking:
        print("plan and apply: not measured here:", "; ".join(lacking))
    elif engine.main():
        missed.append("plan and apply")
    print("goals missed:", ", ".join(missed) or "none")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
