"""A large wave: finding 500 people, offering them a job and telling them, in one transaction.

Against COPY of the very rows that it writes, which is the quickest way there is to get them in, and
neither finds anybody nor words anything.
"""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import insert, select

from app.core import gc_tuning
from app.core.crypto import Keyring
from app.core.ids import new_id
from app.database.engines import sync_engine_for
from app.database.schema import load_models
from app.database.session import Database
from app.jobs.models import Job, JobSlot
from app.jobs.queries import get_job
from app.matching.candidates import find
from app.matching.index import rebuild
from app.matching.load import job_facts
from app.matching.refusals import Caps
from app.matching.rules import DEFAULT_WEIGHTS, MINIMUM_SHARE
from app.matching.waves import offer_of
from app.offers.create import create
from app.policy import policy
from benchmarks.measure import Times
from benchmarks.population import JOB_ID, NOW, populate
from tests.infra.postgres import postgres

OFFERS: Final = 500
WORKERS: Final = 30_000
_SECRET: Final = "benchmarks only, nothing real is sealed by it"


async def run(*, quick: bool) -> list[dict[str, Any]]:
    """Milliseconds of both, in turns; medians."""
    server = postgres()
    url = server.url(server.create())
    engine = sync_engine_for(url)
    load_models().create_all(engine)
    engine.dispose()
    populate(url, WORKERS)
    database = Database(url, Keyring(_SECRET))
    rival = await asyncpg.connect(url)
    try:
        await _prepare(database, rival)
        times = await _measure(database, rival, rounds=2 if quick else 10)
    finally:
        await rival.close()
        await database.close()
    record = {
        "what": f"a wave of {OFFERS} offers and {OFFERS} messages among {WORKERS} workers",
        "ours": times["ours"].summary(),
        "copy": times["copy"].summary(),
        "ours_over_copy": round(times["ours"].median / times["copy"].median, 2),
    }
    print(json.dumps(record))
    return [record]


async def _prepare(database: Database, rival: asyncpg.Connection) -> None:
    async for _ in rebuild(database):
        pass
    async with database.read() as session:
        keyring: Keyring = session.info["keyring"]
        # One phone for all: sealing them is not what is measured, and no two are compared.
        sealed = keyring.seal("+919812345678", "phone")
    # By the rival's connection, which gives up on nothing.
    await rival.execute("UPDATE users SET phone_sealed = $1", sealed)
    await rival.execute("VACUUM ANALYZE")  # as autovacuum would have by then
    for name in ("job_matches", "outbox"):
        await rival.execute(f"CREATE TABLE rival_{name} (LIKE {name} INCLUDING ALL)")


async def _measure(
    database: Database, rival: asyncpg.Connection, *, rounds: int
) -> dict[str, Times]:
    times = {"ours": Times(), "copy": Times()}
    gc_tuning.freeze()  # as a server does with what it has loaded
    for number in range(rounds + 1):
        job_id = await _new_job(database)
        ours = await _timed(_wave, database, job_id)
        matches = await rival.fetch("SELECT * FROM job_matches WHERE job_id = $1", job_id)
        ids = [row["id"] for row in matches]
        messages = await rival.fetch("SELECT * FROM outbox WHERE subject_id = ANY($1::uuid[])", ids)
        if len(matches) != OFFERS or len(messages) != OFFERS:
            raise AssertionError(f"{len(matches)} offers, {len(messages)} messages: not comparable")
        copy = await _timed(_copy, rival, matches, messages)
        if number:  # the first of each warms up
            times["ours"].samples.append(ours)
            times["copy"].samples.append(copy)
    return times


async def _timed[**P](
    work: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs
) -> float:
    started = time.perf_counter()
    await work(*args, **kwargs)
    return (time.perf_counter() - started) * 1_000


async def _wave(database: Database, job_id: UUID) -> None:
    """Find the best and offer them the job, in one transaction: the wave policy would not ask so many at once."""
    async with database.begin() as session:
        job = await get_job(session, job_id, lock=True)
        in_force = await policy.current(session)
        facts = await job_facts(session, job, NOW)
        found = await find(
            session,
            facts,
            OFFERS,
            NOW,
            weights=DEFAULT_WEIGHTS,
            minimum_share=MINIMUM_SHARE,
            caps=Caps(50, 50),
            closes_at=job.closes_at,
            counts=False,
        )
        offers = [
            offer_of(each, facts, in_force, answer_base=0.5, asked_before=0) for each in found.best
        ]
        await create(session, job, offers, 1, NOW, in_force)


async def _copy(
    rival: asyncpg.Connection, matches: list[asyncpg.Record], messages: list[asyncpg.Record]
) -> None:
    async with rival.transaction():
        for table, rows in (("rival_job_matches", matches), ("rival_outbox", messages)):
            await rival.copy_records_to_table(
                table, records=[tuple(row) for row in rows], columns=list(rows[0].keys())
            )


async def _new_job(database: Database) -> UUID:
    """Like the one there is, but for anybody, with room for half as many as are asked."""
    job_id = new_id()
    async with database.begin() as session:
        job = (await session.scalars(select(Job).where(Job.id == JOB_ID))).one()
        columns = {column.key: getattr(job, column.key) for column in Job.__table__.columns}
        places = {"positions": OFFERS // 2, "accept_limit": OFFERS}
        anybody = {"required_skills": [], "min_experience_years": 0, "radius_km": 25.0}
        await session.execute(insert(Job), columns | {"id": job_id} | places | anybody)
        shifts = [
            {"job_id": job_id, "weekday": shift.weekday, "starts": shift.starts, "ends": shift.ends}
            for shift in job.slots
        ]
        await session.execute(insert(JobSlot), shifts)
    return job_id
