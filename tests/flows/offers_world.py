"""Offers without the edge: verbs on a real database, and what must hold whatever raced."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import DomainError
from app.core.geo import on_grid
from app.database.postgresql import REQUEST
from app.database.session import Database, keyring
from app.invariants import examine
from app.jobs.models import Job, JobStatus
from app.messaging.models import OutboxMessage, OutboxState
from app.offers.create import NewOffer, create
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.policy.policy import Policy
from tests.flows.matching_world import (
    BANDRA,
    NOW,
    NewWorker,
    add_employer,
    add_job,
    add_workers,
    database_of,
    km_north,
)

type Verb = Callable[[AsyncSession], Awaitable[Any]]

HOME = on_grid(km_north(BANDRA, 1))
HOUR = dt.timedelta(hours=1)
DEADLINE = NOW + 4 * HOUR
"""When offers made at NOW end: the default of the policy."""


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


async def offer_to(
    session: AsyncSession, job_id: UUID, workers: Sequence[UUID], now: dt.datetime = NOW
) -> None:
    """Offer a job to these workers, the first scoring best."""
    job = await session.get_one(Job, job_id)
    offers = [
        NewOffer(
            worker_id=worker_id,
            score=90 - place,
            distance=80,
            availability=100,
            skills=100,
            experience=70,
            reliability=75,
            distance_km=1.04 + place,
            why=[{"kind": "distance", "km": 1.0 + place}],
        )
        for place, worker_id in enumerate(workers)
    ]
    await create(session, job, offers, 1, now, Policy())


async def market(
    database: Database, workers: int = 1, **job: Any
) -> tuple[UUID, list[tuple[UUID, UUID]]]:
    """A published job offered to so many workers: its id, and worker and offer of each."""

    async def make(session: AsyncSession) -> tuple[UUID, list[tuple[UUID, UUID]]]:
        people = await add_workers(session, [NewWorker(point=HOME) for _ in range(workers)])
        job_id = await add_job(session, await add_employer(session), **job)
        await offer_to(session, job_id, people)
        query = select(JobMatch.worker_id, JobMatch.id).where(JobMatch.job_id == job_id)
        ids = {row.worker_id: row.id for row in await session.execute(query)}
        return job_id, [(worker_id, ids[worker_id]) for worker_id in people if worker_id in ids]

    made: tuple[UUID, list[tuple[UUID, UUID]]] = await run(database, make)
    return made


async def mark_sent(database: Database) -> None:
    """As if every message had left."""
    statement = update(OutboxMessage).values(state=OutboxState.SENT, sent_at=NOW)
    await run(database, lambda session: session.execute(statement))


async def job_of(database: Database, job_id: UUID) -> Job:
    async with database.read() as session:
        return await session.get_one(Job, job_id)


async def match_of(database: Database, match_id: UUID) -> JobMatch:
    async with database.read() as session:
        return await session.get_one(JobMatch, match_id)


async def told(
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


async def kinds_told(database: Database, user_id: UUID) -> list[str]:
    return [kind for kind, _ in await told(database, user_id)]


async def employer_of(database: Database, job_id: UUID) -> UUID:
    return (await job_of(database, job_id)).employer_id


async def check_invariants(database: Database) -> None:
    """What holds after every race: every invariant there is, and no open offer of a closed job."""
    assert [each for each in await examine(database, NOW) if each.broken] == []
    async with database.read() as session:
        for job in await session.scalars(select(Job)):
            mine = select(func.count()).select_from(JobMatch).where(JobMatch.job_id == job.id)
            if job.status != JobStatus.PUBLISHED:
                # Only what is past its deadline may still be marked open, until somebody notes it.
                still_open = mine.where(JobMatch.status == OfferStatus.OFFERED)
                assert (
                    await session.scalar(still_open.where(JobMatch.respond_by > job.closed_at)) == 0
                )
