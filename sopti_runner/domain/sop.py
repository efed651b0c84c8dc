"""The SOP as data: 29 activities, the offices of a kind of court, and who carries out which step.

The rule this module keeps:

- Steps, days and offices are data of the court, never code; the preset a court chose travels inside its genesis event.
- Every executor that nobody at the court has confirmed says so, and stays visible until someone does.

Source: SOP Pelayanan Teknologi Informasi, letters A to D; SOP-AP knows execution and decision only.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sopti_runner.domain.change import Wording
from sopti_runner.errors import N_, ContentError, NotFoundError, UsageError

MONTHLY = 0
"""``Activity.day`` of the steps the SOP dates "30 setiap bulan"."""


class StepKind(StrEnum):
    """The SOP's two kinds of step."""

    EXECUTION = "execution"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Activity:
    """One row of the SOP.

    Attributes:
        id: Letter and number, ``B8``.
        day: Ordinal day of the flow from 1, or ``MONTHLY``.
        day_confirmed: False where the scan of the SOP could not be read.
        input: What the step needs (persyaratan).
        output: The SOP's own label.
        own_output: What the step really makes, where the label misleads; else None.
        notes: What a reader of the SOP should know of this row; else None.
    """

    id: str
    kind: StepKind
    day: int
    day_confirmed: bool
    title: Wording
    input: Wording
    output: Wording
    own_output: Wording | None = None
    notes: Wording | None = None

    @property
    def made(self) -> Wording:
        """What the step makes: our label where the SOP's misleads."""
        return self.own_output or self.output


@dataclass(frozen=True, slots=True)
class Role:
    """An office that carries out steps: its id in acts and appointments, and its title."""

    id: str
    title: Wording


@dataclass(frozen=True, slots=True)
class Executor:
    """Who carries out a step.

    Attributes:
        role: Office id.
        alternatives: Other offices a court might have here.
        confirmed: Whether the court said that this is what its SOP shows.
    """

    role: str
    alternatives: tuple[str, ...] = ()
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Preset:
    """The offices of a kind of court and its executors, step id → executor."""

    id: str
    title: Wording
    roles: tuple[Role, ...]
    executors: Mapping[str, Executor]


@dataclass(frozen=True, slots=True)
class Sop:
    """A court's SOP: activities in the SOP's order, and the preset in force."""

    activities: tuple[Activity, ...]
    preset: Preset

    def __post_init__(self) -> None:
        steps, roles = {a.id for a in self.activities}, {r.id for r in self.preset.roles}
        if len(steps) != len(self.activities) or steps != set(self.preset.executors):
            wrong = sorted(steps ^ set(self.preset.executors))
            raise ContentError(
                N_("The preset does not name each SOP step once."), on=self.preset.id, found=", ".join(wrong)
            )
        for step, executor in self.preset.executors.items():
            if unknown := sorted({executor.role, *executor.alternatives} - roles):
                raise ContentError(
                    N_("A step names an office that the preset does not have."), on=step, found=", ".join(unknown)
                )

    def activity(self, step: str) -> Activity:
        """Give a step by its id; NotFoundError when the SOP has none."""
        for activity in self.activities:
            if activity.id == step:
                return activity
        raise NotFoundError(N_("The SOP has no such step."), on=step, next="sopti office sop")

    def executor(self, step: str) -> Executor:
        """Give who carries out a step; NotFoundError when the SOP has none."""
        return self.preset.executors[self.activity(step).id]

    def role(self, office: str) -> Role:
        """Give an office by its id; NotFoundError when this court has none."""
        for role in self.preset.roles:
            if role.id == office:
                return role
        raise NotFoundError(
            N_("This court has no such office."), on=office, expected=", ".join(r.id for r in self.preset.roles)
        )

    @property
    def unconfirmed(self) -> tuple[str, ...]:
        """Steps whose executor nobody has confirmed, in the SOP's order."""
        return tuple(a.id for a in self.activities if not self.preset.executors[a.id].confirmed)

    def confirm(self, step: str, office: str) -> Sop:
        """Give the SOP with a step's executor confirmed as ``office``; UsageError for no office of this court."""
        activity = self.activity(step)
        if office not in {r.id for r in self.preset.roles}:
            raise UsageError(
                N_("This court has no such office."), on=office, expected=", ".join(r.id for r in self.preset.roles)
            )
        before = self.preset.executors[activity.id]
        others = tuple(r for r in (before.role, *before.alternatives) if r != office)
        executors = {**self.preset.executors, activity.id: Executor(office, others, confirmed=True)}
        return replace(self, preset=replace(self.preset, executors=executors))

    def to_data(self) -> dict[str, Any]:
        """Give the JSON value that the genesis event carries."""
        return {
            "activities": [_activity_data(a) for a in self.activities],
            "preset": {
                "id": self.preset.id,
                "title": _words_data(self.preset.title),
                "roles": {r.id: _words_data(r.title) for r in self.preset.roles},
                "executors": {
                    step: {"role": e.role, "alternatives": list(e.alternatives), "confirmed": e.confirmed}
                    for step, e in self.preset.executors.items()
                },
            },
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Sop:
        """Read an event's or a file's value; ContentError names what is missing, unknown or out of bounds."""
        value = _fields("sop", data, {"activities", "preset"})
        if not isinstance(value["activities"], list):
            raise ContentError(N_("The SOP's data can't be read."), on="activities", expected="list")
        return cls(tuple(_activity(a) for a in value["activities"]), _preset(value["preset"]))


def _activity_data(activity: Activity) -> dict[str, Any]:
    words = {"title": activity.title, "input": activity.input, "output": activity.output}
    extra = {"own_output": activity.own_output, "notes": activity.notes}
    return {
        "id": activity.id,
        "kind": activity.kind.value,
        "day": activity.day or "monthly",
        "day_confirmed": activity.day_confirmed,
        **{name: _words_data(text) for name, text in {**words, **extra}.items() if text},
    }


def _activity(data: Any) -> Activity:
    needed, extra = {"id", "kind", "day", "title", "input", "output"}, {"day_confirmed", "own_output", "notes"}
    value = _fields(str(data.get("id", "?")) if isinstance(data, Mapping) else "?", data, needed, extra)
    step, day = str(value["id"]), value["day"]
    if value["kind"] not in set(StepKind) or not (day == "monthly" or (type(day) is int and 1 <= day <= 5)):
        raise ContentError(
            N_("The SOP's data can't be read."), on=step, expected="kind execution|decision; day 1-5|monthly"
        )
    return Activity(
        id=step,
        kind=StepKind(value["kind"]),
        day=MONTHLY if day == "monthly" else day,
        day_confirmed=value.get("day_confirmed", True) is True,
        title=_words(step, value["title"]),
        input=_words(step, value["input"]),
        output=_words(step, value["output"]),
        own_output=_words(step, value["own_output"]) if "own_output" in value else None,
        notes=_words(step, value["notes"]) if "notes" in value else None,
    )


def _preset(data: Any) -> Preset:
    value = _fields("preset", data, {"id", "title", "roles", "executors"})
    executors = {}
    for step, raw in _mapping("executors", value["executors"]).items():
        entry = _fields(step, raw, {"role", "alternatives", "confirmed"})
        others = tuple(str(r) for r in entry["alternatives"])
        executors[step] = Executor(str(entry["role"]), others, entry["confirmed"] is True)
    roles = tuple(Role(role, _words(role, title)) for role, title in _mapping("roles", value["roles"]).items())
    return Preset(str(value["id"]), _words("preset", value["title"]), roles, executors)


def _words_data(words: Wording) -> dict[str, str]:
    return {"id": words.id, "en": words.en}


def _words(on: str, data: Any) -> Wording:
    value = _fields(on, data, {"id", "en"})
    if not all(isinstance(text, str) and text for text in value.values()):
        raise ContentError(N_("The SOP's data can't be read."), on=on, expected="id, en")
    return Wording(value["id"], value["en"])


def _mapping(on: str, data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
        raise ContentError(N_("The SOP's data can't be read."), on=on, found=type(data).__name__)
    return data


def _fields(on: str, data: Any, needed: Set[str], extra: Set[str] = frozenset()) -> Mapping[str, Any]:
    value = _mapping(on, data)
    if wrong := sorted((needed - set(value)) | (set(value) - needed - extra)):
        raise ContentError(
            N_("A key is missing or unknown."), on=on, expected=", ".join(sorted(needed)), found=", ".join(wrong)
        )
    return value
