"""Waiting for a condition, bounded."""

import threading
import time
from collections.abc import Callable


def until(condition: Callable[[], object], within_s: float = 30) -> None:
    """Look again and again until something holds; fails when it does not in time."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        threading.Event().wait(0.02)
