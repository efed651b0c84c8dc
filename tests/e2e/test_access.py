"""Certificates instead of a standing key: each login on a host names the request it served."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import doors, notes
from tests.e2e.desk import Desk
from tests.lab import Lab
from tests.lab.fixtures import skip_where_impossible

pytestmark = pytest.mark.lab

CERTIFIED = re.compile(r"ID (sopti .*) \(serial (\d+)\) CA ED25519 (SHA256:\S+)$")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    skip_where_impossible()
    with Lab.up(2) as running:
        yield running


@pytest.fixture(scope="module")
def half(staffed: Desk, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A court with an authority and two hosts, of which the first takes certificates alone."""
    desk = staffed.copy(tmp_path_factory.mktemp("half"))
    desk.content = notes.write(desk.folder / "content")
    doors.inventory(desk, lab)
    desk.do("access", "init")
    doors.convert(desk, lab.hosts[0])
    return desk


def test_hosts_are_tried_from_outside_and_the_weaker_one_is_named(half: Desk, lab: Lab) -> None:
    first, second = (host.name for host in lab.hosts)
    found = half.value("access", "check")
    assert found == {first: {"certificate": True, "plain": False}, second: {"certificate": False, "plain": True}}
    assert half.value("access", "show")["weaker"] == [second]
    assert second in half.do("access", "show").out.splitlines()[-1]


def test_every_login_of_a_request_names_it_and_the_errand(half: Desk, lab: Lab) -> None:
    host = lab.hosts[0]
    since = doors.cursor(host)
    notes.let_go(lab)
    number = half.prioritised("Tulis catatan")
    half.do("plan", number, notes.PLAYBOOK)
    half.approved(number)
    half.do("apply", number)
    half.do("trace", f"{host.name}:{notes.FIRST}", "--look")
    run = half.events("run.started")[-1].id
    found = [CERTIFIED.search(line) for line in doors.logins(host, since)]
    assert len(found) >= 5
    assert all(found), doors.logins(host, since)
    known = doors.issued(half)
    for each in found:
        certificate = known[int(each[2])].certificate
        assert (certificate.key_id, certificate.host) == (each[1], host.name)
        assert each[1].startswith(f"sopti {number} ")
    assert f"sopti {number} run {run} host {host.name}" in {each[1] for each in found}
    assert not list((half.state / "errands").iterdir())
    assert half.do("ledger", "verify").code == 0


def test_standing_key_is_never_shown_to_a_converted_host(half: Desk, lab: Lab, tmp_path: Path) -> None:
    """The host would take it again, and still sopti comes by certificate."""
    host = lab.hosts[0]
    host.ssh("cat >> /root/.ssh/authorized_keys", stdin=Path(f"{doors.runner_key(half)}.pub").read_text())
    since = doors.cursor(host)
    half.do("plan", half.prioritised("Lagi"), notes.PLAYBOOK)
    host.ssh("sed -i '/ runner$/d' /root/.ssh/authorized_keys")
    assert doors.logins(host, since)
    assert all(CERTIFIED.search(line) for line in doors.logins(host, since))


def test_authority_that_the_ledger_does_not_name_signs_nothing(half: Desk, tmp_path: Path) -> None:
    desk = half.copy(tmp_path / "other")
    for name in ("ssh-ca.key", "ssh-ca.key.pub"):
        (desk.state / name).unlink()
    before = desk.counts()["access.certified"]
    desk.do("access", "check", "--json", code=12)
    assert desk.counts()["access.certified"] == before
    desk.process("access", "init", code=2)
