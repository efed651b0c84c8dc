from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sopti_runner.adapters.ansible.change_models import read_change_model
from sopti_runner.domain.change import ChangeModel, ChangeType, Risk
from sopti_runner.domain.variables import check_variables
from sopti_runner.errors import ContentError, VariableError
from tests.unit.ansible.sample import MODEL

TEXT = "{id: a, en: b}"
VARIABLES = f"""\
variables:
  name: {{type: str, about: {TEXT}, required: true, pattern: '[a-z]+'}}
  level: {{type: str, about: {TEXT}, choices: [low, high]}}
  count: {{type: int, about: {TEXT}, minimum: 1, maximum: 5}}
  active: {{type: bool, about: {TEXT}}}
  network: {{type: cidr, about: {TEXT}}}
  ports: {{type: 'list[port]', about: {TEXT}, minimum: 1, maximum: 3}}
  allow:
    type: list[dict]
    about: {TEXT}
    fields:
      port: {{type: port, about: {TEXT}, required: true}}
      sources: {{type: 'list[cidr]', about: {TEXT}}}
"""


def read(tmp_path: Path, text: str | bytes) -> ChangeModel:
    path = tmp_path / "set-motd.change.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_change_model(path, "set-motd", "playbooks/set-motd.change.yml")


@pytest.fixture
def model(tmp_path: Path) -> ChangeModel:
    return read(tmp_path, MODEL[: MODEL.index("variables:")] + VARIABLES)


def test_read_complete_model_gives_values(tmp_path: Path) -> None:
    model = read(tmp_path, MODEL)
    assert model.risk is Risk.LOW
    assert model.change_types == (ChangeType.STANDARD, ChangeType.NORMAL)[::-1]
    assert model.purpose.id == "Menulis pesan masuk."
    assert model.variables["motd_lines"].maximum == 5


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (MODEL.replace("risk:", "risks:"), 6, "did you mean risk"),
        (MODEL.replace("risk: low\n", ""), 1, "lacks the key risk"),
        (MODEL.replace("risk: low", "risk: tiny"), 6, "value it can't take"),
        (MODEL.replace(", en: None.", ""), 2, "both languages"),
        (MODEL.replace("en: None.", "en: ' '"), 2, "both languages"),
        (MODEL.replace("type: int", "type: float"), 14, "value it can't take"),
        (MODEL.replace("minimum: 1", "minimum: one"), 15, "value it can't take"),
        (MODEL.replace("required: true", "required: 'yes'"), 12, "value it can't take"),
        (MODEL.replace("minimum: 1", "pattern: '['"), 15, "value it can't take"),
        (MODEL.replace("type: int", "type: list[dict]"), 14, "must name its fields"),
        (MODEL.replace("[servers]", "[]"), 7, "list of names"),
        (MODEL.replace("motd_lines", "on"), 13, "can't be a variable's name"),
        (MODEL.replace("motd_lines", "ansible_remote_tmp"), 13, "can't be a variable's name"),
        (MODEL + "risk: high\n", 18, "same key twice"),
        (MODEL + "a: [\n", 19, "well-formed"),
        (MODEL.encode() + b"\xff", 18, "not UTF-8"),
        ("- a\n", 1, "wrong shape"),
        ("", 1, "wrong shape"),
    ],
)  # fmt: skip
def test_read_malformed_model_names_line(tmp_path: Path, text: str | bytes, line: int, says: str) -> None:
    with pytest.raises(ContentError, match=says) as caught:
        read(tmp_path, text)
    assert caught.value.on == f"playbooks/set-motd.change.yml:{line}"


def test_read_missing_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="no change model"):
        read_change_model(tmp_path / "x.change.yml", "x", "playbooks/x.change.yml")


def test_check_good_variables_gives_them_sorted(model: ChangeModel) -> None:
    given = {
        "active": False,
        "name": "abc",
        "network": "2001:db8::/32",
        "allow": [{"port": 443, "sources": ["10.0.0.1"]}],
    }
    assert list(check_variables(model, given).items()) == sorted(given.items())


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "abc", "nmae": "x"}, "nmae", "did you mean name"),
    ({"name": "abc", "zzz": 1}, "zzz", "not one of this playbook's"),
    ({}, "name", "missing"),
    ({"name": 5}, "name", "can't take"),
    ({"name": "ABC"}, "name", "can't take"),
    ({"name": "abc", "level": "mid"}, "level", "can't take"),
    ({"name": "abc", "count": 6}, "count", "can't take"),
    ({"name": "abc", "count": True}, "count", "can't take"),
    ({"name": "abc", "count": 1.0}, "count", "can't take"),
    ({"name": "abc", "active": "yes"}, "active", "can't take"),
    ({"name": "abc", "network": "not-an-ip"}, "network", "can't take"),
    ({"name": "abc", "network": "10.0.0.5/24"}, "network", "can't take"),
    ({"name": "abc", "network": 10}, "network", "can't take"),
    ({"name": "abc", "ports": []}, "ports", "can't take"),
    ({"name": "abc", "ports": [1, 2, 3, 4]}, "ports", "can't take"),
    ({"name": "abc", "ports": [22, 70000]}, "ports[1]", "can't take"),
    ({"name": "abc", "ports": "22"}, "ports", "can't take"),
    ({"name": "abc", "allow": ["x"]}, "allow[0]", "can't take"),
    ({"name": "abc", "allow": [{"port": 1}, {"prot": 1}]}, "allow[1].prot", "did you mean port"),
    ({"name": "abc", "allow": [{}]}, "allow[0].port", "missing"),
    ({"name": "abc", "allow": [{"port": 1, "sources": ["x"]}]}, "allow[0].sources[0]", "can't take"),
    ({"name": "{{ lookup('pipe', 'id') }}"}, "name", "template marks"),
]


@pytest.mark.parametrize(("given", "on", "says"), BAD)
def test_check_bad_variable_names_it(model: ChangeModel, given: dict[str, Any], on: str, says: str) -> None:
    with pytest.raises(VariableError, match=says) as caught:
        check_variables(model, given)
    assert caught.value.on == on
    assert caught.value.expected
    assert caught.value.found
