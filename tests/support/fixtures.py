"""The running applications and databases that tests ask for by name.

The application is imported by the first test that runs it: most tests of rules never do.
"""

import logging
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from tests.infra.postgres import Lender

if TYPE_CHECKING:
    from app.database.session import Database
    from tests.support.app_harness import World


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator["World"]:
    """A running Partimer on a fresh database: every test that asks for it runs on each database."""
    with _running(database_url, tmp_path) as running:
        yield running


@pytest.fixture
def sqlite_world(sqlite_database_url: str, tmp_path: Path) -> Iterator["World"]:
    """A running Partimer on SQLite only, for what no database changes (texts, headers, limits)."""
    with _running(sqlite_database_url, tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def shared_world(
    tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path
) -> Iterator["World"]:
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
) -> Iterator["World"]:
    """One Partimer on each database for a whole file; its time moves on from test to test."""
    folder = tmp_path_factory.mktemp("file")
    if request.param == "sqlite":
        with _on_sqlite(folder, _sqlite_template) as running:
            yield running
    else:
        with _lender.lend() as url, _running(url, folder) as running:
            yield running


@pytest.fixture(
    scope="module",
    params=[
        "stripe-sqlite",
        "stripe-postgresql",
        "razorpay-postgresql",
    ],
)
def world_of_provider(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    _sqlite_template: Path,
    _lender: Lender,
) -> Iterator["World"]:
    """As `world_of_file`, selling by each payment provider: for rules of ours that hold at all of them.

    Each on PostgreSQL, and each database with the first: providers differ in what they say and are told,
    databases in their SQL, and no statement depends on the provider.
    """
    folder = tmp_path_factory.mktemp("file")
    provider, _, database = request.param.partition("-")
    if database == "sqlite":
        with _on_sqlite(folder, _sqlite_template, payment_provider=provider) as running:
            yield running
    else:
        with _lender.lend() as url, _running(url, folder, payment_provider=provider) as running:
            yield running


def _running(database_url: str, folder: Path, **settings: Any) -> AbstractContextManager["World"]:
    from tests.support.app_harness import running_world

    return running_world(database_url, folder, **settings)


@contextmanager
def _on_sqlite(folder: Path, template: Path, **settings: Any) -> Iterator["World"]:
    file = folder / "partimer.db"
    shutil.copyfile(template, file)
    with _running(f"sqlite:///{file}", folder, **settings) as running:
        yield running


@pytest.fixture
def world_with(tmp_path: Path) -> Callable[..., AbstractContextManager["World"]]:
    """`with world_with(database_url, rate_limits="on") as world`: one with other settings."""
    return lambda url, **settings: _running(url, tmp_path, **settings)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator["Database"]:
    """The database as a running process opens it, with matching listening; once on each database."""
    from tests.support.database import database_of

    opened = database_of(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def quiet_log() -> None:
    """Log nothing, where much fails on purpose: to log it with all its variables takes longer than the work.

    A world configures the log when it starts: name it before.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
