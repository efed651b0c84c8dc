"""One throw-away server: a cluster in a folder of its own, dead at the latest when the process that started it is."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.postgres.database import LedgerDatabase

_DEBIAN = Path("/usr/lib/postgresql")
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()
_SHARED = "ledgers"
_PASSWORD = "sandi-contoh"
_HBA = "local all all trust\nlocal replication all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
_SETTINGS = "max_connections=60\nlog_min_messages=fatal\nshared_buffers=32MB\n"


def programs() -> Path | None:
    """Give the folder of the newest server's programs, None where there is no server."""
    found = sorted(_DEBIAN.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def missing() -> list[str]:
    """Give what is missing for a server here, each with the way to get it; empty when it works."""
    lacking = [] if programs() else ["PostgreSQL's server: apt-get install postgresql"]
    if shutil.which("setpriv") is None:
        lacking.append("setpriv: apt-get install util-linux")
    return lacking


class Cluster:
    """A server's data and, while it runs, its process.

    Args:
        folder: Its own, owned by the user that it runs as.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.process = folder, folder / "data", None
        self.port = _free_port()
        self._numbers = itertools.count(1)

    @classmethod
    @contextmanager
    def up(cls, place: str = _MEMORY) -> Iterator[Cluster]:
        """Make a cluster, start it, and leave nothing of it behind.

        Args:
            place: Folder to make it in: in memory, so that tests wait for no disk, unless they measure one.
        """
        folder = Path(tempfile.mkdtemp(prefix="sopti-postgres-", dir=place))
        cluster = cls(folder)
        try:
            cluster._make()
            cluster.start()
            cluster.run(f"CREATE DATABASE {_SHARED}")
            yield cluster
        finally:
            cluster.stop("immediate")
            shutil.rmtree(folder)

    @property
    def address(self) -> str:
        """The query of every address here: the socket's folder and the port."""
        return f"host={self.folder}&port={self.port}"

    def database(self) -> LedgerDatabase:
        """Give a fresh, empty schema with two roles of its own: to them it is a database, and it is made at once."""
        name, owner, writer = self._roles()
        self.run(f"CREATE SCHEMA {name} AUTHORIZATION {owner}", database=_SHARED)
        for role in (owner, writer):
            self.run(f"ALTER ROLE {role} SET search_path = {name}")
        return LedgerDatabase(self, _SHARED, name, owner, writer, _PASSWORD)

    def own_database(self) -> LedgerDatabase:
        """Give a database as an administrator makes it: with nothing but its owner."""
        name, owner, writer = self._roles()
        self.run(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE template0")
        return LedgerDatabase(self, name, "public", owner, writer, _PASSWORD)

    def run(self, sql: str, *values: object, database: str = "postgres", role: str = "admin", schema: str = "") -> list:
        """Run a statement as the administrator, or another role, and give its rows."""
        where = {"host": str(self.folder), "port": self.port, "dbname": database, "user": role}
        options = f"-c search_path={schema}" if schema else None
        with psycopg.connect(**where, autocommit=True, options=options) as connection:
            cursor = connection.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    def wait(self) -> None:
        """Wait until the server answers again after a recovery of its own."""
        deadline = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < deadline, f"the server does not answer: {self.log()}"
            time.sleep(0.02)

    @contextmanager
    def standby(self) -> Iterator[Cluster]:
        """Give a running copy that follows this server and takes no writes."""
        copy = Cluster(Path(tempfile.mkdtemp(prefix="sopti-postgres-", dir=self.folder.parent)))
        try:
            if os.geteuid() == 0:
                os.chown(copy.folder, *_account())
            source = f"host={self.folder} port={self.port} user=admin application_name=standby"
            copy._as_user("pg_basebackup", "-d", source, "-D", str(copy.data), "-R", "-X", "stream", "-c", "fast")
            copy._configure()
            copy.start()
            yield copy
        finally:
            copy.stop("immediate")
            shutil.rmtree(copy.folder)

    def follow(self, standby: Cluster) -> None:
        """Acknowledge nothing from now on before a standby has it, too; returns when it is in step."""
        self.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.reload()
        deadline = time.monotonic() + 60
        while self.run("SELECT sync_state FROM pg_stat_replication") != [("sync",)]:
            assert time.monotonic() < deadline, f"the standby does not follow: {standby.log()}"
            time.sleep(0.02)

    def unfollow(self) -> None:
        """Acknowledge alone again."""
        self.run("ALTER SYSTEM RESET synchronous_standby_names")
        self.reload()

    def promote(self) -> None:
        """Let a standby take writes."""
        self.run("SELECT pg_promote(true, 60)")

    def moved(self, url: str, server: Cluster) -> str:
        """Give an address of another server's as one of this."""
        return url.replace(server.address, self.address)

    def reload(self) -> None:
        """Have the server read its settings again; every connection made after this has them."""
        before = self.run("SELECT pg_conf_load_time()")
        self.run("SELECT pg_reload_conf()")
        deadline = time.monotonic() + 60
        while self.run("SELECT pg_conf_load_time()") == before:
            assert time.monotonic() < deadline, "the server does not read its settings"

    def _roles(self) -> tuple[str, str, str]:
        number = next(self._numbers)
        owner, writer = f"owner_{number}", f"sopti_{number}"
        self.run("".join(f"CREATE ROLE {role} LOGIN PASSWORD '{_PASSWORD}';" for role in (owner, writer)))
        return f"ledger_{number}", owner, writer

    def start(self) -> None:
        """Start the server and wait until it answers; one that was killed leaves children that end first."""
        deadline = time.monotonic() + 60
        while True:
            self.process = self._as_user("postgres", "-D", str(self.data), start=True)
            while self.process.poll() is None:
                if self._answers():
                    return
                assert time.monotonic() < deadline, f"the server does not answer: {self.log()}"
                time.sleep(0.02)
            assert time.monotonic() < deadline, f"the server does not start: {self.log()}"
            time.sleep(0.1)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: ``fast`` ends connections, ``immediate`` is a crash that its children hear of."""
        if self.process and self.process.poll() is None:
            self.process.send_signal({"fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode])
            self.process.wait(60)

    def kill(self) -> None:
        """Kill the server's first process, as a machine that runs out of memory does."""
        self.process.kill()
        self.process.wait(60)

    def log(self) -> str:
        """Give the end of what the server said."""
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def _make(self) -> None:
        if os.geteuid() == 0:
            os.chown(self.folder, *_account())
        self._as_user("initdb", "-D", str(self.data), "-U", "admin", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(_SETTINGS)
        (self.data / "pg_hba.conf").write_text(_HBA)
        self._configure()

    def _configure(self) -> None:
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(f"port={self.port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories='{self.folder}'\n")

    def _answers(self) -> bool:
        try:
            self.run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _as_user(self, program: str, *arguments: str, start: bool = False) -> subprocess.Popen[bytes]:
        """Run a program of the server, not as root (it refuses), and never longer than this process lives."""
        words = ["setpriv", "--pdeathsig=QUIT"]
        if os.geteuid() == 0:
            user, group = _account()
            words += [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*words, str(programs() / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            )
        if not start:
            assert process.wait(120) == 0, self.log()
        return process


def _account() -> tuple[int, int]:
    """Give user and group of an account that owns no other database of this machine."""
    account = pwd.getpwnam("nobody")
    return account.pw_uid, account.pw_gid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
