"""A ledger in memory: real event bytes, real claims and real size checks, no disk."""

from sopti_runner.domain.ledger.encoding import place
from sopti_runner.domain.ledger.event import ZERO_LEAF, blob_digest, claims_of, leased_by, leases_after, objects_of
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.errors import IntegrityError, LedgerError, RefusedError
from sopti_runner.ports import Head


class MemoryLedger:
    """Keeps what ``LedgerStore`` promises for one log; ``full`` and ``wrong`` make it a full or an altered one."""

    def __init__(self, other=None):
        self.log = other.log if other else ""
        self.kept = list(other.kept) if other else []
        self.ids = dict(other.ids) if other else {}
        self.blobs = dict(other.blobs) if other else {}
        self.claims = set(other.claims) if other else set()
        self.notes = dict(other.notes) if other else {}
        self.leases = dict(other.leases) if other else {}
        self.frontier = Frontier.load(other.frontier.dump()) if other else Frontier()
        self.copied_at = other.copied_at if other else 0
        self.full = False
        self.wrong = ""  # what an audit of it finds

    def create(self, log):
        if self.log:
            raise IntegrityError("the log exists already", on=log)
        self.log = log

    def head(self):
        leaf = self.kept[-1].leaf if self.kept else ZERO_LEAF
        return Head(len(self.kept), leaf, self.frontier.root())

    def bodies(self):
        return (event.body for event in self.kept)

    def differences(self):
        return []

    def append(self, drafts, at, *, expect_size=None):
        if self.full:
            raise LedgerError("the disk is full")
        if expect_size is not None and expect_size != len(self.kept):
            raise RefusedError("the ledger grew", on=self.log)
        events, fresh, claims = [], [], set()
        for draft in drafts:
            if draft.id in self.ids:
                events.append(self.ids[draft.id])
                continue
            if any(host in self.leases for host in leased_by(draft)):
                raise RefusedError("taken by another run", on=str(leased_by(draft)))
            taken = set(claims_of(draft.data))
            if taken & (self.claims | claims):
                raise RefusedError("taken already", on=str(taken))
            seq, prev = len(self.kept) + len(fresh), (fresh or self.kept or [None])[-1]
            event = place(
                draft,
                log=self.log,
                seq=seq,
                prev=prev.leaf if prev else ZERO_LEAF,
                time=at.time,
                boot=at.boot,
                mono=at.mono,
            )
            claims |= taken
            fresh.append(event)
            events.append(event)
        for event in fresh:
            self.kept.append(event)
            self.ids[event.id] = event
            self.frontier.add(event.leaf)
            self.leases = leases_after(self.leases, event)
        self.claims |= claims
        self.blobs.update({blob_digest(b): b for d in drafts for b in d.blobs})
        return tuple(events)

    def events(self, start=0, *, types=(), subject=""):
        for event in self.kept[start:]:
            fits = not types or any(event.type == t or (t[-1] == "*" and event.type.startswith(t[:-1])) for t in types)
            if fits and subject in ("", event.subject):
                yield event

    def blob(self, digest):
        return self.blobs.get(digest)

    def leaves(self, start=0):
        return (event.leaf for event in self.kept[start:])

    def touching(self, host, object_):
        return (event for event in self.kept if (host, object_) in objects_of(event))

    def erase(self, digest):
        return self.blobs.pop(digest, None) is not None

    def save_checkpoint(self, size, note):
        self.notes[size] = note

    def checkpoints(self):
        return sorted(self.notes.items())
