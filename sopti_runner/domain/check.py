"""One finding about the installation itself, as a value that a doctor lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: Message id of what was looked at.
        verdict: ``ok | warning | fault``.
        found: Message id of what was found, with placeholders.
        next: Command or act that mends it, or empty.
        fields: Values of the placeholders.
    """

    name: str
    verdict: str
    found: str
    next: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
