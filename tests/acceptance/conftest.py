"""Worlds for the acceptance tests: one for a whole file wherever its tests don't disturb each other."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import _create_tables
from tests.flows.conftest import sqlite_world, world, world_with
from tests.flows.world import World, running_world
from tests.infra.postgres import Postgres

__all__ = ["sqlite_world", "world", "world_with"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def town(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    _sqlite_template: Path,
    postgres_server: Postgres,
) -> Iterator[World]:
    """One running Partimer for the whole file, once on each database; tests bring their own people."""
    folder = tmp_path_factory.mktemp("town")
    if request.param == "sqlite":
        shutil.copyfile(_sqlite_template, folder / "partimer.db")
        with running_world(f"sqlite:///{folder / 'partimer.db'}", folder) as running:
            yield running
        return
    name = postgres_server.create(postgres_server.template("with_tables", _create_tables))
    try:
        with running_world(postgres_server.url(name), folder) as running:
            yield running
    finally:
        postgres_server.drop(name)


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> Iterator[World]:
    """One running Partimer on SQLite for the whole file: for what no database changes."""
    folder = tmp_path_factory.mktemp("village")
    shutil.copyfile(_sqlite_template, folder / "partimer.db")
    with running_world(f"sqlite:///{folder / 'partimer.db'}", folder) as running:
        yield running
