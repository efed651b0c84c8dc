"""Roles, playbooks and change models agree: what one says about a variable the others say too."""

import re

import pytest
import yaml

from sopti_runner.adapters.ansible.change_models import read_change_model
from tests.architecture.repository import ROOT

ROLES = sorted(path.parent.parent for path in ROOT.glob("roles/*/tasks/main.yml"))
PLAYBOOKS = sorted(ROOT.glob("playbooks/*.yml"))
MODELS = [path for path in PLAYBOOKS if path.name.endswith(".change.yml")]
PLAYS = [path for path in PLAYBOOKS if path not in MODELS]
# change model's type -> argument_specs' type and type of elements
TYPES = {
    "str": ("str", None),
    "int": ("int", None),
    "bool": ("bool", None),
    "cidr": ("str", None),
    "port": ("int", None),
    "secret": ("str", None),
    "list[str]": ("list", "str"),
    "list[int]": ("list", "int"),
    "list[cidr]": ("list", "str"),
    "list[port]": ("list", "int"),
    "list[dict]": ("list", "dict"),
}


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None


def options(role):
    """Give the role's main options: name -> what argument_specs says."""
    return load(role / "meta/argument_specs.yml")["argument_specs"]["main"].get("options") or {}


def name(path):
    return path.name


@pytest.mark.parametrize("role", ROLES, ids=name)
def test_role_defaults_are_those_described(role):
    described = {key: option["default"] for key, option in options(role).items() if "default" in option}
    assert described == (load(role / "defaults/main.yml") or {})


@pytest.mark.parametrize("role", ROLES, ids=name)
def test_role_optional_variables_have_a_default(role):
    assert [key for key, option in options(role).items() if ("default" in option) == bool(option.get("required"))] == []


@pytest.mark.parametrize("role", ROLES, ids=name)
def test_role_variables_carry_its_name_and_are_described(role):
    for key, option in options(role).items():
        assert key.startswith(f"{role.name}_")
        assert len(option.get("description") or "") >= 10


@pytest.mark.parametrize("role", ROLES, ids=name)
def test_role_uses_no_variable_that_nobody_describes(role):
    files = [path for path in role.rglob("*") if path.suffix in (".yml", ".j2") and "molecule" not in path.parts]
    text = re.sub(r"(?m)^\s*tags:.*$", "", "\n".join(path.read_text(encoding="utf-8") for path in files))
    used = set(re.findall(rf"(?<![\w.]){role.name}_\w+", text))
    entries = load(role / "meta/argument_specs.yml")["argument_specs"]
    known = {key for entry in entries.values() for key in entry.get("options") or {}}
    assert used - known == set()


@pytest.mark.parametrize("play", PLAYS, ids=name)
def test_playbook_has_a_change_model(play):
    assert play.with_suffix(".change.yml") in MODELS


def agree(spec, variable):
    """Tell in which points an option of a role and a variable of a change model differ."""
    kind, elements = TYPES[variable.type]
    said = {
        "type": (spec.get("type", "str"), kind),
        "elements": (spec.get("elements"), elements),
        "required": (bool(spec.get("required")), variable.required),
        "choices": (tuple(spec.get("choices") or ()), tuple(variable.choices)),
        "fields": (set(spec.get("options") or {}), {field.name for field in variable.fields}),
    }
    differing = {key: pair for key, pair in said.items() if pair[0] != pair[1]}
    for field in variable.fields:
        inner = agree((spec.get("options") or {}).get(field.name, {}), field)
        if inner:
            differing[field.name] = inner
    return differing


@pytest.mark.parametrize("path", MODELS, ids=name)
def test_change_model_says_of_variables_what_the_roles_say(path):
    playbook = path.name.removesuffix(".change.yml")
    model = read_change_model(path, playbook, path.name)
    roles = [
        role["role"] if isinstance(role, dict) else role
        for play in load(path.with_name(f"{playbook}.yml"))
        for role in play.get("roles", [])
    ]
    if not roles:
        text = path.with_name(f"{playbook}.yml").read_text()
        assert [n for n, v in model.variables.items() if v.required and n not in text] == []
        return
    described = {key: option for role in roles for key, option in options(ROOT / "roles" / role).items()}
    assert set(model.variables) == set(described)
    assert {key: wrong for key, variable in model.variables.items() if (wrong := agree(described[key], variable))} == {}


def used(name):
    """Give a role and the roles that it imports."""
    tasks = [task for file in (ROOT / "roles" / name / "tasks").glob("*.yml") for task in load(file) or []]
    imported = {task["ansible.builtin.import_role"]["name"] for task in tasks if "ansible.builtin.import_role" in task}
    return {name}.union(*map(used, imported))


def test_each_role_is_tried_on_hosts_by_its_playbooks_row_of_predictions():
    # tests/integration/test_predictions.py plans and applies every playbook on two hosts, one of them reached by sudo:
    # what a Molecule scenario would prepare, check and converge. What a role then does to a host, and that a second run
    # does nothing, is for tests/integration to say, on hosts that are up already: no role needs a scenario of its own.
    played = {role["role"] for path in PLAYS for play in load(path) for role in play.get("roles", [])}
    assert set().union(*map(used, played)) == {role.name for role in ROLES}


def test_there_are_roles_and_models_to_look_at():
    assert ROLES
    assert MODELS
