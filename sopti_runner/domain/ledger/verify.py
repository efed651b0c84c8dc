"""The audit: exact bytes in, a verdict out; no file, no clock, one pass, little memory.

The rule this module keeps: every hash is taken over the bytes as they are; a body is read to see what it says, never
written again. Events, checkpoints and blobs are each judged by all the others and by what the auditor brought along,
and what this could not have found is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sopti_runner.domain.ledger.event import (
    ZERO_LEAF,
    Blob,
    Event,
    blob_digest,
    cosigned_by,
    erased_by,
    founders_of,
    leaf_hash,
    loss_proposed,
    parse,
)
from sopti_runner.domain.ledger.limits import Looked, gaps, limits
from sopti_runner.domain.ledger.merkle import EMPTY_ROOT, Frontier
from sopti_runner.domain.ledger.note import NoteError, VerifierKey, parse_vkey
from sopti_runner.domain.ledger.trust import Trust
from sopti_runner.domain.ledger.unique import UniqueIds
from sopti_runner.domain.ledger.verification import MAX_DEFECTS, AuditVerdict, Defect, Remark, Verification
from sopti_runner.domain.ledger.vouching import Told, check_notes
from sopti_runner.errors import N_, IntegrityError

SLACK = timedelta(
    seconds=60
)  # two writers read their clocks before they queue for the head: order may differ by a wait

OnEvent = Callable[[Event], Iterable[Defect]]
FindBlob = Callable[[bytes], "Blob | None"]


def audit(
    bodies: Iterable[bytes],
    *,
    notes: Iterable[tuple[int, str]] = (),
    trust: Trust | None = None,
    blobs: FindBlob | None = None,
    on_event: OnEvent | None = None,
) -> Verification:
    """Judge a whole log.

    Args:
        bodies: The exact bytes of every event, in order, from the first.
        notes: Checkpoints kept with the log: (size, signed note).
        trust: What the auditor brought along; without it nothing better than ``self_consistent`` can be said.
        blobs: Finds a blob by digest, None when it is gone; without it blobs are not looked at.
        on_event: Called with each readable event, in order, on the same pass; gives what it found wrong.
    """
    run = _Audit(trust, blobs, on_event, _Claims.of(notes, trust))
    for body in bodies:
        run.take(body)
    return run.finish()


@dataclass(slots=True)
class _Claims:
    """The checkpoints under audit, and the sizes at which a root is wanted."""

    notes: list[tuple[int, str]]
    sizes: frozenset[int]

    @classmethod
    def of(cls, notes: Iterable[tuple[int, str]], trust: Trust | None) -> _Claims:
        ordered = sorted(notes)
        known = {trust.known.size} if trust and trust.known else set()
        return cls(ordered, frozenset({size for size, _ in ordered} | known))


@dataclass(slots=True)
class _Findings:
    """Defects as they come; the first bad place is kept even when there are too many to list."""

    listed: list[Defect] = field(default_factory=list)
    count: int = 0
    first_bad: int | None = None

    def add(self, defect: Defect) -> None:
        self.count += 1
        if len(self.listed) < MAX_DEFECTS:
            self.listed.append(defect)
        if defect.seq is not None and (self.first_bad is None or defect.seq < self.first_bad):
            self.first_bad = defect.seq


class _Audit:
    """One pass over a log."""

    def __init__(self, trust: Trust | None, blobs: FindBlob | None, on_event: OnEvent | None, claims: _Claims) -> None:
        self.trust, self.blobs, self.on_event, self.claims = trust, blobs, on_event, claims
        self.findings, self.ids, self.tree = _Findings(), UniqueIds(), Frontier()
        self.origin = trust.origin if trust else ""
        self.log_keys: tuple[VerifierKey, ...] = trust.log_keys if trust else ()
        self.last_leaf = ZERO_LEAF
        self.latest: datetime | None = None
        self.steps_back: list[Defect] = []
        self.roots: dict[int, bytes] = {0: EMPTY_ROOT}
        self.missing: dict[bytes, Defect] = {}
        self.present: set[bytes] = set()
        self.erased: dict[bytes, int] = {}
        self.told: list[Told] = []
        self.founders: frozenset[str] = frozenset()
        self.would_lose: dict[str, int] = {}
        self.lost: dict[int, int] = {}

    def take(self, body: bytes) -> None:
        """Judge the next event."""
        seq = self.tree.size
        try:
            event = parse(body, seq=seq)
        except IntegrityError as error:
            self.findings.add(
                Defect("unreadable", N_("An event can't be read"), seq, found=str(error.fields.get("why", error)))
            )
            self._grow(leaf_hash(body))
            return
        self._check_place(event, seq)
        self._check_time(event)
        self.ids.add(event.id, seq)
        if event.blobs and self.blobs:
            self._check_blobs(event, self.blobs)
        if event.type == "blob.erased":
            self.erased.update(dict.fromkeys(erased_by(event), seq))
        if lost := loss_proposed(event):
            self.would_lose[event.id] = lost
        if event.type == "log.restored" and event.subject in self.would_lose:
            self.lost[seq] = self.would_lose[event.subject]
        if event.type == "witness.cosigned":
            self.told.append(Told(seq, *cosigned_by(event)))
        if self.on_event:
            for defect in self.on_event(event):
                self.findings.add(self._narrowed(defect, seq))
        self._grow(event.leaf)

    def _narrowed(self, defect: Defect, seq: int) -> Defect:
        """A signer saw another history: when the events themselves show a bad one in between, it is that one."""
        first = self.findings.first_bad
        between = first is not None and defect.seq is not None and defect.seq <= first < seq
        return replace(defect, seq=first) if defect.code == "head_differs" and between else defect

    def _grow(self, leaf: bytes) -> None:
        self.tree.add(leaf)
        self.last_leaf = leaf
        if self.tree.size in self.claims.sizes:
            self.roots[self.tree.size] = self.tree.root()

    def _check_place(self, event: Event, seq: int) -> None:
        if seq == 0:
            self._begin(event)
        if event.seq != seq:
            self._defect("seq_differs", N_("An event is missing, added or out of place"), seq, seq, event.seq)
        if event.prev != self.last_leaf:
            what = N_("An event, or the link to it in the next one, was changed")
            self._defect("prev_differs", what, max(0, seq - 1), self.last_leaf.hex(), event.prev.hex())
        if event.log != self.origin:
            self._defect("log_differs", N_("An event belongs to another log"), seq, self.origin, event.log)

    def _begin(self, event: Event) -> None:
        """Without trust the first event names the log and its key; that shows consistency, never authenticity."""
        self.origin = self.origin or event.log
        self.founders = founders_of(event)
        vkey = event.data.get("vkey")
        if not self.trust and isinstance(vkey, str):
            try:
                self.log_keys = (parse_vkey(vkey),)
            except NoteError as error:
                self._defect("vkey_malformed", N_("The first event names no usable log key"), 0, "", error)

    def _check_time(self, event: Event) -> None:
        if event.type == "clock.corrected":
            self.steps_back.clear()
            self.latest = event.time
        elif self.latest is None or event.time > self.latest:
            self.latest = event.time
        elif event.time < self.latest - SLACK:
            what = N_("The clock ran backwards, and no correction followed")
            at_least, found = self.latest.isoformat(), event.time.isoformat()
            if len(self.steps_back) < MAX_DEFECTS:
                self.steps_back.append(Defect("time_backwards", what, event.seq, None, at_least, found))

    def _check_blobs(self, event: Event, find: FindBlob) -> None:
        for ref in event.blobs:
            blob = find(ref.digest)
            if blob is None:
                what = N_("A text is gone, and no event says it was erased")
                self.missing[ref.digest] = Defect("blob_missing", what, event.seq, None, ref.digest.hex(), ref.name)
            elif (blob_digest(blob), len(blob.content)) != (ref.digest, ref.size):
                what = N_("A text beside the ledger was changed")
                self._defect("blob_differs", what, event.seq, ref.digest.hex(), blob_digest(blob).hex())
            else:
                self.present.add(ref.digest)

    def _defect(self, code: str, what: str, seq: int, expected: object, found: object) -> None:
        self.findings.add(Defect(code, what, seq, None, str(expected), str(found)))

    def finish(self) -> Verification:
        """Judge what needs the whole log: repeated ids, blobs, checkpoints, trust."""
        for seq, earlier in self.ids.repeated():
            self._defect("id_repeated", N_("An id stands twice"), seq, N_("an id of its own"), f"as in event {earlier}")
        for defect in [*self.steps_back, *(d for digest, d in self.missing.items() if digest not in self.erased)]:
            self.findings.add(defect)
        vouched = check_notes(
            self.claims.notes,
            origin=self.origin,
            roots=self.roots,
            size=self.tree.size,
            keys=self.log_keys,
            trust=self.trust,
            first_bad=self.findings.first_bad,
            told=self.told,
        )
        for defect in vouched.defects:
            self.findings.add(defect)
        looked = Looked(
            size=self.tree.size,
            trust=self.trust,
            vouched=vouched,
            key_known=bool(self.log_keys),
            blobs=self.blobs is not None,
            acts=self.on_event is not None,
            founders=self.founders,
            lost=self.lost,
            kept={digest: seq for digest, seq in self.erased.items() if digest in self.present},
        )
        open_ = tuple(gaps(looked))
        return Verification(
            size=self.tree.size,
            root=self.tree.root(),
            verdict=self._verdict(open_),
            first_bad=self.findings.first_bad,
            defects=tuple(self.findings.listed),
            defect_count=self.findings.count,
            gaps=open_,
            not_detectable=tuple(limits(looked)),
            checkpoints=vouched.holding,
            protected=vouched.protected,
        )

    def _verdict(self, gaps: tuple[Remark, ...]) -> AuditVerdict:
        if self.findings.count:
            return AuditVerdict.TAMPERED
        if not self.trust:
            return AuditVerdict.SELF_CONSISTENT
        return AuditVerdict.INCOMPLETE if gaps else AuditVerdict.VERIFIED
