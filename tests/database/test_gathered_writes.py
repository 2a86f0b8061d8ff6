"""Rows that are gathered are written at the end of the block, together, and not at all after an error."""

import pytest
from sqlalchemy import event, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.database.statements import NewRows, gather_writes, table, write_together
from app.identity.models import SignInTries
from tests.support.database import database_of
from tests.support.factories import NOW

_TRIES = insert(table(SignInTries))


def tries(count: int) -> NewRows:
    """Rows of the simplest table."""
    row = {"failures": 0, "updated_at": NOW}
    return NewRows(_TRIES, [row | {"key": new_id().hex} for _ in range(count)])


async def counted(session: AsyncSession) -> int:
    """How many of them there are."""
    return int(await session.scalar(select(func.count()).select_from(SignInTries)) or 0)


async def gather_and_fail(session: AsyncSession) -> None:
    """Gather two rows, and fail before the block ends."""
    async with gather_writes(session):
        await write_together(session, tries(2))
        raise ZeroDivisionError


async def test_rows_come_at_the_end_of_the_block_by_one_statement_a_table(
    database_url: str,
) -> None:
    database = database_of(database_url)
    inserts: list[str] = []
    try:
        async with database.begin() as session:
            connection = await session.connection()

            @event.listens_for(connection.sync_connection, "before_cursor_execute")
            def _note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
                if "INSERT" in statement:
                    inserts.append(statement)

            async with gather_writes(session):
                await write_together(session, tries(2))
                await write_together(session, tries(3))
                assert await counted(session) == 0
            assert await counted(session) == 5
            assert len(inserts) == 1
    finally:
        await database.close()


async def test_after_an_error_nothing_of_them_is_written(database_url: str) -> None:
    database = database_of(database_url)
    try:
        async with database.begin() as session:
            with pytest.raises(ZeroDivisionError):
                await gather_and_fail(session)
            await write_together(session, tries(1))
            assert await counted(session) == 1
    finally:
        await database.close()


async def test_blocks_are_not_nested(sqlite_database_url: str) -> None:
    database = database_of(sqlite_database_url)
    try:
        async with database.begin() as session, gather_writes(session):
            with pytest.raises(RuntimeError):
                async with gather_writes(session):
                    pass
            await write_together(session, tries(1))
        async with database.read() as session:
            assert await counted(session) == 1
    finally:
        await database.close()
