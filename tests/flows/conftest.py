"""The running world that every flow is played in."""

import logging
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest
import structlog

from app.database.session import Database
from tests.infra.postgres import Lender
from tests.support.app_harness import World, running_world
from tests.support.database import database_of


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
def shared_world(
    tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path
) -> Iterator[World]:
    """One Partimer on SQLite for a whole file: for tests that bring their own people and leave the
    clock alone. Starting a world takes longer than most such tests.
    """
    with _on_sqlite(tmp_path_factory.mktemp("shared"), _sqlite_template) as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world_of_file(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    _sqlite_template: Path,
    _lender: Lender,
) -> Iterator[World]:
    """One Partimer on each database for a whole file; its time moves on from test to test."""
    folder = tmp_path_factory.mktemp("file")
    if request.param == "sqlite":
        with _on_sqlite(folder, _sqlite_template) as running:
            yield running
    else:
        with _lender.lend() as url, running_world(url, folder) as running:
            yield running


@contextmanager
def _on_sqlite(folder: Path, template: Path) -> Iterator[World]:
    file = folder / "partimer.db"
    shutil.copyfile(template, file)
    with running_world(f"sqlite:///{file}", folder) as running:
        yield running


@pytest.fixture
def world_with(tmp_path: Path) -> Callable[..., AbstractContextManager[World]]:
    """`with world_with(database_url, rate_limits="on") as world`: one with other settings."""
    return partial(running_world, folder=tmp_path)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The database as a running process opens it, with matching listening; once on each database."""
    opened = database_of(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def quiet_log() -> None:
    """Log nothing, where much fails on purpose: to log it with all its variables takes longer than the work.

    A world configures the log when it starts: name it before.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
