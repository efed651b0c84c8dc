from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sopti_runner.domain.plan import ObjectState, Plan, PlanRecord, RecordClass, decode_plan, encode_plan, plan_digest

RECORD = PlanRecord(
    "web1", 0, "roles/a/tasks/main.yml:3", "A", "ansible.builtin.copy", "", "11", RecordClass.CHANGE,
    (ObjectState("file:/etc/motd", "22", "absent"),), "33", "44", diff="+x\n", detail="",
)  # fmt: skip
PLAN = Plan(
    "set-motd", {"a": "b"}, "55", {"x": [1]}, ("web1",), (), {"ansible-core": "2.19.14"}, {"web1": "SHA256:x"}, "66",
    (RECORD, replace(RECORD, ordinal=1, kind=RecordClass.SAME)),
)  # fmt: skip


def test_digest_vector() -> None:
    assert plan_digest(PLAN).hex() == "f306bb72e9d2d2fe9598b4e7568f47837485347430ccd195410b84a48cabee20"


def test_digest_order_of_records_does_not_matter() -> None:
    assert plan_digest(replace(PLAN, records=PLAN.records[::-1])) == plan_digest(PLAN)


@pytest.mark.parametrize(
    "change",
    [
        {"diff": "other"},
        {"detail": "other"},
        {"name": "other"},
        {"objects": (ObjectState("file:/etc/motd", "22", "x"),)},
    ],
)
def test_digest_what_is_only_shown_does_not_count(change: dict[str, Any]) -> None:
    assert plan_digest(replace(PLAN, records=(replace(RECORD, **change), PLAN.records[1]))) == plan_digest(PLAN)


@pytest.mark.parametrize(
    "change",
    [{"host": "x"}, {"ordinal": 7}, {"task": "x"}, {"module": "x"}, {"item": "x"}, {"args": "x"},
     {"kind": RecordClass.OPAQUE}, {"objects": ()}, {"before": "x"}, {"after": "x"}, {"reads": True}],
)  # fmt: skip
def test_digest_what_decides_the_effect_counts(change: dict[str, Any]) -> None:
    assert plan_digest(replace(PLAN, records=(replace(RECORD, **change), PLAN.records[1]))) != plan_digest(PLAN)


@pytest.mark.parametrize(
    "change",
    [{"playbook": "x"}, {"snapshot": {}}, {"inventory": "x"}, {"variables": {}}, {"hosts": ()}, {"tags": ("x",)},
     {"engine": {}}, {"host_keys": {}}, {"hmac_key_id": "x"}, {"records": ()}],
)  # fmt: skip
def test_digest_every_input_counts(change: dict[str, Any]) -> None:
    assert plan_digest(replace(PLAN, **change)) != plan_digest(PLAN)


def test_decode_gives_back_what_was_encoded() -> None:
    assert decode_plan(encode_plan(PLAN)) == PLAN


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"v":2}', encode_plan(PLAN)[:-20]])
def test_decode_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        decode_plan(content)
