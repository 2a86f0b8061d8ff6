"""The two databases as the campaign has them: on a small disk where that is possible, and to be broken."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from tests.infra.postgres import Cluster, answers, as_user, make_cluster
from tests.infra.run import READY_SECONDS, free_port

_DISK_MEGABYTES = {"sqlite": 192, "postgresql": 448}
_BALLAST = "ballast"
_SQLITE_FILE = "partimer.db"
_MEGABYTE = 1 << 20

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # A killed server loses what it did not hand to the operating system; only a power cut more.
    "fsync": "off",
    "synchronous_commit": "on",
    "max_wal_size": "96MB",
    "min_wal_size": "32MB",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "timezone": "UTC",
    "log_min_messages": "fatal",
}


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[str | None]:
    """Put a file system of that size on `folder`; give why that was not possible, or None."""
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        yield (made.stderr.strip() or "no file system could be mounted").splitlines()[0]
        return
    try:
        yield None
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


class CampaignDatabase:
    """One database, and what can be done to it."""

    kind: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._broken = 0
        """How many faults are at it right now."""
        self.breaks = 0
        """How often it was broken since the start."""
        self.no_small_disk: str | None = None

    @property
    def url(self) -> str:
        """Where the product finds it."""
        raise NotImplementedError

    @property
    def up(self) -> bool:
        """Whether it can be used, as far as the campaign itself has not broken it."""
        return self._broken == 0

    @contextmanager
    def breaking(self) -> Iterator[None]:
        """Note that it can't be used while the block runs."""
        self._broken += 1
        self.breaks += 1
        try:
            yield
        finally:
            self._broken -= 1

    async def fill_disk(self, seconds: float) -> None:
        """Leave no room for so long."""
        with self.breaking():
            try:
                await asyncio.to_thread(self._fill)
                await asyncio.sleep(seconds)
            finally:
                (self.folder / _BALLAST).unlink(missing_ok=True)
                await self.mend()

    def _fill(self) -> None:
        with (self.folder / _BALLAST).open("wb", buffering=0) as ballast:
            for size in (_MEGABYTE, 4_096):
                with contextlib.suppress(OSError):
                    while True:
                        ballast.write(b"\0" * size)

    async def mend(self) -> None:
        """Make it run again, whatever was done to it."""

    async def close(self) -> None:
        """End it."""


class SqliteFile(CampaignDatabase):
    """One file."""

    kind = "sqlite"

    @property
    def url(self) -> str:
        """Where the product finds it."""
        return f"sqlite:///{self.folder / _SQLITE_FILE}"

    def keep(self, folder: Path) -> None:
        """Copy it to where it can be looked at afterwards."""
        shutil.copy2(self.folder / _SQLITE_FILE, folder / _SQLITE_FILE)


class PostgresServer(CampaignDatabase):
    """A server of the campaign's own."""

    kind = "postgresql"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()
        self.name = f"campaign_{uuid4().hex[:8]}"
        self._cluster: Cluster = make_cluster(folder)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the product finds it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{self.name}"

    async def start(self) -> None:
        """Start it, and create the database."""
        await self.mend()
        with self._connect("postgres") as connection:
            connection.execute(f'CREATE DATABASE "{self.name}"'.encode())

    async def mend(self) -> None:
        """Start it unless it runs; return once it answers."""
        deadline = time.monotonic() + READY_SECONDS
        while not await asyncio.to_thread(answers, self.port):
            if self._process is None or self._process.poll() is not None:
                self._start()
            if time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL does not start again: see postgres.log")
            await asyncio.sleep(0.05)

    def _start(self) -> None:
        (self._cluster.data / "postmaster.pid").unlink(missing_ok=True)
        options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        cluster = self._cluster
        with (self.folder.parent / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(str(cluster.programs / "postgres"), "-D", str(cluster.data)),
                    *("-p", str(self.port), *options),
                ],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **as_user(cluster.user),
            )

    async def restart(self, *, crash: bool) -> None:
        """End it, by a crash or in order, and start it again at once."""
        with self.breaking():
            if crash:
                self._signal_all(signal.SIGKILL)
            elif self._process is not None:
                self._process.send_signal(signal.SIGINT)
            if self._process is not None:
                await asyncio.to_thread(self._process.wait)
            await self.mend()

    async def freeze(self, seconds: float) -> None:
        """Stop every process of it for so long: connections stay, and nothing answers."""
        with self.breaking():
            try:
                self._signal_all(signal.SIGSTOP)
                await asyncio.sleep(seconds)
            finally:
                self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: int) -> None:
        if self._process is None:
            return
        server = self._process.pid
        # Each of its processes has a session of its own. The first is the parent of all others and is
        # signalled first, so that it begins none after they are listed.
        with contextlib.suppress(ProcessLookupError):
            os.kill(server, number)
        children = Path(f"/proc/{server}/task/{server}/children")
        others = children.read_text().split() if children.exists() else []
        for pid in map(int, others):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    async def end_sessions(self) -> int:
        """End every session of the product; return how many."""

        def end() -> int:
            with self._connect("postgres") as connection:
                ended = connection.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = %s",
                    [self.name],
                ).fetchone()
            return ended[0] if ended else 0

        return await asyncio.to_thread(end)

    def _connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            f"postgresql://postgres@127.0.0.1:{self.port}/{database}",
            autocommit=True,
            connect_timeout=5,
        )

    async def close(self) -> None:
        """End it."""
        if self._process is not None and self._process.poll() is None:
            self._signal_all(signal.SIGCONT)
            self._process.send_signal(signal.SIGQUIT)
            await asyncio.to_thread(self._process.wait)


@contextmanager
def _disk(folder: Path, kind: str) -> Iterator[tuple[Path, str | None]]:
    disk = folder / "disk"
    disk.mkdir(mode=0o755)
    with small_disk(disk, _DISK_MEGABYTES[kind]) as why_not:
        yield disk, why_not


@contextlib.asynccontextmanager
async def open_database(kind: str, folder: Path) -> AsyncIterator[CampaignDatabase]:
    """Give the database of this kind, empty, on a disk of its own."""
    with _disk(folder, kind) as (disk, why_not):
        database: CampaignDatabase
        if kind == "sqlite":
            database = SqliteFile(disk)
        else:
            database = PostgresServer(disk)
            await database.start()
        database.no_small_disk = why_not
        try:
            yield database
        finally:
            await database.close()
