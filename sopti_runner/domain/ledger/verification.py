"""What an audit found: values only, for a person or a program to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

MAX_DEFECTS = 200


class AuditVerdict(StrEnum):
    """What may be said of a log after an audit.

    - ``verified``: it is what the auditor's own keys and last checkpoint say it is.
    - ``self_consistent``: nothing contradicts itself, but nobody outside vouches for it.
    - ``incomplete``: nothing is wrong, but something that trust asks for is not there.
    - ``tampered``: something is not what it was.
    """

    VERIFIED = "verified"
    SELF_CONSISTENT = "self_consistent"
    INCOMPLETE = "incomplete"
    TAMPERED = "tampered"


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is not what it should be.

    Attributes:
        code: Stable word for programs (``prev_differs``).
        what: Message id, without placeholders.
        seq: The first event that can't be believed because of it, or None.
        size: The checkpoint concerned, by tree size, or None.
        expected: What should have been there; plain data.
        found: What was there; plain data.
    """

    code: str
    what: str
    seq: int | None = None
    size: int | None = None
    expected: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to tell the reader: a message id and the values of its placeholders."""

    text: str
    fields: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """Give the English text with its values filled in."""
        return self.text.format(**self.fields)


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of an audit.

    Attributes:
        size: Number of events read.
        root: RFC 6962 root hash over them, 32 bytes.
        verdict: What may be said.
        first_bad: First event that can't be believed, or None.
        defects: What is wrong, at most ``MAX_DEFECTS``, in the order found.
        defect_count: How many there were.
        gaps: What trust asks for and is not there.
        not_detectable: What this run could not have found, in words.
        checkpoints: Number of checkpoints that hold.
        protected: Events before this place can't have changed since somebody outside saw them.
    """

    size: int
    root: bytes
    verdict: AuditVerdict
    first_bad: int | None
    defects: tuple[Defect, ...]
    defect_count: int
    gaps: tuple[Remark, ...]
    not_detectable: tuple[Remark, ...]
    checkpoints: int
    protected: int

    def plus(self, defects: Iterable[Defect]) -> Verification:
        """Give the same with what another check found afterwards."""
        more = tuple(defects)
        if not more:
            return self
        places = [d.seq for d in more if d.seq is not None] + ([] if self.first_bad is None else [self.first_bad])
        return replace(
            self,
            verdict=AuditVerdict.TAMPERED,
            first_bad=min(places, default=None),
            defects=(self.defects + more)[:MAX_DEFECTS],
            defect_count=self.defect_count + len(more),
        )
