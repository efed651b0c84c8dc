"""Reads the shipped SOP data: activities and presets, YAML, strictly.

A key that stands twice in a mapping is refused, because YAML would silently keep the last one.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

from sopti_runner.domain.sop import Sop
from sopti_runner.errors import N_, ContentError, NotFoundError

PRESETS = ("banding", "tingkat_pertama")
_FOLDER = resources.files("sopti_runner") / "data" / "sop"


def load(preset: str) -> Sop:
    """Give the SOP with one of the shipped presets; NotFoundError for another name."""
    if preset not in PRESETS:
        raise NotFoundError(N_("There is no such preset."), on=preset, expected=", ".join(PRESETS), next="sopti init")
    activities = read((_FOLDER / "activities.yml").read_text("utf-8"), "activities.yml")
    chosen = read((_FOLDER / f"{preset}.yml").read_text("utf-8"), f"{preset}.yml")
    return Sop.from_data({"activities": activities, "preset": chosen})


def read(text: str, name: str) -> Any:
    """Parse one YAML document without duplicate keys; ContentError names file and line."""
    try:
        return yaml.load(text, Loader=_Strict)  # noqa: S506  _Strict is a SafeLoader
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ContentError(
            N_("The SOP's data can't be read."), on=f"{name}{line}", found=str(getattr(fault, "problem", fault))
        ) from fault


class _Strict(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                raise yaml.constructor.ConstructorError(
                    problem=f"duplicate key {key!r}", problem_mark=node.value[place][0].start_mark
                )
        return super().construct_mapping(node, deep)
