"""The runbook for a ledger on PostgreSQL, its commands as they are printed: from two roles to a dump that verifies."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.desk import SOPTI, Desk
from tests.e2e.fences import ROOT, blocks
from tests.postgres import Cluster
from tests.postgres.cluster import programs
from tests.postgres.fixtures import skip_where_impossible

PAGE = ROOT / "docs/runbooks/postgresql-ledger.md"
MINE = "tests/e2e/test_postgresql_runbook.py"
SECRET = b"NAMA-RAHASIA-YANG-DIHAPUS"


@pytest.fixture(scope="module")
def server():
    """A server without anything but its administrator."""
    skip_where_impossible()
    with Cluster.up() as cluster:
        yield cluster


def shell(commands: str, folder: Path, environment: dict[str, str]) -> None:
    """Run a block, stopping at the first command that fails."""
    path = f"{programs()}:{SOPTI.parent}:/usr/bin:/bin:/usr/sbin"
    ended = subprocess.run(
        ["sh", "-euc", commands],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{commands}\n{ended.stdout}{ended.stderr}"


def address(server: Cluster, role: str, name: str = "sopti") -> str:
    return f"postgresql://{role}@/{name}?{server.address}"


def test_commands_lead_from_two_roles_to_a_dump_that_verifies(server: Cluster, tmp_path):
    administrator = {"PGHOST": str(server.folder), "PGPORT": str(server.port), "PGUSER": "admin"}
    desk = Desk(tmp_path)
    desk.extra = {
        "SOPTI_DATABASE_URL": address(server, "sopti"),
        "SOPTI_DATABASE_OWNER_URL": address(server, "sopti_owner"),
    }
    steps = {
        "administrator": lambda text: shell(text, tmp_path, administrator),
        "operator": lambda text: shell(text, tmp_path, desk.environment()),
        "copy": lambda text: shell(
            text, tmp_path, {**desk.environment(), "SOPTI_DATABASE_URL": address(server, "sopti", "sopti_check")}
        ),
    }
    roles, look, dump, judge, clear = blocks(PAGE, run_by=MINE)
    steps[roles.info["at"]](roles.commands)
    desk.found()
    del desk.extra["SOPTI_DATABASE_OWNER_URL"]
    desk.staff()
    desk.ask(SECRET.decode())
    for block in (look, dump, judge):
        steps[block.info["at"]](block.commands)
    events = server.run("SELECT count(*) FROM event", database="sopti")
    assert server.run("SELECT count(*) FROM event", database="sopti_check") == events == [(len(desk.events()),)]

    server.run("DROP DATABASE sopti_check")
    assert SECRET in files_of(server)
    server.run("DELETE FROM blob WHERE position(%s::bytea IN content) > 0", SECRET, database="sopti")
    steps[clear.info["at"]](clear.commands)
    assert SECRET not in files_of(server)


def files_of(server: Cluster) -> bytes:
    """Give every byte of the server's tables on the disk."""
    server.run("CHECKPOINT")
    return b"".join(path.read_bytes() for path in (server.data / "base").rglob("*") if path.is_file())
