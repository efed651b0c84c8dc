"""Clock rules: a writer whose clock was set can revive nothing and back-date nothing.

The rule this module keeps:

- Time in the log never runs backwards: a step back of more than ``TOLERANCE`` makes every act and the gate refuse.
- On the same boot the wall clock may not run ahead of the monotonic one by more than 24 hours, nor stay more than
  ``LAG`` behind it: a clock set back to just after the last event would let no approval ever expire.
- Across a restart nothing can be compared, so a pause longer than the policy's bound asks two officials to confirm.
- A reading that is refused never becomes the ledger's time (``believed``): being refused once must not make it true.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sopti_runner.domain.reason import Reason
from sopti_runner.errors import N_

TOLERANCE = timedelta(seconds=5)
LAG = timedelta(minutes=5)
JUMP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Instant:
    """One reading of a machine's clocks.

    Attributes:
        time: Aware UTC, microseconds.
        boot: Boot id of the machine.
        mono: Microseconds since boot, suspended time included where the machine can tell.
    """

    time: datetime
    boot: str
    mono: int


def clock_reason(last: Instant | None, now: Instant, pause_days: int) -> Reason | None:
    """Judge a reading against the one stored with the last event.

    Args:
        last: Reading of the last event, or None for an empty log.
        now: Reading to judge.
        pause_days: Longest believable pause across a restart, in days.
    """
    if last is None:
        return None
    moved = now.time - last.time
    if moved < -TOLERANCE:
        return Reason(
            "clock_back",
            N_("The clock of this machine stands {by} before the last event of the ledger ({last})"),
            {"by": _span(-moved), "last": last.time.isoformat(timespec="seconds")},
        )
    if now.boot == last.boot:
        ran = timedelta(microseconds=max(0, now.mono - last.mono))
        if ran - moved > LAG:
            return Reason(
                "clock_back",
                N_("The clock of this machine was set back by {by} since the last event of the ledger ({last})"),
                {"by": _span(ran - moved), "last": last.time.isoformat(timespec="seconds")},
            )
        if moved - ran > JUMP:
            return Reason(
                "clock_jump",
                N_("The clock of this machine jumped ahead by {by} while the machine ran"),
                {"by": _span(moved - ran)},
            )
    elif moved > timedelta(days=pause_days):
        return Reason(
            "clock_pause",
            N_("{by} lie between the last event and now, across a restart; nobody can tell whether the clock is right"),
            {"by": _span(moved)},
        )
    return None


def believed(last: Instant | None, now: Instant, pause_days: int) -> Instant:
    """Give the reading that an event written now bears, and by which what it does is judged.

    It is never before the last event's, and is the last event's while the clock is one that ``clock_reason`` refuses.
    Arguments as there.
    """
    if last is None:
        return now
    if clock_reason(last, now, pause_days):
        return last
    return now if now.time >= last.time else Instant(last.time, now.boot, now.mono)


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    return f"{days} d {hours} h {minutes} min"
