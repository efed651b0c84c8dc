"""Change models: what a playbook is for, what it may be given, and what it could break.

A change model stands beside its playbook (``<playbook>.change.yml``) and is part of the sealed snapshot.
A playbook without one can't be planned; a variable that it does not name is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ChangeType(StrEnum):
    """ITIL 4's kinds of change, and the SOP's request that changes nothing technical."""

    STANDARD = "standard"
    NORMAL = "normal"
    EMERGENCY = "emergency"
    NONE = "none"


class Risk(StrEnum):
    """How much a failed change of this kind would hurt the court's service."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Wording:
    """The same text for its two readers: plain Indonesian first, English second."""

    id: str
    en: str


@dataclass(frozen=True, slots=True)
class Variable:
    """One accepted variable.

    Attributes:
        type: ``str | int | bool | cidr | port | list[str] | list[int] | list[cidr] | list[port] | list[dict] |
            secret``.
        minimum: Smallest integer, or fewest elements of a list.
        maximum: Largest integer, or most elements of a list.
        choices: The only values, when not empty.
        pattern: Regular expression that a string must match whole, or empty.
        fields: For ``list[dict]``: the accepted keys of each element, each a variable again.
    """

    name: str
    type: str
    about: Wording
    required: bool = False
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[Any, ...] = ()
    pattern: str = ""
    fields: tuple[Variable, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeModel:
    """What may be done with one playbook.

    Attributes:
        playbook: Name without folder and ending.
        unpredictable: What check mode can't predict, in words, each a blind spot that the plan prints.
        groups: Inventory groups it may be run on.
    """

    playbook: str
    purpose: Wording
    effect: Wording
    worst_case: Wording
    backout: Wording
    change_types: tuple[ChangeType, ...]
    risk: Risk
    groups: tuple[str, ...]
    variables: Mapping[str, Variable]
    unpredictable: tuple[Wording, ...] = ()
