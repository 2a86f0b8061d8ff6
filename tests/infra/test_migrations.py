"""Migrations and models say the same."""

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from app.database.engines import sync_engine_for
from app.database.schema import load_models, newest_revision
from tests.infra.run import ROOT


def test_migrating_an_empty_database_gives_what_the_models_describe(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    config = Config(ROOT / "alembic.ini")
    command.upgrade(config, "head")
    engine = sync_engine_for(empty_database_url)
    with engine.connect() as connection:
        assert set(load_models().tables) <= set(inspect(connection).get_table_names())
    engine.dispose()
    command.check(config)  # raises, listing every difference


def test_there_is_one_way_forward() -> None:
    """Two heads mean that two changes were made side by side and nobody has decided their order."""
    heads = ScriptDirectory.from_config(Config(ROOT / "alembic.ini")).get_heads()
    assert heads == [newest_revision()]
