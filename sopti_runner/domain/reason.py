"""Reasons: why something may not happen, each with a code for machines and words for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a refusal.

    Attributes:
        code: Stable word for ledgers and programs (``approval_expired``).
        text: Message id with ``{field}`` placeholders.
        fields: Values of the placeholders; ids, dates and names of inputs, never free text of a person.
        who: Office ids that may act instead or next; empty when nobody can lift this reason.
    """

    code: str
    text: str
    fields: Mapping[str, object] = field(default_factory=dict)
    who: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Give the English text with its values filled in."""
        return self.text.format(**self.fields)
