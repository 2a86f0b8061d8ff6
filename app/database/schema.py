"""The schema: every table's metadata, its revision, and bringing a database to this version."""

import asyncio
import importlib
import pkgutil
import time
from pathlib import Path
from typing import Final

import asyncpg
from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

import app
from app.core.errors import Unavailable
from app.core.logging import logger
from app.database.engines import async_engine_for
from app.database.faults import is_away
from app.database.postgresql import COMMAND
from app.database.session import Database
from app.database.sqlite_dialect import REBUILDS_TABLES
from app.database.types import Base

MIGRATIONS: Final = Path(app.__file__).parent.parent / "migrations"

_RETRY_SECONDS: Final = 0.5
_LOCK_MIGRATIONS: Final = text("SELECT pg_advisory_xact_lock(716401732)")


def load_models() -> MetaData:
    """Import every domain's tables and return the metadata that holds them all.

    Finds them by name (`app.<domain>.models`), so that this module depends on no domain.
    """
    for package in pkgutil.iter_modules(app.__path__, "app."):
        if package.ispkg:
            for module in pkgutil.iter_modules(importlib.import_module(package.name).__path__):
                if module.name == "models":
                    importlib.import_module(f"{package.name}.models")
    return Base.metadata


async def prepare(database: Database, *, migrate: bool, wait_seconds: float = 0) -> None:
    """Bring the database's schema to this version.

    A server that does not answer, or is just starting, is tried again for `wait_seconds`. An empty SQLite
    file gets its tables at once. Missing migrations run if `migrate`; otherwise they are an error. Raises
    `Unavailable` with a sentence for a person.
    """
    shown = database.url.render_as_string(hide_password=True)
    until = time.monotonic() + wait_seconds
    waiting = False
    while True:
        try:
            return await _upgrade(database, migrate=migrate)
        except (SQLAlchemyError, OSError, asyncpg.PostgresError) as error:
            if is_away(error) and time.monotonic() < until:
                if not waiting:
                    waiting = True
                    logger().warning(
                        "waiting_for_database", database=shown, due_seconds=wait_seconds
                    )
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            waited = f" It was waited for {wait_seconds:.0f} seconds." if waiting else ""
            raise Unavailable(
                f"The database {shown} can't be used ({type(error).__name__}): check DATABASE_URL, "
                "that the server runs or the folder exists, and that the file really is a database."
                + waited,
                code="database_unavailable",
            ) from error


async def _upgrade(database: Database, *, migrate: bool) -> None:
    async with database.read() as session:
        if await (await session.connection()).run_sync(schema_revision) == newest_revision():
            return
    # A migration may take longer than a request may wait, so it gets a connection of its own.
    engine = async_engine_for(database.url, COMMAND, poolclass=NullPool)
    engine = engine.execution_options(**{REBUILDS_TABLES: True})
    try:
        async with engine.begin() as connection:
            if database.is_postgresql:
                # Several processes may start at once: one migrates, the others wait.
                await connection.execute(_LOCK_MIGRATIONS)
            await connection.run_sync(upgrade_schema, migrate=migrate)
    finally:
        await engine.dispose()


def newest_revision() -> str:
    """Return the schema's newest revision: its file is the last by name, and names it."""
    return max(file.name for file in (MIGRATIONS / "versions").glob("*_*.py")).split("_")[1]


def schema_revision(connection: Connection) -> str | None:
    """Return the revision of the schema behind `connection`, None where it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def upgrade_schema(connection: Connection, *, migrate: bool) -> None:
    """Bring the schema behind `connection` to this version, inside its transaction.

    Raises `Unavailable` when migrations are missing and `migrate` is false.
    """
    revision = schema_revision(connection)
    if revision == newest_revision():
        return
    tables = set(inspect(connection).get_table_names())
    # Imported here, because most starts need no migration.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    if revision is None and not tables and connection.dialect.name == "sqlite":
        load_models().create_all(connection)
        command.stamp(config, "head")
    elif revision is None and "users" in tables:
        # A script made the tables by `Base.metadata.create_all`.
        command.stamp(config, "head")
    elif migrate:
        command.upgrade(config, "head")
    else:
        raise Unavailable(
            "The database lacks migrations: run `alembic upgrade head`, then start again.",
            code="migrations_missing",
        )
