"""Engines for SQLite and PostgreSQL, with time limits on every wait."""

from typing import Any, Final

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.core.errors import Unavailable
from app.database import postgresql, sqlite_dialect
from app.database.postgresql import COMMAND, Patience

HIDE_PARAMETERS: Final = True
"""Error messages are printed, so they must not hold the values of a statement."""


def parse_url(url: str) -> URL:
    """Return the parsed `url` without a driver. Raises `Unavailable` if it can't be read."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Unavailable(
            "DATABASE_URL can't be read: use sqlite:///file.db or postgresql://user@host/name.",
            code="database_unavailable",
        ) from None
    name = parsed.get_backend_name()
    return parsed.set(drivername="postgresql" if name == "postgres" else name)


def sync_engine_for(url: str) -> Engine:
    """Return a synchronous engine, for scripts and migrations."""
    parsed = parse_url(url)
    if parsed.drivername == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            hide_parameters=HIDE_PARAMETERS,
            connect_args=postgresql.libpq_arguments(COMMAND),
        )
    made = create_engine(parsed, hide_parameters=HIDE_PARAMETERS)
    sqlite_dialect.own_transactions(made, COMMAND.lock_seconds)
    return made


def async_engine_for(url: URL, patience: Patience, **options: Any) -> AsyncEngine:
    """Return an asynchronous engine on a parsed `url`."""
    on_postgresql = url.drivername == "postgresql"
    if on_postgresql:
        options["connect_args"] = postgresql.connect_arguments(patience)
        options.setdefault("pool_recycle", postgresql.RECYCLE_SECONDS)
    if "poolclass" not in options:
        options["pool_timeout"] = patience.pool_seconds
    made = create_async_engine(
        url.set(drivername="postgresql+asyncpg" if on_postgresql else sqlite_dialect.DRIVER),
        hide_parameters=HIDE_PARAMETERS,
        **options,
    )
    if on_postgresql:
        postgresql.give_up_lost_connections(made.sync_engine)
    else:
        sqlite_dialect.own_transactions(made.sync_engine, patience.lock_seconds)
    return made
