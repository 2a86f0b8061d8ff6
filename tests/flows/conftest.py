"""The running world that every flow is played in."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from tests.flows.world import World, running_world
from tests.infra.postgres import Postgres


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A running Partimer on a fresh database: every test that asks for it runs on each database."""
    with running_world(database_url, tmp_path) as running:
        yield running


@pytest.fixture
def sqlite_world(sqlite_database_url: str, tmp_path: Path) -> Iterator[World]:
    """A running Partimer on SQLite only, for what no database changes (texts, headers, limits)."""
    with running_world(sqlite_database_url, tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One Partimer on SQLite for a whole file: for tests that bring their own people and leave the
    clock alone. Starting a world takes longer than most such tests.
    """
    folder = tmp_path_factory.mktemp("shared")
    with running_world(f"sqlite:///{folder}/partimer.db", folder) as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world_of_file(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: Postgres,
) -> Iterator[World]:
    """One Partimer on each database for a whole file; its time moves on from test to test."""
    folder = tmp_path_factory.mktemp("file")
    if request.param == "sqlite":
        with running_world(f"sqlite:///{folder}/partimer.db", folder) as running:
            yield running
        return
    name = postgres_server.create()
    with running_world(postgres_server.url(name), folder) as running:
        yield running
    postgres_server.drop(name)


@pytest.fixture
def world_with(tmp_path: Path) -> Callable[..., AbstractContextManager[World]]:
    """`with world_with(database_url, rate_limits="on") as world`: one with other settings."""
    return partial(running_world, folder=tmp_path)
