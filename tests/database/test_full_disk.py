"""A database that takes nothing: readiness says so, and nothing is said to be done that isn't."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from app.core.crypto import Keyring
from app.database import writable
from app.database.session import Database
from app.database.writable import NotWritable, WriteProbe
from tests.acceptance.shapes import problem
from tests.conftest import _create_tables
from tests.infra.disk import fill, small_disk
from tests.infra.postgres import open_folder, own_postgres
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.sign_in import employer_body

type WorldWith = Callable[..., AbstractContextManager[World]]

REGISTER = "/api/auth/register/employer"


@contextmanager
def on_small_disk(kind: str) -> Iterator[tuple[str, Path]]:
    """Give the URL of a database with every table on a disk of its own, and that disk."""
    folder = open_folder("disk")
    if kind == "sqlite":
        with small_disk(folder, 24) as disk:
            url = f"sqlite:///{disk / 'partimer.db'}"
            _create_tables(url)
            yield url, disk
        return
    with small_disk(folder, 200) as disk, own_postgres(disk) as server:
        url = server.url(server.create())
        _create_tables(url)
        yield url, disk


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_full_disk_ends_readiness_and_room_on_it_brings_it_back(
    kind: str, world_with: WorldWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writable, "PROBE_EVERY_SECONDS", 0.0)
    with on_small_disk(kind) as (url, disk), world_with(url) as world:
        ok(world.http.get("/health/ready"))
        ok(world.http.post(REGISTER, json=employer_body()), 201)
        filler = fill(disk)
        told = world.http.get("/health/ready")
        problem(told, 503, "database_not_writable")
        assert told.headers["Retry-After"]
        ok(world.http.get("/health"))  # it is alive, and reads
        filler.unlink()
        ok(world.http.get("/health/ready"))
        ok(world.http.post(REGISTER, json=employer_body(email="second@example.com")), 201)


def test_what_is_written_to_a_full_disk_is_refused_as_what_it_is(world_with: WorldWith) -> None:
    """Each answer is either the promise kept, or 503 and nothing there."""
    kept = 0
    with on_small_disk("sqlite") as (url, disk), world_with(url) as world:
        fill(disk)
        refused = []
        for number in range(300):
            email = f"owner{number}@example.com"
            answer = world.http.post(REGISTER, json=employer_body(email=email))
            if answer.status_code == 201:
                kept += 1
                continue
            told = problem(answer, 503)
            assert answer.headers["Retry-After"]
            assert "Nothing was changed." in told["detail"]
            refused.append(email)
            if len(refused) == 3:
                break
        assert refused, "the disk was never full"
        (disk / "filler").unlink()
        for email in refused:
            ok(world.http.post(REGISTER, json=employer_body(email=email)), 201)


async def test_a_server_that_only_lets_read_is_not_ready(postgresql_database_url: str) -> None:
    name = urlsplit(postgresql_database_url).path[1:]
    with psycopg.connect(postgresql_database_url, autocommit=True) as connection:
        connection.execute(
            f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode()
        )
        database = Database(postgresql_database_url, Keyring("a secret of the tests, long enough"))
        try:
            with pytest.raises(NotWritable):
                await WriteProbe(database).check()
        finally:
            await database.close()
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f'ALTER DATABASE "{name}" RESET ALL'.encode())


async def test_who_asks_often_is_told_what_was_found_a_moment_ago(sqlite_database_url: str) -> None:
    database = Database(sqlite_database_url, Keyring("a secret of the tests, long enough"))
    looked = 0
    probe = WriteProbe(database)
    original = probe._probe

    async def counted() -> Exception | None:
        nonlocal looked
        looked += 1
        return await original()

    probe._probe = counted  # type: ignore[method-assign]
    try:
        for _ in range(5):
            await probe.check()
    finally:
        await database.close()
    assert looked == 1
