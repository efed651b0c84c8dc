"""Planted secrets on a real host: none is in anything that sopti keeps, shows or sends; and which would be."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

import pytest

from tests.e2e import secret_kinds as kinds
from tests.e2e.desk import ROOT, Desk
from tests.e2e.secret_kinds import HIDDEN, LITERAL, PLAYBOOK, variable

PAGE = ROOT / "docs" / "secrets.md"
LOOSE = "PlantedKj8hQ2mZ"


def kept(desk: Desk) -> Iterator[tuple[str, bytes]]:
    """Give everything that the court keeps or sent off, but for the folder of secrets itself."""
    for path in sorted(desk.folder.rglob("*")):
        if path.is_file() and desk.state / "secrets" not in path.parents and not path.is_relative_to(desk.content):
            yield str(path.relative_to(desk.folder)), path.read_bytes()
    bundle = desk.folder / "bukti.zip"
    if bundle.exists():
        with zipfile.ZipFile(bundle) as opened:
            yield from ((f"bundle {name}", opened.read(name)) for name in opened.namelist())


@pytest.mark.parametrize("case", LITERAL)
def test_secret_written_into_content_is_refused_and_not_repeated(desk: Desk, case: str) -> None:
    desk.content = kinds.write(desk.folder / "content", ())
    desk.inventory = desk.content / "inventory"
    file, text = LITERAL[case]
    path = desk.content / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("SECRET", LOOSE))
    (desk.content / "inventory").mkdir(exist_ok=True)
    (desk.content / "inventory/hosts.yml").write_text("all: {children: {servers: {hosts: {srv01: {}}}}}\n")
    said = desk.do("plan", desk.prioritised("Simpan sandi"), PLAYBOOK, "--json", code=2)
    assert "secret" in said.error["found"] or "vault" in said.error["found"]
    assert LOOSE not in said.out + said.err
    assert not [where for where, held in kept(desk) if LOOSE.encode() in held]


def test_secret_given_as_a_value_is_refused_and_not_repeated(desk: Desk) -> None:
    desk.content = kinds.write(desk.folder / "content", HIDDEN[:1])
    desk.inventory.write_text("all: {children: {servers: {hosts: {srv01: {}}}}}\n")
    number = desk.prioritised("Simpan sandi")
    said = desk.do("plan", number, PLAYBOOK, "--var", f"{variable(HIDDEN[0])}={LOOSE}", code=2)
    assert LOOSE not in said.out + said.err
    model = desk.content / f"playbooks/{PLAYBOOK}.change.yml"
    model.write_text(model.read_text().replace("type: secret", "type: str"))
    said = desk.do("plan", number, PLAYBOOK, "--var", f"{variable(HIDDEN[0])}={LOOSE}", code=2)
    assert "names a secret" in said.err
    assert LOOSE not in said.out + said.err
    assert not [where for where, held in kept(desk) if LOOSE.encode() in held]
