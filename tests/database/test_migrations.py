"""The migrations make what the models say, on both databases, up and down."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from app.core.crypto import Keyring
from app.database import schema
from app.database.engines import sync_engine_for
from app.database.schema import MIGRATIONS, load_models, upgrade_schema
from app.database.session import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A transaction on `url`, committed at the end."""
    engine = sync_engine_for(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def alembic(connection: Connection) -> Config:
    """The migrations, on this connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def tables(connection: Connection) -> set[str]:
    """Our tables that are there now."""
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_migrations_make_exactly_the_models(empty_url: str) -> None:
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), "head")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, load_models()) == []


def test_going_down_leaves_nothing_and_going_up_again_works(empty_url: str) -> None:
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), "head")
        everything = tables(connection)
        assert everything == set(load_models().tables)
    with connected(empty_url) as connection:
        command.downgrade(alembic(connection), "base")
        assert tables(connection) == set()
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), "head")
        assert tables(connection) == everything


def test_a_schema_made_by_create_all_counts_as_up_to_date(empty_url: str) -> None:
    engine = sync_engine_for(empty_url)
    load_models().create_all(engine)
    engine.dispose()
    with connected(empty_url) as connection:
        upgrade_schema(connection, migrate=False)
        assert MigrationContext.configure(connection).get_current_revision() is not None


async def test_of_several_who_start_at_once_one_makes_the_tables_while_the_others_wait(
    empty_url: str,
) -> None:
    everybody = [Database(empty_url, Keyring("a secret of nobody's")) for _ in range(3)]
    await asyncio.gather(*(schema.prepare(database, migrate=True) for database in everybody))
    for database in everybody:
        await database.close()
    with connected(empty_url) as connection:
        assert tables(connection) == set(load_models().tables)


def test_the_database_itself_refuses_to_change_the_log(empty_url: str) -> None:
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), "head")
        connection.execute(
            text(
                "INSERT INTO admin_action_log (id, number, at, actor_role, action, target_type,"
                " target_id, previous_hash, hash) VALUES (:id, 1, :at, 'system', 'test', 'test',"
                " '1', '0', '1')"
            ),
            {"id": "0" * 32, "at": "2026-11-23 06:00:00+00:00"},
        )
    for change in ("UPDATE admin_action_log SET action = 'other'", "DELETE FROM admin_action_log"):
        with pytest.raises(DBAPIError, match="append-only"), connected(empty_url) as connection:
            connection.execute(text(change))


def test_the_specifications_own_lines_create_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app import db

    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/spec.db")
    monkeypatch.delitem(vars(db), "engine", raising=False)
    db.Base.metadata.create_all(bind=db.engine)
    db.engine.dispose()
    with connected(f"sqlite:///{tmp_path}/spec.db") as connection:
        assert "users" in tables(connection)
    monkeypatch.delitem(vars(db), "engine")
