"""The clock of a Linux machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from sopti_runner.domain.time_rules import Instant

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SystemClock:
    """Wall clock, boot id and the clock that runs since boot, sleep included; implements ``ports.Clock``."""

    def now(self) -> Instant:
        """Read all three together."""
        since_boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
        return Instant(datetime.now(UTC), BOOT_ID.read_text(encoding="ascii").strip(), since_boot)
