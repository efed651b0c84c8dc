"""Where a court is founded: a sign stands there meanwhile, so that a founding that was cut off can be done again."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sopti_runner.errors import N_, UsageError

SIGN = "founding"


class FoundingPlace:
    """The files that a founding makes.

    Args:
        state: The state folder.
        name: The ledger, as messages name it.
        ledger: Its files; none when a database server keeps it.
        founded: Tells whether the ledger holds its first event, None when it can't be read; leaves no file open.
    """

    def __init__(self, state: Path, name: str, ledger: Sequence[Path], founded: Callable[[], bool | None]) -> None:
        self._state, self._sign, self._key = state, state / SIGN, state / "log.key"
        self._name, self._ledger, self._founded = name, tuple(ledger), founded
        self._made = (self._key, state / "hmac.key", *ledger)

    def cut_off(self) -> bool:
        """Tell whether a founding was cut off here; UsageError when there is a ledger, or the key of a lost one."""
        if self._sign.exists() and not self._founded():
            return True
        if any(path.exists() for path in self._ledger) or self._founded():
            raise UsageError(
                N_("There is a ledger already; a court is founded once"),
                on=self._name,
                expected=N_("a machine without a ledger"),
                next="sopti",
            )
        if self._key.exists():
            raise UsageError(
                N_("There is the key of a ledger, but the ledger is gone"),
                on=self._name,
                expected=N_("a machine without a ledger"),
                found=str(self._key),
                next="docs/runbooks/machine-lost.md",
            )
        return False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Leave the sign while a court is being founded, and nothing of what was made when that fails.

        Raises:
            UsageError: Another process is founding a court here now.
        """
        with self._alone():
            yield from self._signed()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        handle = os.open(self._state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(
                    N_("A court is being founded here right now"),
                    on=str(self._state),
                    next=N_("wait until it has ended, then look: sopti"),
                ) from None
            yield
        finally:
            os.close(handle)

    def _signed(self) -> Iterator[None]:
        if self.cut_off():
            self._set_aside()
        fresh = [path for path in self._made if not path.exists()]
        self._sign.touch(mode=0o600)
        try:
            yield
        except BaseException:
            founded = self._founded()
            if founded is None:
                raise  # the sign stays: the next attempt sees how this one ended
            if not founded:
                self._remove(fresh)
            self._sign.unlink(missing_ok=True)
            raise
        self._sign.unlink(missing_ok=True)

    def _set_aside(self) -> None:
        """Put what a founding that was cut off has left into a folder of its own: nothing is lost by a wrong guess."""
        there = [path for path in self._made if path.exists()]
        if there:
            folder = self._state / f"cut-off-{secrets.token_hex(4)}"
            folder.mkdir(mode=0o700)
            for path in there:
                path.rename(folder / path.name)

    def _remove(self, files: Sequence[Path]) -> None:
        for path in files:
            path.unlink(missing_ok=True)
