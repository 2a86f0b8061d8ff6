"""What every test may ask for: clean databases, a cache, a live server, a browser.

Real servers, started on first use and shared by the run (`tests/infra`); nothing to install.
"""

import gc
import itertools
import os
import shutil
import ssl
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
import structlog
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

from app.core import gc_tuning
from tests.infra import each_database, sweeps
from tests.infra.compiled import share
from tests.infra.disk import write_without_waiting
from tests.infra.live import serve_app, serve_process
from tests.infra.passwords import hash_quickly
from tests.infra.postgres import Lender, Postgres, postgres
from tests.infra.stripe_retries import retry_at_once
from tests.infra.valkey import valkey_url_of_worker
from tests.support.fixtures import (
    database,
    quiet_log,
    shared_world,
    sqlite_world,
    world,
    world_of_file,
    world_of_provider,
    world_with,
)

__all__ = [
    "database",
    "quiet_log",
    "shared_world",
    "sqlite_world",
    "world",
    "world_of_file",
    "world_of_provider",
    "world_with",
]

# A busy machine is slow without anything being wrong. In CI the examples are the same every time:
# a change is judged by its own failures; at home every run tries new ones.
settings.register_profile("home", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("home"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "home")

# Every client loads the certificate authorities again: 10 ms, four times for each running world,
# of which none speaks TLS.
ssl.create_default_context = cache(ssl.create_default_context)  # type: ignore[assignment]


# Thousands of tests are loaded first, and stay: see `pytest_collection_finish`.
gc_tuning.disable()
share()
hash_quickly()
retry_at_once()
write_without_waiting()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run see each behaviour once."""
    parser.addoption(
        "--once",
        action="store_true",
        help="run what is about neither database on one of the two (tests/infra/each_database.py),"
        " and a share of each sweep (tests/infra/sweeps.py)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let sweeps take a share, where that is asked for."""
    if config.getoption("--once"):
        sweeps.take_a_share()
        usual = settings.get_current_profile_name()
        few = sweeps.examples(settings().max_examples)
        settings.register_profile("once", parent=settings.get_profile(usual), max_examples=few)
        settings.load_profile("once")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the other database shows as well, where that is asked for."""
    if config.getoption("--once"):
        run, left_out = each_database.split(items)
        config.hook.pytest_deselected(items=left_out)
        items[:] = run


def pytest_collection_finish() -> None:
    """Look for garbage in what the tests make, not in the tests."""
    gc_tuning.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Set aside now and then what tests left for good: the map, vocabularies, compiled statements.

    After the first file, and each time as many more as there were. To walk over it at each full collection takes
    a twentieth of a run.
    """
    done = yield
    if nextitem is None or nextitem.path != item.path:
        files = next(_files)
        if files & (files - 1) == 0:
            gc.collect()
            gc_tuning.freeze()
    return done


_files = itertools.count(1)


def pytest_sessionfinish() -> None:
    """Look for what nobody closed once; pytest itself does so five times, over all that was loaded."""
    gc.collect()
    gc_tuning.freeze()


@pytest.fixture(scope="session")
def postgres_server() -> Postgres:
    """The run's PostgreSQL."""
    return postgres()


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """URL of an empty PostgreSQL database of this test's own."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def valkey_url() -> str:
    """URL of an empty Valkey database that no other worker uses."""
    url = valkey_url_of_worker()
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a database of this test's own with every table, empty: once on each database."""
    url: str = request.getfixturevalue(f"{request.param}_database_url")
    return url


@pytest.fixture
def sqlite_database_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """URL of a SQLite database of this test's own with every table, empty."""
    file = tmp_path / "partimer.db"
    shutil.copyfile(_sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgresql_database_url(_lender: Lender) -> Iterator[str]:
    """URL of a PostgreSQL database of this test's own with every table, empty."""
    with _lender.lend() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database without a table: a file that does not exist yet, an empty PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Postgres) -> str:
    """Name of a PostgreSQL database with every table, empty: to be copied."""
    return postgres_server.template("with_tables", _create_tables)


@pytest.fixture(scope="session")
def _lender(postgres_server: Postgres, postgres_template: str) -> Iterator[Lender]:
    lender = Lender(postgres_server, postgres_template)
    yield lender
    lender.close()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    _create_tables(f"sqlite:///{file}")
    return file


def _create_tables(url: str) -> None:
    from app.database.engines import sync_engine_for
    from app.database.schema import load_models, upgrade_schema

    engine = sync_engine_for(url)
    with engine.begin() as connection:
        load_models().create_all(connection)
        upgrade_schema(connection, migrate=False)  # notes the version: no start has to look again
    engine.dispose()  # closing the last connection folds SQLite's write-ahead log into the file


@pytest.fixture
def live_app() -> Callable[[Any], AbstractContextManager[str]]:
    """`with live_app(app) as base_url`: an ASGI application on a real port, in this process."""
    return serve_app


@pytest.fixture
def live_server(tmp_path: Path) -> Callable[..., AbstractContextManager[str]]:
    """`with live_server({"DATABASE_URL": …}, workers=2) as base_url`: the product, by uvicorn."""
    folder = tmp_path / "server"
    folder.mkdir()
    return partial(serve_process, folder, forked=True)


@dataclass(frozen=True)
class Ran:
    """What a command returned, and what it printed."""

    code: int
    out: str
    err: str


type Command = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _log_of_one_test() -> Iterator[None]:
    """Put the log back where it went: to what a test captured it can't be written any more."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """`command("serve", PORT="8000")`: what `python -m app serve` returns and says, in this process.

    Of our settings it sees those it is given and no others, in the test's folder. For what is refused:
    a server that starts after all is a failure.
    """
    from app.__main__ import main
    from app.core.settings import Settings

    def run(*arguments: str, **env: str) -> Ran:
        for name in Settings.model_fields:
            monkeypatch.setenv(name.upper(), "")  # so that what `main` sets is taken back, too
            monkeypatch.delenv(name.upper())
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("uvicorn.run", lambda *_, **__: pytest.fail("it started"))
        return Ran(main(arguments), *capsys.readouterr())

    return run


@pytest.fixture
def browser() -> Iterator["Browser"]:
    """Chromium without a window; the test is skipped, saying so, where there is none.

    Playwright's event loop runs as long as it is open, and no other may: hence one for each test,
    and plain (not async) tests only.
    """
    from tests.infra.browser import open_browser

    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def browser_of_file() -> Iterator["Browser"]:
    """One Chromium for a whole file, in which no test may be async; each opens pages of its own."""
    from tests.infra.browser import open_browser

    with open_browser() as opened:
        yield opened
