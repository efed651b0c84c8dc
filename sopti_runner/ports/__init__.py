"""What the services need from the world, as Protocols; each appears with its first adapter.

Longer than other modules, so that the whole of it can be read in one place; more than half is documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sopti_runner.domain.change import ChangeModel
from sopti_runner.domain.ledger.event import Blob, Draft, Event
from sopti_runner.domain.ledger.witness import Verdict, WitnessState
from sopti_runner.domain.plan import ObjectState, Plan, RecordClass
from sopti_runner.domain.time_rules import Instant


class Clock(Protocol):
    """The machine's clocks; a service reads them once a use case."""

    def now(self) -> Instant:
        """Read wall clock, boot id and monotonic clock together."""
        ...


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log ends.

    Attributes:
        size: Number of events.
        leaf: Leaf of the last event, 32 bytes; zeros when empty.
        root: RFC 6962 root hash over all leaves, 32 bytes.
    """

    size: int
    leaf: bytes
    root: bytes


class LedgerStore(Protocol):
    """The append-only table of exact bytes of one log, its blobs, checkpoints and projections."""

    def create(self, log: str) -> None:
        """Make what a new log needs; IntegrityError when the log holds events already."""
        ...

    def head(self) -> Head:
        """Give the log's end; LedgerError when the file is missing, locked, or no ledger."""
        ...

    @property
    def log(self) -> str:
        """The log's origin."""
        ...

    def append(self, drafts: Sequence[Draft], at: Instant, *, expect_size: int | None = None) -> tuple[Event, ...]:
        """Append in one durable transaction, all or none, projections included.

        What only one event of a log may ever take (an approval) is named in the draft's data, as
        ``"claims": [["approval", id]]`` (``domain.ledger.event.claims_of``), and kept by a UNIQUE constraint:
        RefusedError naming the claim when it is taken already; nothing is appended then.

        Args:
            drafts: In order. A draft whose id is in the log already is not appended again; its event is given back.
            at: Clock reading stored in each event.
            expect_size: When given, OvertakenError unless the log has exactly this size (judged against what was read).
        """
        ...

    def events(self, start: int = 0, *, types: Sequence[str] = (), subject: str = "") -> Iterator[Event]:
        """Give parsed events in order, from ``start``.

        Args:
            start: First ``seq``.
            types: Keeps those types only; ``prefix.*`` stands for all types of a prefix.
            subject: Keeps one subject only.
        """
        ...

    def bodies(self, start: int = 0) -> Iterator[bytes]:
        """Give the exact stored bytes in order."""
        ...

    def leaves(self, start: int = 0) -> Iterator[bytes]:
        """Give the leaves in order, 32 bytes each: what ``merkle.Tree`` needs for proofs."""
        ...

    def touching(self, host: str, object_: str) -> Iterator[Event]:
        """Give the ``task.finished`` events that touched ``kind:key`` on a host, in order."""
        ...

    def blob(self, digest: bytes) -> Blob | None:
        """Give a blob by its digest, or None when it was erased or never stored."""
        ...

    def erase(self, digest: bytes) -> bool:
        """Erase salt and content; True when there was something to erase. The event that records it is the caller's."""
        ...

    def save_checkpoint(self, size: int, note: str) -> None:
        """Keep a signed note (with later cosignature lines, the note replaces the one of the same size and root)."""
        ...

    def checkpoints(self) -> Sequence[tuple[int, str]]:
        """Give all kept notes, by size."""
        ...

    @property
    def copied_at(self) -> int:
        """Size at which this ledger was copied for a backup; 0 for one that is no copy."""
        ...

    def differences(self) -> Sequence[str]:
        """Compare columns, head, claims and projections with the events; gives a line for each row that differs."""
        ...

    def rebuild(self) -> Sequence[str]:
        """Make the projections anew from the events and give a line for each row that differed."""
        ...


class LogSigner(Protocol):
    """The log's Ed25519 key."""

    @property
    def vkey(self) -> str:
        """The verifier key in C2SP signed-note form."""
        ...

    def sign(self, text: str) -> str:
        """Give the signature line over a note's text."""
        ...


class Cosigner(Protocol):
    """The Ed25519 key of a witness, on the witness's own machine."""

    @property
    def vkey(self) -> str:
        """The verifier key in C2SP signed-note form, type 4."""
        ...

    def cosign(self, text: str, time: datetime) -> str:
        """Give the cosignature line over a checkpoint's text at ``time`` (aware)."""
        ...


class WitnessMemory(Protocol):
    """What a witness remembers of each log."""

    def decide(self, origin: str, judge: Callable[[WitnessState], tuple[Verdict, WitnessState]]) -> Verdict:
        """Judge against what is remembered and store the outcome before giving the verdict; one caller at a time."""
        ...


class CheckpointSink(Protocol):
    """An off-box place that keeps checkpoints, under the log's name or one that ``services.outside`` gives."""

    def publish(self, origin: str, size: int, note: str) -> str:
        """Hand over one note; gives where it went; ReportError when it did not arrive."""
        ...

    def newest(self, origin: str) -> Iterator[str]:
        """Give the notes kept there of this log, the largest first, read one by one; none when it can't be read."""
        ...

    def notes(self, origin: str) -> Sequence[tuple[int, str]]:
        """Give every note kept there, by the size it is kept under, nothing checked.

        Raises:
            ReportError: The place can't be read now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """A snapshot that was copied and digested.

    Attributes:
        id: Name of the stored copy: SHA-256 (hex) of its sorted file list.
        files: Relative path → digest, as in ``Plan.snapshot``.
        inventory: SHA-256 (hex) of the evaluated inventory for the chosen hosts.
        hosts: Chosen hosts, sorted.
        host_keys: Host → SHA-256 fingerprint of its pinned key.
        engine: Versions, as in ``Plan.engine``.
    """

    id: str
    files: Mapping[str, str]
    inventory: str
    hosts: tuple[str, ...]
    host_keys: Mapping[str, str]
    engine: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What one task did on one host, as the worker recorded it.

    Attributes:
        kind: ``ok | changed | failed | skipped | unreachable``.
        predicted: What the plan said, or None when the plan has no such record.
        before: HMAC of the diff's before side, or empty.
        after: HMAC of the diff's after side, or empty.
        objects: What it touched, ``kind:key``, sorted.
        started_at: Aware UTC, by the worker's clock.
        ended_at: The same.
    """

    host: str
    ordinal: int
    task: str
    module: str
    item: str
    args: str
    kind: str
    predicted: RecordClass | None
    before: str
    after: str
    objects: tuple[str, ...]
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Veto:
    """A task that the gate stopped, or found to have done otherwise; the run ends with it on every host.

    Attributes:
        task: ``file:line`` in the sealed copy.
        reason: Stable code (``task_not_planned``, ``task_other_state`` …).
        object: ``kind:key``, or the file or host concerned; may be empty.
        expected: A class, a keyed digest or a name; empty for nothing.
        found: The same.
        at: When, aware UTC, by the worker's clock.
    """

    host: str
    task: str
    reason: str
    object: str
    expected: str
    found: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HostOutcome:
    """What a run left on one host.

    Attributes:
        outcome: ``changed | unchanged | failed | unreachable | not_started | unknown``.
        reason: For a person to read; kept as a blob.
        stopped: A person stopped the run before this host was done.
    """

    host: str
    outcome: str
    reason: str = ""
    stopped: bool = False


Progress = Callable[[str, str], None]
"""Called with (host, what) while long work goes on."""


class Content(Protocol):
    """Playbooks, roles and inventory of this court, and their sealed copies."""

    def change_model(self, playbook: str, sealed_id: str = "") -> ChangeModel:
        """Read the model beside the playbook, as it is now or as it stands in a sealed copy.

        Raises:
            ContentError: It is missing or malformed; names line and key.
            IntegrityError: In the sealed copy it is no longer what was sealed.
        """
        ...

    def playbooks(self) -> Sequence[str]:
        """Give the playbooks that have a change model, sorted."""
        ...

    def seal(self, playbook: str, *, limit: Sequence[str], variables: Mapping[str, Any]) -> Sealed:
        """Copy the closure, check it statically, digest the copy.

        Args:
            playbook: Name without folder and ending.
            limit: Names of hosts and groups; empty for all groups of the change model.
            variables: As given; checked against the change model.

        Raises:
            ContentError: Names the first file and rule broken; ``found`` has a line for each.
            VariableError: A variable is unknown or out of bounds.
        """
        ...

    def compare(
        self, sealed_id: str, playbook: str, *, limit: Sequence[str], variables: Mapping[str, Any]
    ) -> Sequence[str]:
        """Give each input whose present content differs from a sealed copy, by name; empty when all are the same."""
        ...

    def altered(self, sealed_id: str) -> Sequence[str]:
        """Give the files of a stored copy that no longer match its digests, sorted; empty when intact."""
        ...


class Engine(Protocol):
    """Ansible, through our launcher, always from a sealed copy."""

    def plan(
        self, sealed: Sealed, playbook: str, variables: Mapping[str, Any], tags: Sequence[str], progress: Progress
    ) -> Plan:
        """Run in check mode on the real hosts and give the plan; ExecutionError when the play could not run at all."""
        ...

    def drift(self, plan: Plan, sealed: Sealed) -> Sequence[tuple[str, str, str, str]]:
        """Compare each approved object on each host now: (host, object, expected, found) for each difference."""
        ...

    def observe(self, plan: Plan, sealed: Sealed, hosts: Sequence[str]) -> Mapping[str, Mapping[str, ObjectState]]:
        """Look at a plan's objects on some of its hosts now: host → object → state, ``before`` being what is seen."""
        ...

    def apply(
        self, plan: Plan, sealed: Sealed, run_id: str, on_task: Callable[[TaskOutcome | Veto], None], progress: Progress
    ) -> Sequence[HostOutcome]:
        """Run for real; ``on_task`` is called in order as the workers record outcomes and vetoes."""
        ...

    def recall(
        self, hosts: Sequence[str], run_id: str, on_task: Callable[[TaskOutcome | Veto], None]
    ) -> Sequence[HostOutcome]:
        """Tell what a run did whose runner died, from what its workers wrote down; every host gets an outcome."""
        ...

    def stop(self, run_id: str) -> None:
        """Ask a run that goes on to end: by SIGTERM first, by force after a grace; it tells each host's truth then."""
        ...

    @property
    def containment(self) -> str:
        """What ends all processes of a run with its runner on this machine, one of ``domain.run.CONTAINMENTS``."""
        ...


class StatementSigner(Protocol):
    """A person's own SSH key at this terminal: a file, an agent, or a hardware key."""

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` of the public key."""
        ...

    def sign(self, statement: bytes) -> str:
        """Give the armored SSHSIG (namespace ``act@sopti``); UsageError when the key can't sign."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """A statement that waits for its signature, with all that the event will need.

    Attributes:
        statement: The exact bytes to sign.
        blobs: The texts it binds by digest.
        display: The text shown before signing.
    """

    statement: bytes
    blobs: tuple[Blob, ...]
    display: str


class Outbox(Protocol):
    """Statements that left for another machine or for paper, until their signature comes back."""

    def put(self, waiting: Waiting) -> None:
        """Keep a statement under its SHA-256."""
        ...

    def get(self, digest: str) -> Waiting:
        """Give a kept statement by its SHA-256 (hex) or an unambiguous beginning of it; NotFoundError otherwise."""
        ...

    def drop(self, digest: str) -> None:
        """Forget a statement whose act is recorded; one that never waited here changes nothing."""
        ...
