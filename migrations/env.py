"""How migrations run: on the connection the app gives, else on DATABASE_URL."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, Connection

from app.core.settings import load_settings
from app.database.engines import sync_engine_for
from app.database.schema import load_models
from app.database.sqlite_dialect import REBUILDS_TABLES, check_foreign_keys

target = load_models()


def _render_item(kind: str, item: Any, revision: Any) -> str | Literal[False]:
    """Write our own column types as plain ones, so that a revision never changes with the code."""
    if kind == "type" and type(item).__name__ == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        revision.imports.add("from sqlalchemy.dialects.postgresql import JSONB")
        return 'sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")'
    return False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=target,
        compare_type=True,
        render_item=_render_item,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            check_foreign_keys(connection)


def _main() -> None:
    given: Connection | None = context.config.attributes.get("connection")
    if given is not None:
        _run(given)
        return
    engine = sync_engine_for(load_settings().database_url.get_secret_value()).execution_options(
        **{REBUILDS_TABLES: True}
    )
    with engine.connect() as connection, connection.begin():
        _run(connection)
    engine.dispose()


_main()
