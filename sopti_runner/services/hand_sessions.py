"""What came of each person's work by hand: recorded once, and told with its recording held against the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sopti_runner.domain.access import EARLY_S
from sopti_runner.domain.console import ACCOUNT
from sopti_runner.domain.hand_work import CHANGES, CUT, Changes, Session, decode_changes, encode_changes
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.request import Request
from sopti_runner.domain.run import Run
from sopti_runner.errors import N_, IntegrityError, NotFoundError
from sopti_runner.ports.hand_work import Ended, Recordings
from sopti_runner.services.books import Books
from sopti_runner.services.running import find_run


@dataclass(frozen=True, slots=True)
class SessionTold:
    """One person's work by hand.

    Attributes:
        changes: What changed, None when nobody could look or the list was erased.
        kept: The recording that the ledger names is there; False when another is, None when there is none.
    """

    session: Session
    run: Run
    request: Request
    changes: Changes | None
    kept: bool | None


class Sessions:
    """Records what came of each person's work by hand.

    Args:
        books: The court's books.
        recordings: What terminals showed.
    """

    def __init__(self, books: Books, recordings: Recordings) -> None:
        self.books, self.recordings = books, recordings

    def record(self, run: Run, ended: Ended, began_at: datetime, found: Changes | None) -> None:
        """Record the end of a person's work, once.

        Args:
            run: Of which it was.
            ended: How it ended.
            began_at: Aware UTC.
            found: What changed, None when nobody could look.
        """
        books = self.books
        let_in = books.court().access.opened(run.id)
        assert let_in is not None, "nobody works on a host without being let in"
        sha256, size = self.recordings.measure(run.id) or ("", 0)
        at = books.now()
        data = {
            "run": run.id,
            "host": let_in.certificate.host,
            "person": let_in.person,
            "began": began_at.isoformat(),
            "ended": at.time.isoformat(),
            "end": ended.end,
            "exit": ended.exit,
            "recording": sha256,
            "bytes": size,
            "changed": None if found is None else len(found.listed),
            "unexpected": sum(not each.expected for each in found.listed) if found else 0,
            "console": any(each.object == f"user:{ACCOUNT}" for each in found.listed) if found else False,
        }
        blobs = [books.blob(CHANGES, encode_changes(found))] if found is not None else []
        books.tell([Draft(books.new_id(at), "session.recorded", run.request, SYSTEM, data, blobs)])

    def settle(self, run: Run) -> None:
        """Before a run ends of which nobody recorded how its work by hand ended: record it as cut off."""
        access = self.books.court().access
        let_in = access.opened(run.id)
        if let_in and run.id not in access.sessions:
            self.record(run, Ended(CUT, None), let_in.certificate.first + timedelta(seconds=EARLY_S), None)

    def tell(self, named: str) -> SessionTold:
        """Tell a person's work by its run or request, the newest by nothing; NotFoundError when there was none."""
        court = self.books.court()
        known = court.access.sessions
        run = court.runs[list(known)[-1]] if known and not named else find_run(court, named)
        session = known.get(run.id)
        if session is None:
            raise NotFoundError(
                N_("Nothing is recorded of work by hand in this run"),
                on=run.id,
                expected=N_("a run of {playbook} that has ended"),
                next=f"sopti run show {run.id}",
                playbook="work-by-hand",
            )
        blob = self.books.store.blob(session.changes.digest) if session.changes else None
        found = decode_changes(blob.content) if blob else None
        return SessionTold(session, run, court.requests[run.request], found, self._kept(session))

    def play(self, session: Session) -> Iterator[tuple[float, str]]:
        """Give what the terminal showed, piece by piece, with seconds since its beginning.

        Raises:
            IntegrityError: The recording is not the one that the ledger names, or is not there.
        """
        if not self._kept(session):
            found = self.recordings.measure(session.run)
            raise IntegrityError(
                N_("The recording is not the one that the ledger names"),
                on=session.run,
                expected=session.recording or N_("no recording: it was lost"),
                found=found[0] if found else N_("no recording"),
                next=f"sopti session show {session.run}",
            )
        return self.recordings.play(session.run)

    def _kept(self, session: Session) -> bool | None:
        found = self.recordings.measure(session.run)
        return None if found is None else found[0] == session.recording
