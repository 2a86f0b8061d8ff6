"""The database without an application: verbs in transactions of their own, one after another or racing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.errors import DomainError
from app.database.postgresql import REQUEST, Patience
from app.database.session import Database, keyring
from app.jobs.models import Job
from app.matching.index import reindex_workers
from app.messaging.models import OutboxMessage, OutboxState
from app.offers.models import JobMatch
from tests.support.assertions import check_invariants
from tests.support.factories import (
    HOME,
    NOW,
    NewWorker,
    add_employer,
    add_job,
    add_workers,
    create_offers,
)

SECRET = "a secret for tests only, long enough to pass"


def database_of(url: str, patience: Patience = REQUEST) -> Database:
    """The database as a running process opens it, with matching listening."""
    database = Database(url, Keyring(SECRET), patience=patience)
    database.on_change("worker", reindex_workers)
    return database


async def offered(session: AsyncSession, job_id: UUID) -> list[UUID]:
    """Who was offered the job, in the order in which they were chosen."""
    query = (
        select(JobMatch.worker_id)
        .where(JobMatch.job_id == job_id)
        .order_by(JobMatch.wave, JobMatch.score.desc(), JobMatch.distance_km, JobMatch.worker_id)
    )
    return list(await session.scalars(query))


type Verb = Callable[[AsyncSession], Awaitable[Any]]


_RACERS: Final = replace(
    REQUEST, pool_seconds=30.0, lock_seconds=20.0, statement_seconds=25.0, command_seconds=30.0
)
"""Up to sixty race for the sixteen connections of a process, most of them for one job's row: on a busy
machine the last has not begun after the 2.5 s that a request waits. It is refused nothing here, so that
every race is run to its end; who waits in a circle is found by PostgreSQL after a second all the same."""


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Database]:
    """The database as a running process opens it; what must always hold is checked at the end."""
    database = database_of(database_url, _RACERS)
    try:
        yield database
        await check_invariants(database)
    finally:
        await database.close()


async def run(database: Database, verb: Verb) -> Any:
    """Run `await verb(session)` in a transaction of its own."""
    async with database.begin() as session:
        return await verb(session)


async def outcome(database: Database, verb: Verb) -> str:
    """Run a verb; "ok", or the code of its refusal."""
    try:
        await run(database, verb)
    except DomainError as error:
        return error.reason
    return "ok"


async def race(database: Database, *verbs: Verb) -> list[str]:
    """Run verbs at the same time, each in a transaction of its own; return their outcomes."""
    return await asyncio.gather(*(outcome(database, verb) for verb in verbs))


async def market(
    database: Database, workers: int = 1, **job: Any
) -> tuple[UUID, list[tuple[UUID, UUID]]]:
    """A published job offered to so many workers: its id, and worker and offer of each."""

    async def make(session: AsyncSession) -> tuple[UUID, list[tuple[UUID, UUID]]]:
        people = await add_workers(session, [NewWorker(point=HOME) for _ in range(workers)])
        job_id = await add_job(session, await add_employer(session), **job)
        await create_offers(session, job_id, people)
        query = select(JobMatch.worker_id, JobMatch.id).where(JobMatch.job_id == job_id)
        ids = {row.worker_id: row.id for row in await session.execute(query)}
        return job_id, [(worker_id, ids[worker_id]) for worker_id in people if worker_id in ids]

    made: tuple[UUID, list[tuple[UUID, UUID]]] = await run(database, make)
    return made


async def mark_sent(database: Database) -> None:
    """As if every message had left."""
    statement = update(OutboxMessage).values(state=OutboxState.SENT, sent_at=NOW)
    await run(database, lambda session: session.execute(statement))


async def mark_delivered(database: Database) -> None:
    """As if every message had reached its phone."""
    statement = update(OutboxMessage).values(state=OutboxState.DELIVERED, sent_at=NOW)
    await run(database, lambda session: session.execute(statement))


async def job_of(database: Database, job_id: UUID) -> Job:
    async with database.read() as session:
        return await session.get_one(Job, job_id)


async def match_of(database: Database, match_id: UUID) -> JobMatch:
    async with database.read() as session:
        return await session.get_one(JobMatch, match_id)


async def messages_to(
    database: Database, user_id: UUID, *, suppressed: bool = False
) -> list[tuple[str, dict[str, Any]]]:
    """What a user is told, in the order in which it was written: kind and parameters."""
    async with database.read() as session:
        query = select(OutboxMessage).where(OutboxMessage.user_id == user_id)
        if not suppressed:
            query = query.where(OutboxMessage.state != OutboxState.SUPPRESSED)
        return [
            (message.kind, keyring(session).open_json(message.params_sealed, "outbox"))
            for message in await session.scalars(query.order_by(OutboxMessage.id))
        ]


async def message_kinds_to(database: Database, user_id: UUID) -> list[str]:
    return [kind for kind, _ in await messages_to(database, user_id)]


async def employer_of(database: Database, job_id: UUID) -> UUID:
    return (await job_of(database, job_id)).employer_id
