"""The log of a team is paged out of the index of each one's rows, however much they did."""

import datetime as dt
from uuid import UUID

from sqlalchemy import insert, select, text

from app.audit.by_actors import list_by_actors, rows_by_actors
from app.audit.models import AdminActionLog
from app.core.ids import new_id
from app.core.paging import PageRequest
from app.database.session import Database, keyring

AT = dt.datetime(2026, 11, 30, 6, tzinfo=dt.UTC)


async def write(database: Database, actors: list[UUID], rows: int) -> None:
    """Write rows of the log by these people in turn, numbered from 1; the chain is not what is tested here."""
    async with database.begin() as session:
        await session.execute(
            insert(AdminActionLog),
            [
                {
                    "id": new_id(),
                    "number": number,
                    "at": AT,
                    "actor_id": actors[number % len(actors)],
                    "actor_role": "employer",
                    "action": "job.create",
                    "target_type": "job",
                    "target_id": str(number),
                    "previous_hash": "",
                    "hash": "",
                }
                for number in range(1, rows + 1)
            ],
        )


async def test_pages_follow_each_other_newest_first(database: Database) -> None:
    actors = [new_id() for _ in range(230)]
    await write(database, actors, 1_000)
    mine = set(actors[::2])
    async with database.read() as session:
        query = select(AdminActionLog.number).where(AdminActionLog.actor_id.in_(mine))
        expected = sorted(await session.scalars(query), reverse=True)
        seen: list[int] = []
        cursor = None
        for _ in range(20):
            page = PageRequest(60, cursor)
            rows, cursor = await list_by_actors(session, mine, page, keyring(session))
            seen += [row.number for row in rows]
            if cursor is None:
                break
        assert seen == expected
        assert await list_by_actors(session, [], PageRequest(), keyring(session)) == ([], None)


async def test_a_page_is_read_from_the_index(database: Database) -> None:
    actors = [new_id() for _ in range(100)]
    await write(database, actors, 3_000)
    async with database.begin() as session:
        if database.is_postgresql:
            await session.execute(text("ANALYZE admin_action_log"))
        query = rows_by_actors(actors[:3], PageRequest(20), keyring(session))
        connection = await session.connection()
        compiled = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        words = "EXPLAIN" if database.is_postgresql else "EXPLAIN QUERY PLAN"
        plan = (await session.execute(text(f"{words} {compiled}"))).all()
        assert str(plan).count("ix_admin_action_log_actor_number") == 3, plan
