"""``python -m tests.demo``: one real change, from request to recap, on two throw-away hosts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.demo.stage import PRODUCTION, ROOT, DemoError, Stage
from tests.demo.story import play

REFUSED = {
    "id": "Ini tampaknya komputer produksi: {path} ada. Demo tidak dijalankan.\nJalankan demo di komputer lain.",
    "en": "This machine looks like production: {path} exists. The demo does not run.\nRun it on another machine.",
}


def main() -> int:
    """Play the demo; 0 when every step went as told, 1 when it did not, 2 when it can't be played here."""
    lang = "en" if os.environ.get("SOPTI_LANG", "id").startswith("en") else "id"
    for path in PRODUCTION:
        if path.exists():
            print(REFUSED[lang].format(path=path), file=sys.stderr)
            return 2
    from tests.lab import machine

    lacking = machine.missing()
    if lacking:
        print("\n".join(lacking), file=sys.stderr)
        return 2
    folder = Path(os.environ.get("SOPTI_DEMO_DIR", ROOT / "build" / "demo"))
    try:
        play(Stage(folder, lang))
    except DemoError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
