"""The court's books: the ledger, the court it tells of, and the one way to write into it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sopti_runner.domain import restoration
from sopti_runner.domain.authority import Act
from sopti_runner.domain.court import Court, fold
from sopti_runner.domain.ids import uuid7
from sopti_runner.domain.ledger.checkpoint import Checkpoint
from sopti_runner.domain.ledger.event import SYSTEM, Actor, Blob, BlobRef, Draft, Event, seal_blob
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.time_rules import Instant, believed, clock_reason
from sopti_runner.errors import N_, IntegrityError, LedgerError, OvertakenError, RefusedError, ReportError
from sopti_runner.ports import CheckpointSink, Clock, LedgerStore, LogSigner
from sopti_runner.services import outside
from sopti_runner.services.outside import newest_sent, other_history

USAGE = frozenset({"value_not_allowed", "text_missing", "no_such_request", "one_request", "no_such_proposal"})
"""Reasons that are a slip of the command rather than an attempt: they change no byte."""

TRIES = 20
"""How often a decision is made anew because another command wrote first; each time some other command got ahead."""


class Books:
    """Ledger and court together.

    Args:
        store: The ledger.
        clock: Read once a use case.
        signer: The log's key.
        sinks: Off-box places for checkpoints, in order.
    """

    def __init__(self, store: LedgerStore, clock: Clock, signer: LogSigner, sinks: Sequence[CheckpointSink]) -> None:
        self.store, self.clock, self.signer, self.sinks = store, clock, signer, sinks
        self._court = Court()

    def court(self) -> Court:
        """Give the court as the whole ledger tells it now; LedgerError when it can't be read.

        What was folded before is kept: every call reads only what came since, and gives the same, grown court.
        """
        try:
            court = fold(self.store.events(self._court.size), self._court)
        except (KeyError, ValueError, TypeError, AssertionError, AttributeError) as error:
            raise IntegrityError(
                N_("The ledger holds an event that no court could have written"),
                on=f"{self._court.origin} {self._court.size}",
                expected=N_("events that follow from those before them"),
                found=repr(error),
                next="sopti ledger verify",
            ) from error
        if not court.size:
            raise LedgerError(
                N_("There is no ledger here"),
                on=self.store.log,
                expected=N_("the ledger that sopti init made"),
                found=N_("a founding that was cut off"),
                next="sopti init --help",
            )
        return court

    def now(self) -> Instant:
        """Read the clock."""
        return self.clock.now()

    def new_id(self, at: Instant) -> str:
        """Give a fresh UUIDv7."""
        return uuid7(at.time, secrets.token_bytes(10))

    def blob(self, name: str, content: str | bytes) -> Blob:
        """Seal a text with a salt of its own."""
        raw = content.encode("utf-8") if isinstance(content, str) else content
        return seal_blob(name, raw, secrets.token_bytes(32))

    def text(self, ref: BlobRef | None) -> str:
        """Give a blob's text, or a dash when it was erased or never there."""
        blob = self.store.blob(ref.digest) if ref else None
        return blob.content.decode("utf-8", "replace") if blob else "–"

    def name(self, court: Court, person: str) -> str:
        """Give a person's name as it may be shown, or the pseudonym when the name was erased."""
        known = court.register.persons.get(person)
        text = self.text(known.name) if known and known.name else "–"
        return person if text == "–" else text

    def settle(self, decide: Callable[[Court, Instant], Sequence[Draft]]) -> tuple[Court, tuple[Event, ...]]:
        """Decide against the court as it is now and append what was decided.

        When another command writes in between, it is decided anew against what that command wrote.

        Args:
            decide: Gives the events for a court and a clock reading, or raises to refuse.

        Raises:
            OvertakenError: Others wrote first ``TRIES`` times running; nothing was written.
        """
        for left in range(TRIES - 1, -1, -1):
            court, at = self.court(), self.now()
            judged = court.size
            drafts = decide(court, at)
            try:
                return court, self.write(court, drafts, at, judged)
            except OvertakenError:
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def tell(self, drafts: Sequence[Draft]) -> Court:
        """Append facts, which stand whatever other commands write meanwhile; gives the court that knows them."""
        return self.settle(lambda _court, _at: drafts)[0]

    def write(self, court: Court, drafts: Sequence[Draft], at: Instant, judged: int | None = None) -> tuple[Event, ...]:
        """Append what was judged against the first ``judged`` events (all of ``court``), and fold it.

        OvertakenError when the ledger grew in between: what was judged may no longer hold.

        Time in the log never runs backwards, and a clock that the rules refuse sets no time: see ``believed``.

        Raises:
            RefusedError: This is a copy that was put back and that nobody agreed to go on with yet.
        """
        if self.waits(court) and not all(map(restoration.goes_on, drafts)):
            reason = restoration.waiting_reason(court.size)
            raise RefusedError(
                N_("This ledger is a copy that was put back; nothing is written into it yet"),
                on=court.origin,
                next="sopti self resume",
                reasons=(reason,),
            )
        if not any(d.type == "clock.corrected" for d in drafts):
            at = self.believed(court, at)
        events = self.store.append(drafts, at, expect_size=court.size if judged is None else judged)
        for event in events:
            if event.seq >= court.size:  # one that was there before, under the same id, is folded already
                court.apply(event)
        return events

    def refuse(
        self,
        subject: str,
        actor: Actor,
        reasons: Sequence[Reason],
        what: str,
        data: Mapping[str, Any],
        *,
        next_: str = "sopti",
    ) -> None:
        """Record a refusal and raise it; a mere slip of the command is raised without an event.

        ``next_`` is the next command when the subject is no request of the ledger, so that there is none to show.

        Raises:
            RefusedError: Always, with every reason.
        """
        known = self.court().requests.get(subject)
        if known:
            next_ = f"sopti request show {known.number}"
        error = RefusedError(what, on=known.number if known else subject, reasons=tuple(reasons), next=next_)
        if any(r.code not in USAGE for r in reasons):
            at = self.now()
            body = {**data, "reasons": [r.code for r in reasons], "clock": at.time.isoformat()}
            self.tell([Draft(self.new_id(at), "gate.refused", subject, actor, body)])
        else:
            error.exit_code = 2
        raise error

    def clock_reasons(self, court: Court, at: Instant) -> tuple[Reason, ...]:
        """Judge the clock against the ledger."""
        reason = clock_reason(court.last, at, court.policy.pause_days)
        return (reason,) if reason else ()

    def outside_reasons(self, court: Court) -> tuple[Reason, ...]:
        """Judge the ledger against what left this machine; a copy that was put back is not to be carried on at all."""
        if self.waits(court):
            return (restoration.waiting_reason(court.size),)
        return tuple(outside.reasons(self.store, court, self.sinks))

    def restoration_reasons(self, court: Court, content: Mapping[str, Any]) -> tuple[Reason, ...]:
        """Judge what two persons would agree on against what places outside show now."""
        return tuple(outside.not_the_newest(self.store, court, self.sinks, content))

    def waits(self, court: Court) -> bool:
        """Tell whether this is a copy that nobody agreed to go on with yet."""
        return court.restorations.waits(self.store.copied_at)

    def believed(self, court: Court, at: Instant) -> Instant:
        """Give the reading that an event written now bears, and by which an act is judged."""
        return believed(court.last, at, court.policy.pause_days)

    def checkpoint(self) -> tuple[str, tuple[str, ...]]:
        """Sign the log's end and hand it to every sink.

        Returns:
            The note, and a line for each sink that did not take it: the act it protects stands all the same.

        Raises:
            IntegrityError: This is an old copy, or another history than the one that left this machine.
        """
        head, court = self.store.head(), self.require_current()
        text = str(Checkpoint(court.origin, head.size, head.root))
        note = f"{text}\n{self.signer.sign(text)}"
        self.store.save_checkpoint(head.size, note)
        failed = []
        for sink in self.sinks:
            try:
                sink.publish(outside.kept_as(court), head.size, note)
            except ReportError as error:
                failed.append(str(error))
        return note, tuple(failed)

    def require_current(self) -> Court:
        """Give the court; IntegrityError when this is an old copy, or another history than what left this machine."""
        court = self.court()
        other = self.outside_reasons(court)
        if other:
            raise IntegrityError(
                N_("The ledger's end is not signed: what left this machine does not belong to this ledger"),
                on=court.origin,
                found=str(other[0]),
                next="docs/runbooks/restore-old-ledger.md",
            )
        return court

    def protect(self) -> None:
        """Sign the log's end after something was recorded.

        Raises:
            LedgerError: As ``checkpoint``; it says that what was recorded stands all the same.
        """
        try:
            self.checkpoint()
        except LedgerError as error:
            raise type(error)(
                N_("This is recorded and stands, but the ledger's end could not be signed"),
                on=error.on,
                expected=error.expected,
                found=error.what,
                next=error.next,
                **error.fields,
            ) from error

    def exposure(self, court: Court) -> tuple[int, int]:
        """Give (events, seconds) since the last checkpoint that left this machine: what is not yet protected."""
        newest = newest_sent(self.sinks, court)
        sent = newest.size if newest and not other_history(self.store, court, newest) else 0
        first = next(iter(self.store.events(sent)), None) if sent < court.size else None
        seconds = int((self.now().time - first.time).total_seconds()) if first else 0
        return court.size - sent, max(0, seconds)


UNPROVEN = frozenset({"key_unknown", "key_retired", "signature_bad"})
"""Reasons after which nobody is known to have signed."""


def who_tried(court: Court, act: Act, at: Instant, reasons: Sequence[Reason]) -> Actor:
    """Give under whom a refused act is recorded: whoever signed it, never a person whom it merely names."""
    if UNPROVEN & {reason.code for reason in reasons}:
        return SYSTEM
    return actor_of(court, act, at) if act.proof.by == act.person else Actor(act.proof.by, "", act.proof.key)


def actor_of(court: Court, act: Act, at: Instant) -> Actor:
    """Give how the ledger names who did an act: person, capacity at this moment, and what vouches for it."""
    held = court.capacity(act.person, act.office, at.time)
    credential = act.proof.key if act.proof.kind.value == "signature" else act.proof.kind.value
    return Actor(act.person, held.capacity if held else "", credential)
